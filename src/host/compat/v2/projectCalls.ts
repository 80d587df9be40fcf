import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import {
  ProjectChangeAction,
  ProjectChangeSchema,
  ProjectValidationSeverity,
  type ProjectService,
  type ProjectChange,
  type ProjectSource,
} from '../../../protocol/gen/agentcompose/v2/projects_pb.js';
import type { ProjectSpec } from '../../../protocol/gen/agentcompose/v2/spec_pb.js';
import type { ApplyProjectResponse, Change, Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import { invalid, notYet, paged } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { findProject } from './findProject.js';
import { schedulerCalls } from './schedulerCalls.js';
import { projectOf, projectSummary, revisionOf } from './shapes.js';
import { watchProject } from './watchProject.js';

export interface ProjectCallsOptions {
  readonly ours: OurCalls;
  /** What `${NAME}` in a file stands for: clients send the values, not the names. */
  readonly environment: () => Promise<Readonly<Record<string, string>>>;
}

interface Submission {
  readonly source?: ProjectSource | undefined;
  readonly spec?: ProjectSpec | undefined;
}

/** `agentcompose.v2.ProjectService`. */
export function projectCalls({ ours, environment }: ProjectCallsOptions): ServiceImpl<typeof ProjectService> {
  const apply = async ({ source, spec }: Submission, dryRun: boolean): Promise<ApplyProjectResponse> =>
    await ours.projects.applyProject({
      file: composePath(source),
      projectName: spec?.name ?? '',
      dryRun,
      environment: { ...(await environment()) },
    });
  return {
    ...schedulerCalls(ours),

    async validateProject(request) {
      try {
        const { project } = await apply(request, true);
        return { valid: true, specHash: project?.specHash ?? '' };
      } catch (error) {
        const refused = ConnectError.from(error);
        if (refused.code !== Code.InvalidArgument) throw error;
        const severity = ProjectValidationSeverity.ERROR;
        return { valid: false, issues: refused.rawMessage.split('\n').map(message => ({ severity, message })) };
      }
    },

    async applyProject(request) {
      const answer = await apply(request, request.dryRun);
      const { project } = answer;
      if (!project) throw invalid('The host applied nothing.');
      requireSameAgents(request.spec, project);
      return appliedOf(answer, project);
    },

    async patchProject({ project: reference, expectedCurrentSpecHash, spec, dryRun }) {
      const { file, name } = await findProject(ours, reference);
      if (expectedCurrentSpecHash === '') throw invalid('Say which state is changed: expected_current_spec_hash.');
      const answer = await ours.projects.applyProject({
        file,
        projectName: name,
        dryRun,
        expectedSpecHash: expectedCurrentSpecHash,
        environment: { ...(await environment()) },
      });
      if (!answer.project) throw invalid('The host applied nothing.');
      requireSameAgents(spec, answer.project);
      return appliedOf(answer, answer.project);
    },

    async *watchProject({ project }, { signal }) {
      yield* watchProject(ours, await findProject(ours, project), signal);
    },

    async getProject({ project, includeSpec }) {
      return { project: projectOf(await findProject(ours, project), { withSpec: includeSpec }) };
    },

    async listProjects({ query, offset, limit }) {
      const { projects } = await ours.projects.listProjects({});
      const found = projects.filter(({ name }) => name.includes(query));
      const { page, total } = paged(found, { offset, limit });
      return { projects: page.map(projectSummary), total };
    },

    async removeProject({ project, removeHistory }) {
      if (removeHistory)
        throw notYet('Removing the history of a project', 'Threads are kept; `muster gc` lets old ones go.');
      const { id } = await findProject(ours, project);
      const answer = await ours.projects.removeProject({ project: id });
      return {
        ...(answer.project && { project: projectOf(answer.project) }),
        changes: answer.changes.map(changeOf),
      };
    },
  };
}

function appliedOf(answer: ApplyProjectResponse, project: Project) {
  return {
    project: projectOf(project, { withSpec: true }),
    revision: revisionOf(project),
    changes: answer.changes.map(changeOf),
    issues: answer.warnings.map(message => ({ severity: ProjectValidationSeverity.WARNING, message })),
    applied: answer.applied,
    unchanged: answer.unchanged,
  };
}

/** A project is its file, which the host reads itself: so what a person agrees to is what is there. */
function composePath(source: ProjectSource | undefined): string {
  const path = source?.composePath ?? '';
  if (path !== '') return path;
  throw invalid('Muster applies a file: name it in source.compose_path. It has to be on the machine of the host.');
}

function requireSameAgents(sent: ProjectSpec | undefined, { file, agents }: Project): void {
  if (!sent) return;
  const names = new Set(agents.map(({ name }) => name));
  const unknown = sent.agents.find(({ name, enabled }) => enabled !== false && !names.has(name));
  if (!unknown) return;
  const message = `${file} is not what was sent: it has no agent ${JSON.stringify(unknown.name)}. Read the file again and apply it.`;
  throw new ConnectError(message, Code.Aborted);
}

const actions = new Map([
  ['created', ProjectChangeAction.CREATED],
  ['updated', ProjectChangeAction.UPDATED],
  ['removed', ProjectChangeAction.REMOVED],
  ['unchanged', ProjectChangeAction.UNCHANGED],
]);

function changeOf({ action, resourceType, resourceId, name, message }: Change): ProjectChange {
  return create(ProjectChangeSchema, {
    action: actions.get(action) ?? ProjectChangeAction.UNSPECIFIED,
    resourceType: resourceType === 'thread' ? 'sandbox' : resourceType,
    resourceId,
    name,
    message,
  });
}
