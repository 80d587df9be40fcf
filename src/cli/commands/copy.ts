import { basename, posix, resolve } from 'node:path';
import { AppError } from '../../base/errors.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { commandInside } from '../lookup/containers.js';
import { findSandbox } from '../lookup/sandboxLookup.js';
import { unsupported } from '../options/unsupported.js';
import { usageError } from '../options/usageError.js';
import { copyIn, copyOut, type WaysInside } from '../runs/sandboxFiles.js';

/** Where containers have the worktree. */
const workspace = '/workspace';

export const copy = defineCommand({
  name: 'cp',
  summary: 'copy files into or out of the sandbox of a thread',
  positionals: [
    { name: 'from', required: true },
    { name: 'to', required: true },
  ],
  details:
    'One of them is `<thread>:path`, as in `muster cp 9n4t:report.pdf .`. A path that is not absolute is in the worktree; an absolute one is in the container of an agent that has one (its home folder is /muster/home). Links are copied as links.',
  async run(context, args) {
    const [from, to] = [placeOf(args.required(0)), placeOf(args.required(1))];
    if ((from.thread === undefined) === (to.thread === undefined))
      throw usageError('One of the two is in a sandbox: write it as <thread>:path.');
    const client = await context.connect();
    if (/^https?:/.test(client.endpoint.socket))
      throw unsupported('`cp` on a host elsewhere', `The worktree is on the disk of ${client.endpoint.socket}.`);
    const inside = from.thread === undefined ? to : from;
    const thread = await findSandbox(context, { sandbox: inside.thread });
    const ways = await waysInto(context, thread, inside.path);
    const local = resolve(context.directory, from.thread === undefined ? from.path : to.path);
    const done =
      from.thread === undefined
        ? await copyIn({ from: local, ...ways }, context.signal)
        : await copyOut({ to: local, ...ways }, context.signal);
    if (context.json)
      context.out.json({ thread_id: thread.id, from: args.required(0), to: args.required(1), path: done });
    return 0;
  },
});

/** A thread's id stands before the colon; `C:\…` and `./a:b` are paths. */
function placeOf(text: string): { readonly thread?: string; readonly path: string } {
  const [, thread, path] = /^([0-9a-z]{4,12}):(.*)$/s.exec(text) ?? [];
  return thread === undefined || path === undefined ? { path: text } : { thread, path };
}

async function waysInto(context: CommandContext, thread: Thread, path: string): Promise<WaysInside> {
  const absolute = path.startsWith('/');
  const within = path === workspace || path.startsWith(`${workspace}/`);
  if (!absolute || within) {
    const relative = absolute ? posix.relative(workspace, path) : path;
    return { worktree: requireWorktree(thread), path: relative === '' ? '.' : relative };
  }
  const command = await commandInside(context, { thread, argv: [], terminal: false });
  if (command) return { command, path };
  throw usageError(
    `The agents of ${thread.id} work on this machine itself: ${basename(path)} is where you say, copy it with \`cp\`.`,
  );
}

function requireWorktree({ id, worktree }: Thread): string {
  if (worktree !== '') return worktree;
  throw new AppError('worktree.missing', `Thread ${id} has no worktree.`, { path: '' });
}
