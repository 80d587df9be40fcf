import { isAppError } from '../../base/errors.js';
import { followRun, runExitStatus } from '../runs/agentRun.js';
import { defineCommand, type CommandContext } from '../command.js';
import { sendTask } from '../runs/dispatching.js';
import { runInWorktree } from '../runs/sandboxCommand.js';
import { findSandbox, type SandboxSelector } from '../lookup/sandboxLookup.js';
import { unsupported } from '../options/unsupported.js';
import { usageError } from '../options/usageError.js';
import { finalRunJson } from './run.js';

/** The first word may be the beginning of an id or a command: commands of this shape are rare. */
const looksLikeId = /^(?=.*\d)[0-9a-z]{4,12}$/;

export const exec = defineCommand({
  name: 'exec',
  summary: 'run a command in the worktree of a thread',
  positionals: [
    { name: 'thread', required: false },
    { name: 'command…', required: false },
  ],
  options: {
    'agent': { type: 'string', value: 'NAME', text: 'the only thread of this agent' },
    'run-id': { type: 'string', value: 'ID', text: 'the thread of this run' },
    'run': { type: 'string', value: 'ID', text: 'the same' },
    'session-id': { type: 'string', value: 'ID', text: 'the thread' },
    'sandbox': { type: 'string', value: 'ID', text: 'the same' },
    'cwd': { type: 'string', value: 'DIR', text: 'folder inside the worktree' },
    'command': { type: 'string', value: 'TEXT', text: 'a command for the shell' },
    'prompt': { type: 'string', value: 'TEXT', text: 'a task for the thread’s agent instead of a command' },
    'interactive': { type: 'boolean', short: 'i', text: 'accepted: a terminal is always passed on' },
    'tty': { type: 'boolean', short: 't', text: 'accepted' },
  },
  details:
    'As in `muster exec 9n4t -- npm test`. The command runs on this machine with the environment of this terminal, or inside the container of an agent that has one (with the `docker` command); its exit status is passed on.',
  async run(context, args) {
    const end = args.terminator;
    const words = end === undefined ? args.positionals : args.positionals.slice(0, end);
    const verbatim = end === undefined ? [] : args.positionals.slice(end);
    const sandbox = args.text('sandbox') ?? args.text('session-id');
    const selector: SandboxSelector = {
      sandbox,
      runId: args.text('run-id') ?? args.text('run'),
      agent: args.text('agent'),
    };
    const selected = Object.values(selector).some(each => each !== undefined);
    const command = args.text('command');
    const prompt = args.text('prompt');
    const whole = command !== undefined || prompt !== undefined;
    if (command !== undefined && prompt !== undefined) throw usageError('--command and --prompt exclude each other.');
    if (whole && verbatim.length > 0) throw usageError('Give the command once: with --command, or after `--`.');
    if (!whole && words.length + verbatim.length === 0) throw usageError('There is no command: write it after `--`.');
    const { thread, argv } = await resolveTarget(context, { selector, selected, words, verbatim, whole });
    if (prompt !== undefined) return await ask(context, { threadId: thread.id, agent: thread.agent, prompt });
    const full = command === undefined ? argv : ['sh', '-c', command];
    if (full.length === 0) throw usageError('There is no command: write it after `--`.');
    return await runInWorktree(context, { thread, argv: full, cwd: args.text('cwd') });
  },
});

interface Words {
  readonly selector: SandboxSelector;
  readonly selected: boolean;
  readonly words: readonly string[];
  readonly verbatim: readonly string[];
  /** --command or --prompt says what to do. */
  readonly whole: boolean;
}

async function resolveTarget(context: CommandContext, { selector, selected, words, verbatim, whole }: Words) {
  const all = [...words, ...verbatim];
  const [first, ...rest] = all;
  if (selected || first === undefined) return { thread: await findSandbox(context, selector), argv: all };
  // Before a `--`, and before --command or --prompt, stands the thread.
  if (words.length === 1 && (whole || verbatim.length > 0))
    return { thread: await findSandbox(context, { sandbox: first }), argv: rest };
  const named = looksLikeId.test(first) ? await findNamed(context, first) : undefined;
  if (named) return { thread: named, argv: rest };
  return { thread: await findSandbox(context, {}), argv: all };
}

async function findNamed(context: CommandContext, sandbox: string) {
  try {
    return await findSandbox(context, { sandbox });
  } catch (error) {
    if (isAppError(error, 'thread.unknown')) return undefined;
    throw error;
  }
}

async function ask(
  context: CommandContext,
  { threadId, agent, prompt }: { readonly threadId: string; readonly agent: string; readonly prompt: string },
): Promise<number> {
  if (prompt.trim() === '') throw unsupported('An interactive prompt', 'Say the task with --prompt TEXT.');
  const { runId } = await sendTask(context, { agent, prompt, thread: threadId });
  const record = await followRun(context, { runId, threadId, quiet: context.json });
  if (context.json) context.out.json(finalRunJson(record, context.compat));
  return runExitStatus(record);
}
