import { AppError, isAppError } from '../../base/errors.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';
import { getRunRecord } from '../runs/agentRun.js';
import { isResident } from '../output/compose/shapes.js';
import { findProject } from './projectLookup.js';
import { getThread } from './threadLookup.js';
import { usageError } from '../options/usageError.js';

/** What names a sandbox, which is a thread's worktree. */
export interface SandboxSelector {
  /** Id of the thread, or of one of its runs, or a beginning of it. */
  readonly sandbox?: string | undefined;
  readonly runId?: string | undefined;
  readonly agent?: string | undefined;
}

/** As many as the host lists at once. */
const pageSize = 500;

/**
 * The thread that is meant. Without an id it must be the only one of the agent or the project: the only one where an agent is at
 * work, else the only one with a worktree. Throws `usage` when several are, `thread.unknown` when none is.
 */
export async function findSandbox(context: CommandContext, selector: SandboxSelector): Promise<Thread> {
  const given = [selector.sandbox, selector.runId, selector.agent].filter(each => each !== undefined);
  if (given.length > 1) throw usageError('Name the sandbox once: by its id, by --run-id or by --agent.');
  if (selector.sandbox !== undefined) return await findById(context, selector.sandbox);
  if (selector.runId !== undefined)
    return await getThread(context, (await getRunRecord(context, selector.runId)).run.threadId);
  return await findOnly(context, selector.agent ?? '');
}

async function findById(context: CommandContext, id: string): Promise<Thread> {
  try {
    return await getThread(context, id);
  } catch (error) {
    if (!isAppError(error, 'thread.unknown')) throw error;
    // Neither a thread nor a run: what is said is that there is no such thread, which is what people type.
    const record = await getRunRecord(context, id).catch(() => undefined);
    if (!record) throw error;
    return await getThread(context, record.run.threadId);
  }
}

async function findOnly(context: CommandContext, agent: string): Promise<Thread> {
  const threads = (await listThreads(context, agent)).filter(({ worktree }) => worktree !== '');
  const resident = threads.filter(isResident);
  const candidates = resident.length > 0 ? resident : threads;
  const [only, ...others] = candidates;
  const of = agent === '' ? 'this project' : `agent ${agent}`;
  if (!only)
    throw new AppError('thread.unknown', `No thread of ${of} has a worktree. \`muster run\` makes one.`, {
      thread: agent,
    });
  if (others.length === 0) return only;
  throw new AppError(
    'thread.ambiguous',
    `${candidates.length} threads of ${of} have a worktree: ${candidates.map(({ id }) => id).join(', ')}. Name one.`,
    { prefix: agent, matches: candidates.map(({ id }) => id) },
  );
}

/** The threads of the project that the command is about, newest first; of every project outside of all. */
export async function listThreads(context: CommandContext, agent: string): Promise<readonly Thread[]> {
  const { repeatable, signal } = context;
  const project = (await findProject(context))?.id ?? '';
  const { threads } = await repeatable(client =>
    client.threads.listThreads({ project, agent, limit: pageSize }, { signal }),
  );
  return threads;
}
