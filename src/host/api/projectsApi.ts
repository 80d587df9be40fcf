import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { formatCompose } from '../../compose/output/formatCompose.js';
import { redactSpec } from '../../compose/output/redactSpec.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import type { ApplyProject } from '../../core/projects/applyProject.js';
import type { Project } from '../../core/projects/project.js';
import { findProject, projectOfFolder, type ProjectChange } from '../../core/projects/projectService.js';
import type { StoppedThread, TakeDownProject } from '../../core/projects/takeDownProject.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { ChangeSchema, type Change, type ProjectService } from '../../protocol/gen/muster/v1/projects_pb.js';
import { canonicalPath } from '../compose/hostComposeReader.js';
import type { AgentProblems } from '../environment/agentProblems.js';
import { absolutePath, given } from './requestFields.js';
import { wireProject } from './wireProject.js';

export interface ProjectsApiOptions {
  readonly store: Store<Stores>;
  readonly applying: ApplyProject;
  readonly takingDown: TakeDownProject;
  readonly problems: AgentProblems;
}

export function projectsApi({
  store,
  applying,
  takingDown,
  problems,
}: ProjectsApiOptions): ServiceImpl<typeof ProjectService> {
  return {
    async applyProject(request) {
      const { environment, consent, dryRun } = request;
      const applied = await applying.applyFile(absolutePath(request.file, 'file'), {
        environment,
        consent,
        dryRun,
        ...defined({
          projectName: given(request.projectName),
          expectedHash: given(request.expectedSpecHash),
          submittedHash: given(request.submittedSpecHash),
        }),
      });
      const { project, previousSpec, changes, previousHash, unchanged, warnings, notes } = applied;
      const texts = dryRun ? { appliedYaml: shownYaml(previousSpec), specYaml: shownYaml(project.spec) } : {};
      return {
        ...texts,
        project: wireProject(store, problems, project),
        changes: changes.map(change => wireChange(project, change)),
        applied: applied.applied,
        unchanged,
        previousSpecHash: previousHash,
        warnings: [...warnings],
        notes: [...notes],
      };
    },

    async listProjects() {
      return {
        projects: store.read(stores => stores.projects.list()).map(project => wireProject(store, problems, project)),
      };
    },

    async getProject(request) {
      const file = given(request.file);
      const reference = file === undefined ? undefined : await fileReference(file);
      const project = store.read(stores => {
        if (reference) return findProject(stores, reference);
        const folder = given(request.folder);
        return folder === undefined
          ? findProject(stores, request.project)
          : projectOfFolder(stores, absolutePath(folder, 'folder'));
      });
      return { project: wireProject(store, problems, project) };
    },

    async removeProject(request) {
      const file = given(request.file);
      const reference = file === undefined ? request.project : await fileReference(file);
      const { project, changes, unchanged, stopped } = await takingDown.takeDown(reference);
      return {
        project: wireProject(store, problems, project),
        changes: [...changes.map(change => wireChange(project, change)), ...stopped.map(wireStop)],
        unchanged: unchanged && stopped.length === 0,
        failedStops: stopped.filter(({ failure }) => failure !== undefined).length,
      };
    },
  };
}

/** What a dry run compares, without secrets; empty for nothing. */
function shownYaml(spec: ProjectSpec | undefined): string {
  return spec ? formatCompose(redactSpec(spec)) : '';
}

function wireChange(project: Project, { action, resource, name, message = '' }: ProjectChange): Change {
  return create(ChangeSchema, {
    action,
    resourceType: resource,
    resourceId: resourceId(project, { resource, name }),
    name,
    message,
  });
}

function resourceId({ id }: Project, { resource, name }: Pick<ProjectChange, 'resource' | 'name'>): string {
  switch (resource) {
    case 'project':
      return id;
    case 'agent':
      return `${id}/${name}`;
    case 'scheduler':
      return `${id}/${name}/scheduler`;
  }
}

function wireStop({ thread, summary, failure }: StoppedThread): Change {
  const of = { resourceType: 'thread', resourceId: thread, name: summary };
  return failure === undefined
    ? create(ChangeSchema, { ...of, action: 'updated', message: 'cancelled' })
    : create(ChangeSchema, { ...of, action: 'unchanged', message: failure });
}

async function fileReference(file: string): Promise<{ readonly file: string }> {
  return { file: await canonicalPath(absolutePath(file, 'file')) };
}
