import { isAppError } from '../../base/errors.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type Arguments, type CommandContext } from '../command.js';
import { findProject } from '../lookup/projectLookup.js';
import { sandboxesOf } from '../lookup/containers.js';
import { findSandbox, listThreads } from '../lookup/sandboxLookup.js';
import { readAge } from '../options/seconds.js';
import { unsupported } from '../options/unsupported.js';
import { usageError } from '../options/usageError.js';
import { listSandboxes, sandboxRows, type ThreadList } from '../output/compose/composeList.js';
import { actionShape, sandboxStatus, sandboxStatuses, type Era, type SandboxAction } from '../output/compose/shapes.js';
import { printRows, projectOf, sandboxOf } from '../output/projectReport.js';
import { isFolder } from '../runs/sandboxCommand.js';

const positionals = [{ name: 'thread…', required: true }] as const;

const listOptions = {
  all: { type: 'boolean', short: 'a', text: 'with --compat: also those that are not at work' },
  status: { type: 'string', value: 'STATUS', text: `only these: ${sandboxStatuses.join(', ')}` },
  verbose: { type: 'boolean', text: 'with --compat head: driver, image and folder too' },
} as const;

/** `sandbox ls`. */
export const sandboxList = defineCommand({
  name: 'sandbox ls',
  summary: 'list the worktrees that agents work in',
  options: listOptions,
  async run(context, args) {
    const { out, json, compat } = context;
    const list = await listedThreads(context, args);
    if (json) {
      const project = list.project ? projectOf(list.project, compat) : null;
      const ids = list.threads.map(({ id }) => ({ ...(compat === undefined && { thread_id: id }) }));
      out.json({ project, sandboxes: listSandboxes(list).map((sandbox, index) => ({ ...sandbox, ...ids[index] })) });
    } else if (compat === undefined) {
      const rows = list.threads.map(thread => [
        thread.id,
        thread.agent,
        sandboxStatus(thread),
        thread.latestRun?.id ?? '',
        thread.worktree,
      ]);
      printRows(out, [['SANDBOX', 'AGENT', 'STATUS', 'RUN', 'WORKSPACE'], ...rows]);
    } else printRows(out, sandboxRows(list, { verbose: args.flag('verbose') }));
    return 0;
  },
});

/** agent-compose lists what runs when nothing else is asked for; worktrees of processes are seldom at work. */
async function listedThreads(context: CommandContext, args: Arguments<typeof listOptions>): Promise<ThreadList> {
  const wanted = readSandboxStatuses(args.text('status'));
  const onlyRunning = context.compat !== undefined && !args.flag('all') && wanted.length === 0;
  const statuses = onlyRunning ? ['running'] : wanted;
  const threads = (await listThreads(context, ''))
    .filter(({ worktree }) => worktree !== '')
    .filter(thread => statuses.length === 0 || statuses.includes(sandboxStatus(thread)));
  return { project: await findProject(context), threads };
}

function readSandboxStatuses(text: string | undefined): readonly string[] {
  const words = (text ?? '').split(',').flatMap(word => word.trim().toLowerCase() || []);
  const unknown = words.find(word => !sandboxStatuses.some(status => status === word));
  if (unknown === undefined) return words;
  throw usageError(`${JSON.stringify(unknown)} is not a status; they are ${sandboxStatuses.join(', ')}.`);
}

export const sandboxPrune = defineCommand({
  name: 'sandbox prune',
  summary: 'tell which worktrees `rm` could remove; it removes none',
  options: {
    'status': { type: 'string', value: 'STATUS', text: 'only these (default: stopped)' },
    'agent': { type: 'string', value: 'NAME', text: 'only those of this agent' },
    'driver': { type: 'string', value: 'NAME', text: 'only those of this driver' },
    'older-than': { type: 'string', value: 'TIME', text: 'only those that nothing happened in for so long' },
    'include-orphans': { type: 'boolean', text: 'accepted: there are none' },
    'force': { type: 'boolean', text: 'not supported: remove them by name' },
  },
  async run(context, args) {
    const { out, json } = context;
    if (args.flag('force'))
      throw unsupported('`sandbox prune --force`', 'Remove worktrees by name: `muster rm <thread>…`.');
    const wanted = readSandboxStatuses(args.text('status'));
    const statuses = wanted.length === 0 ? ['stopped'] : wanted;
    const olderThan = readAge(args.text('older-than'), '--older-than') ?? 0;
    const driver = args.text('driver');
    const threads = (await listThreads(context, args.text('agent') ?? ''))
      .filter(thread => thread.worktree !== '' && statuses.includes(sandboxStatus(thread)))
      .filter(({ updatedAt }) => Number(updatedAt) <= Date.now() - olderThan);
    const list = { project: await findProject(context), threads };
    const matched = listSandboxes(list).filter(sandbox => driver === undefined || sandbox.driver === driver);
    if (json) out.json({ dry_run: true, matched, removed: [], skipped: [] });
    else {
      const rows = matched.map(({ sandbox_id: id, agent, status, updated_at: updated }) => [
        id,
        agent,
        status,
        updated,
      ]);
      printRows(out, [['SANDBOX', 'AGENT', 'STATUS', 'UPDATED'], ...rows]);
      out.note('Nothing was removed; `muster rm <thread>…` removes worktrees and keeps their work.');
    }
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
    each(context, 'stopped', args.positionals, async thread => {
      const client = await context.connect();
      const answer = await client.threads.cancelThread({ threadId: thread.id }, { signal: context.signal });
      for (const { id } of await sandboxesOf(context, thread))
        await client.sandboxes.stopSandbox({ id }, { signal: context.signal });
      return { thread: answer.thread ?? thread, note: `${thread.id} stopped` };
    }),
});

export const resume = defineCommand({
  name: 'resume',
  summary: 'accepted for scripts: worktrees are always ready',
  positionals,
  details:
    'Nothing stays running between two runs of a process of this machine: `exec` and `run --sandbox` work at any time. A worktree that was removed or deleted is made again.',
  run: (context, args) =>
    each(context, 'resumed', args.positionals, async thread => {
      if (thread.worktree === '' || !(await isFolder(thread.worktree))) {
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
    each(context, 'removed', args.positionals, async thread => {
      const { signal } = context;
      const threadId = thread.id;
      const client = await context.connect();
      if (thread.worktree === '') return { thread, note: `${threadId} is removed already` };
      if (args.flag('force')) await client.threads.cancelThread({ threadId }, { signal });
      const { rescue } = await client.worktrees.removeWorktree({ threadId }, { signal });
      // A removal that is refused leaves the agent its home and its conversation.
      for (const { id } of await sandboxesOf(context, thread)) await client.sandboxes.removeSandbox({ id }, { signal });
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
  action: SandboxAction,
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
      if (!json) out.line(compat === undefined ? `${note}.` : `${action} sandbox ${thread.id}`);
    } catch (error) {
      if (isAppError(error, 'cancelled')) throw error;
      failure ??= { error };
    }
  }
  if (failure) throw failure.error;
  if (json) out.json(actionJson(done, action, compat));
  return 0;
}

/** agent-compose's results; for us also the sandbox, or a list of them when there are several. */
function actionJson(threads: readonly Thread[], action: SandboxAction, era: Era): object {
  const theirs = { results: threads.map(thread => actionShape(thread, action)) };
  if (era !== undefined) return theirs;
  const [only] = threads;
  return threads.length === 1 && only
    ? { ...sandboxOf(only, era), ...theirs }
    : threads.map(thread => sandboxOf(thread, era));
}
