import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { ProjectId } from '../../base/ids.js';
import { layeredEnv } from '../../compose/environment.js';
import { formatDuration } from '../../compose/duration.js';
import { referencedNames } from '../../compose/normalize/interpolate.js';
import { canonicalYaml } from '../../compose/output/canonicalText.js';
import { specHash } from '../../compose/output/specHash.js';
import { parseCompose } from '../../compose/parseCompose.js';
import type { ProjectSpec, TriggerSpec } from '../../compose/projectSpec.js';
import { consentReasons, isConsented, permissionsOf, type Project } from '../../core/projects/project.js';
import {
  findProject,
  projectOfFolder,
  type Applied,
  type ProjectChange,
  type ProjectService as CoreProjectService,
} from '../../core/projects/projectService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import type { ThreadService } from '../../core/threads/threadService.js';
import {
  ChangeSchema,
  ProjectSchema,
  type Change,
  type Project as WireProject,
  type ProjectService,
} from '../../protocol/gen/muster/v1/projects_pb.js';
import type { ComposeSecrets } from '../environment/composeSecrets.js';
import type { AgentProblems } from '../environment/agentProblems.js';
import { readEnvFiles } from '../environment/envFiles.js';
import type { LoginShell } from '../environment/loginShell.js';
import { absolutePath, given } from './requestFields.js';

/** A compose file is written by people: ten megabytes are a mistake. */
const maxComposeBytes = 10_000_000;

export interface ProjectsApiOptions {
  readonly store: Store<Stores>;
  readonly projects: CoreProjectService;
  readonly threads: ThreadService;
  readonly problems: AgentProblems;
  readonly shell: LoginShell;
  readonly secrets: ComposeSecrets;
  /** Digest with a key of this machine. */
  readonly secretDigest: (secret: string) => string;
}

