import type { IdSource, ProjectId } from '../../src/base/ids.js';
import type { ProjectSpec } from '../../src/compose/projectSpec.js';
import type { Project } from '../../src/core/projects/project.js';
import type { Run, RunStatus } from '../../src/core/runs/run.js';
import type { Store } from '../../src/core/store.js';
import type { Stores } from '../../src/core/stores.js';
import type { Thread } from '../../src/core/threads/thread.js';

/** Writes a project with this spec. */
export function seedProject(
  store: Store<Stores>,
  ids: IdSource,
  spec: ProjectSpec,
  file = '/shop/agent-compose.yml',
): Project {
  const project: Project = {
    id: ids.next(),
    name: spec.name,
    folder: file.slice(0, file.lastIndexOf('/')),
    file,
    revision: 1,
    specHash: 'sha256:1',
    spec,
    appliedAt: 1,
  };
  store.transact(stores => stores.projects.save(project));
  return project;
}

export interface SeedThread {
  readonly agent?: string;
  readonly status?: RunStatus;
  readonly createdAt?: number;
  readonly summary?: string;
}

/** Writes a thread with its dispatch message and one run. */
export function seedThread(
  store: Store<Stores>,
  ids: IdSource,
  projectId: ProjectId,
  options: SeedThread = {},
): { readonly thread: Thread; readonly run: Run } {
  const { agent = 'dev', status = 'queued', createdAt = 1, summary = 'Fix it' } = options;
  const thread: Thread = {
    id: ids.next(),
    projectId,
    agent,
    outcome: 'open',
    summary,
    createdAt,
    updatedAt: createdAt,
  };
  const messageId = ids.next<'message'>();
  const run: Run = {
    id: ids.next(),
    threadId: thread.id,
    messageId,
    agent,
    provider: 'claude',
    status,
    generation: status === 'queued' ? 0 : 1,
    queuedAt: createdAt,
    settled: false,
  };
  store.transact(stores => {
    stores.threads.insert(thread);
    stores.messages.insert({
      id: messageId,
      threadId: thread.id,
      from: 'you',
      to: agent,
      intent: 'dispatch',
      body: summary,
      createdAt,
      runId: run.id,
    });
    stores.runs.insert(run);
  });
  return { thread, run };
}
