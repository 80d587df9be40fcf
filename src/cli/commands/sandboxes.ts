import { isAppError } from '../../base/errors.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { isResident, listedSandboxShape } from '../output/compose/shapes.js';
import { printRows, sandboxOf } from '../output/projectReport.js';
import { findSandbox, listThreads } from '../lookup/sandboxLookup.js';

const positionals = [{ name: 'thread…', required: true }] as const;

/** `sandbox ls`. */
export const sandboxList = defineCommand({
  name: 'sandbox ls',
  summary: 'list the worktrees that agents work in',
  async run(context) {
    const { out, json, compat } = context;
    const threads = (await listThreads(context, '')).filter(({ worktree }) => worktree !== '');
    if (json) {
      const sandboxes = threads.map(thread => ({
        ...listedSandboxShape(thread, undefined),
        ...(compat === undefined && { thread_id: thread.id }),
      }));
      out.json({ sandboxes });
      return 0;
    }
    const rows = threads.map(thread => [
      thread.id,
      thread.agent,
      isResident(thread) ? 'running' : 'stopped',
      thread.latestRun?.id ?? '',
      thread.worktree,
    ]);
    printRows(out, [['SANDBOX', 'AGENT', 'STATUS', 'RUN', 'WORKSPACE'], ...rows]);
    return 0;
  },
});

export const stop = defineCommand({
  name: 'stop',
  summary: 'stop the agent in a worktree',
  positionals,
  options: {
    'graceful': { type: 'boolean', text: 'accepted: an agent is always asked first' },
    'force': { type: 'boolean', text: 'accepted' },
    'grace-period': { type: 'string', value: 'S', text: 'accepted' },
  },
  details: 'The same as `muster cancel`; also of one that is stopped already.',
  run: (context, args) =>
    each(context, args.positionals, async thread => {
      const client = await context.connect();
      const answer = await client.threads.cancelThread({ threadId: thread.id }, { signal: context.signal });
      return { thread: answer.thread ?? thread, note: `${thread.id} stopped` };
    }),
});

export const resume = defineCommand({
  name: 'resume',
  summary: 'accepted for scripts: worktrees are always ready',
  positionals,
  details:
    'Nothing stays running between two runs of a process of this machine: `exec` and `run --sandbox` work at any time.',
  run: (context, args) =>
    each(context, args.positionals, async thread => {
      if (thread.worktree === '') {
        const client = await context.connect();
        const answer = await client.threads.restoreThread({ threadId: thread.id }, { signal: context.signal });
        return { thread: answer.thread ?? thread, note: `${thread.id} restored` };
      }
      const why = 'no process of it is kept between runs; `muster exec` and `muster run --sandbox` use it as it is';
      return { thread, note: `${thread.id} needs no resuming: ${why}` };
    }),
});

export const rm = defineCommand({
  name: 'rm',
  summary: 'remove a worktree, keeping its work under a rescue ref',
  positionals,
  options: { force: { type: 'boolean', text: 'stop the agent first when it is at work' } },
  details:
    'The same as `muster worktrees remove`; also of one that is removed already. `muster restore` brings it back.',
  run: (context, args) =>
    each(context, args.positionals, async thread => {
      const { signal } = context;
      const threadId = thread.id;
      const client = await context.connect();
      if (thread.worktree === '') return { thread, note: `${threadId} is removed already` };
      if (args.flag('force')) await client.threads.cancelThread({ threadId }, { signal });
      const { rescue } = await client.worktrees.removeWorktree({ threadId }, { signal });
      const removed = (await client.threads.getThread({ threadId }, { signal })).thread ?? thread;
      return {
        thread: removed,
        note: rescue === '' ? `${threadId} removed` : `${threadId} removed; kept as ${rescue}`,
      };
    }),
});

/** Does it to each, prints what became of them; one that fails does not keep the others from their turn. */
async function each(
  context: CommandContext,
  ids: readonly string[],
  act: (thread: Thread) => Promise<{ readonly thread: Thread; readonly note: string }>,
): Promise<number> {
  const { out, json, compat } = context;
  const done: Thread[] = [];
  let failure: { readonly error: unknown } | undefined;
  for (const sandbox of ids) {
    try {
      const { thread, note } = await act(await findSandbox(context, { sandbox }));
      done.push(thread);
      if (!json) out.line(`${note}.`);
    } catch (error) {
      if (isAppError(error, 'cancelled')) throw error;
      failure ??= { error };
    }
  }
  if (failure) throw failure.error;
  const [only] = done;
  if (json && only)
    out.json(done.length === 1 ? sandboxOf(only, compat) : done.map(thread => sandboxOf(thread, compat)));
  return 0;
}