export function projectsApi({
  store,
  projects,
  threads,
  problems,
  shell,
  secrets,
  secretDigest,
}: ProjectsApiOptions): ServiceImpl<typeof ProjectService> {
  return {
    async applyProject(request) {
      const file = await canonicalPath(absolutePath(request.file, 'file'));
      const text = await readComposeFile(file);
      const login = await shell.environment();
      const env = layeredEnv(await readEnvFiles(file, text), name => request.environment[name] ?? login[name]);
      const folder = dirname(file);
      const named = defined({ projectName: given(request.projectName) });
      const { spec, diagnostics } = parseCompose(text, { file, directoryName: basename(folder), env, ...named });
      if (!spec) {
        const errors = diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
        throw new AppError('compose.invalid', errors.join('\n'), { file, problems: errors });
      }
      const expectedHash = given(request.expectedSpecHash);
      const submittedHash = given(request.submittedSpecHash);
      const texts = request.dryRun ? comparedTexts(store, file, spec) : {};
      const applied = projects.apply({
        file,
        folder,
        spec: secrets.seal(spec),
        specHash: specHash(spec, { sha256, secretDigest }),
        consent: request.consent,
        dryRun: request.dryRun,
        ...defined({ expectedHash, submittedHash }),
      });
      return {
        ...wireApplied(store, problems, applied),
        ...texts,
        applied: applied.applied,
        unchanged: applied.unchanged,
        previousSpecHash: applied.previousHash,
        warnings: diagnostics.map(problem => problem.message),
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
      const removed = projects.remove(file === undefined ? request.project : await fileReference(file));
      const stops = await stopThreads(store, threads, removed.project.id);
      const { project, changes } = wireApplied(store, problems, removed);
      return {
        project,
        changes: [...changes, ...stops],
        unchanged: removed.unchanged && stops.length === 0,
        failedStops: stops.filter(({ action }) => action !== 'updated').length,
      };
    },
  };
}

/** A project with the load of its agents and what keeps them from working. */
export function wireProject(store: Store<Stores>, problems: AgentProblems, project: Project): WireProject {
  const { queued, active } = store.read(stores => ({ queued: stores.runs.queued(), active: stores.runs.active() }));
  const count = (runs: typeof queued, agent: string): number =>
    runs.filter(({ run, projectId }) => projectId === project.id && run.agent === agent).length;
  const { spec } = project;
  return create(ProjectSchema, {
    id: project.id,
    name: project.name,
    folder: project.folder,
    file: project.file,
    revision: project.revision,
    specHash: project.specHash,
    appliedAt: BigInt(project.appliedAt),
    consented: isConsented(spec, project.consent),
    consentReasons: [...consentReasons(spec)],
    concurrency: spec.limits.concurrency ?? 0,
    removed: project.removedAt !== undefined,
    mergeTarget: spec.merge.target ?? '',
    environmentNames: [...environmentNames(project)],
    agents: spec.agents
      .filter(agent => agent.enabled)
      .map(agent => ({
        name: agent.name,
        provider: agent.provider,
        model: agent.model ?? '',
        driver: agent.driver.name,
        permissions: permissionsOf(spec, agent.name),
        concurrency: agent.concurrency ?? 0,
        workspace: agent.workspace.provider,
        problem: problems.of(spec, agent),
        queued: count(queued, agent.name),
        active: count(active, agent.name),
        image: agent.image ?? '',
        hasScheduler: agent.scheduler !== undefined,
        schedulerEnabled: agent.scheduler?.enabled ?? false,
        triggerCount: agent.scheduler?.triggers.length ?? 0,
        stoppedRuntimePolicy: agent.sandbox.stoppedRuntimePolicy,
        triggers: (agent.scheduler?.triggers ?? []).map(wireTrigger),
      })),
  });
}

/** What a dry run compares, without secrets. */
function comparedTexts(
  store: Store<Stores>,
  file: string,
  spec: ProjectSpec,
): { appliedYaml: string; specYaml: string } {
  const before = store.read(stores => stores.projects.byFile(file));
  const present = before?.removedAt === undefined ? before?.spec : undefined;
  const print = (shown: ProjectSpec): string => canonicalYaml(shown, { redacted: true });
  return { appliedYaml: present ? print(present) : '', specYaml: print(spec) };
}

function wireTrigger(trigger: TriggerSpec) {
  const { name = '', kind, prompt = '' } = trigger;
  const timezone = (trigger.kind === 'cron' ? trigger.timezone : undefined) ?? '';
  // No scheduler runs in this version: a trigger fires when a person says so.
  return { name, kind, schedule: scheduleOf(trigger), timezone, prompt, automatic: false };
}

function scheduleOf(trigger: TriggerSpec): string {
  switch (trigger.kind) {
    case 'cron':
      return trigger.cron;
    case 'interval':
      return formatDuration(trigger.intervalMs);
    case 'timeout':
      return formatDuration(trigger.timeoutMs);
    case 'event':
      return trigger.topic;
  }
}

/** The variables that secrets of the file refer to: clients send those that they have. */
function environmentNames({ spec }: Project): readonly string[] {
  const entries = [
    ...spec.variables,
    ...spec.providers.flatMap(provider => provider.env),
    ...spec.agents.flatMap(agent => agent.env),
  ];
  return [...new Set(entries.flatMap(entry => (entry.secret ? referencedNames(entry.template) : [])))];
}

function wireApplied(
  store: Store<Stores>,
  problems: AgentProblems,
  applied: Applied,
): { readonly project: WireProject; readonly changes: Change[] } {
  const { project } = applied;
  const changes = applied.changes.map(({ action, resource, name, message }) =>
    create(ChangeSchema, {
      action,
      resourceType: resource,
      resourceId: resourceId(project, { resource, name }),
      name,
      message: message ?? '',
    }),
  );
  return { project: wireProject(store, problems, project), changes };
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

/** Ends what works for a project that was taken down; one change for each thread. */
async function stopThreads(
  store: Store<Stores>,
  threads: ThreadService,
  project: ProjectId,
): Promise<readonly Change[]> {
  const working = store.read(stores => [...stores.runs.active(), ...stores.runs.queued()]);
  const ids = [...new Set(working.filter(each => each.projectId === project).map(({ run }) => run.threadId))];
  return await Promise.all(
    ids.map(async id => {
      const of = { resourceType: 'thread', resourceId: id };
      try {
        const { thread } = await threads.cancel(id);
        return create(ChangeSchema, { ...of, action: 'updated', name: thread.summary, message: 'cancelled' });
      } catch (error) {
        return create(ChangeSchema, { ...of, action: 'unchanged', name: id, message: errorMessage(error) });
      }
    }),
  );
}

async function fileReference(file: string): Promise<{ readonly file: string }> {
  return { file: await canonicalPath(absolutePath(file, 'file')) };
}

async function readComposeFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > maxComposeBytes) throw new Error(`it has ${size} bytes; at most ${maxComposeBytes} are read`);
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = errorMessage(error);
    throw new AppError(
      'compose.unreadable',
      `Cannot read the compose file ${file}: ${reason}.`,
      { file, reason },
      { cause: error },
    );
  }
}

/** Two paths to one file are one project: links in the folder's path are resolved, the file's own name stays. */
async function canonicalPath(file: string): Promise<string> {
  const folder = await realpath(dirname(file)).catch(() => dirname(file));
  return join(folder, basename(file));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
