import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { collectDispatchEnvironment } from '../../client/providerEnvironment.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { DispatchResponse } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';
import { findProject, getProject } from '../lookup/projectLookup.js';
import { getThread } from '../lookup/threadLookup.js';
import { workingFolderVariables } from './workingFolderVariables.js';

export interface Task {
  readonly agent: string;
  readonly prompt: string;
  /** Follow up on this thread: its id or a beginning of it. */
  readonly thread?: string | undefined;
  readonly summary?: string | undefined;
  readonly base?: string | undefined;
  /** A new thread begins with what is not committed. */
  readonly withChanges?: boolean;
  /** The prompt is a shell script that runs in the agent's place. */
  readonly command?: boolean;
  /** Nothing of what it leads to is handed on to another agent. */
  readonly skipHandoff?: boolean;
  readonly batch?: string | undefined;
  /** Not before these threads are completed. */
  readonly dependsOn?: readonly string[];
  /** Not before this time, ms since the epoch. */
  readonly scheduledFor?: number | undefined;
  /** Its run starts before those of lower priority. */
  readonly priority?: number | undefined;
  /** Its notebook server starts with the run. */
  readonly notebookServer?: boolean;
}

/** Gives an agent a task, with the variables of this process that it may need. */
export async function sendTask(context: CommandContext, task: Task): Promise<DispatchResponse> {
  const { repeatable, directory, signal } = context;
  const thread = task.thread ?? '';
  // That this folder is in no project is the dispatch's own error.
  const project = await findTarget(context, thread);
  if (project) await sayWhatIsNotApplied(context, project);
  const request = {
    agent: task.agent,
    prompt: task.prompt,
    project: thread === '' ? (project?.id ?? '') : '',
    folder: thread === '' && !project ? directory : '',
    threadId: thread,
    summary: task.summary ?? '',
    base: task.base ?? '',
    withChanges: task.withChanges ?? false,
    command: task.command ?? false,
    skipHandoff: task.skipHandoff ?? false,
    batch: task.batch ?? '',
    dependsOn: [...(task.dependsOn ?? [])],
    scheduledFor: BigInt(task.scheduledFor ?? 0),
    priority: task.priority ?? 0,
    notebookServer: task.notebookServer ?? false,
    environment: {
      ...(await workingFolderVariables(context, project)),
      ...collectDispatchEnvironment(context.env, project),
    },
    // The same answer comes again when the first one was lost on its way.
    idempotencyKey: randomUUID(),
  };
  return await repeatable(({ threads }) => threads.dispatch(request, { signal }));
}

/** A task goes by what was applied: what was written into the file since then is said to play no part. */
async function sayWhatIsNotApplied({ out }: CommandContext, project: Project): Promise<void> {
  const written = await stat(project.file).then(
    ({ mtimeMs }) => mtimeMs,
    // A file that is gone, or elsewhere, plays no part either.
    () => 0,
  );
  if (written <= Number(project.appliedAt)) return;
  const file = basename(project.file);
  out.note(
    `${file} was written since it was applied; this goes by revision ${project.revision}. \`muster up\` applies it.`,
  );
}

async function findTarget(context: CommandContext, thread: string): Promise<Project | undefined> {
  if (thread === '') return await findProject(context);
  return await getProject({ ...context, projectName: (await getThread(context, thread)).projectId });
}
