import { AppError } from '../../base/errors.js';
import type { Sandbox } from '../../protocol/gen/muster/v1/sandboxes_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';

/** The sandboxes of a thread that are more than its worktree: containers. The latest used is first. */
export async function sandboxesOf(context: CommandContext, thread: Thread): Promise<readonly Sandbox[]> {
  const { repeatable, signal } = context;
  const { sandboxes } = await repeatable(client =>
    client.sandboxes.listSandboxes({ threadId: thread.id, usage: false }, { signal }),
  );
  return sandboxes.toSorted((a, b) => Number(b.usedAt - a.usedAt));
}

/** The command that runs `argv` in the thread's container; undefined when its agents run on this machine. */
export async function commandInside(
  context: CommandContext,
  request: {
    readonly thread: Thread;
    readonly argv: readonly string[];
    readonly terminal: boolean;
    /** Relative to the worktree. */
    readonly cwd?: string | undefined;
  },
): Promise<readonly string[] | undefined> {
  const [sandbox] = await sandboxesOf(context, request.thread);
  if (!sandbox) return undefined;
  const client = await context.connect();
  const entry = await client.sandboxes.enterSandbox({ id: sandbox.id }, { signal: context.signal });
  const command = request.terminal ? entry.terminal : entry.command;
  if (command.length === 0)
    throw new AppError('sandbox.unavailable', `Nobody can get into sandbox ${sandbox.id}.`, {
      driver: sandbox.driver,
      reason: 'no entry',
    });
  const { cwd, argv } = request;
  if (cwd === undefined) return [...command, ...argv];
  return [...command, 'sh', '-c', 'cd -- "$1" && shift && exec "$@"', 'sh', cwd, ...argv];
}
