import { theirRunStatus } from '../../protocol/theirRunStatus.js';
import { followRun, getRunRecord, runExitStatus } from '../runs/agentRun.js';
import { defineCommand, type Arguments, type CommandContext } from '../command.js';
import { sendTask } from '../runs/dispatching.js';
import { logsCommand, runShape, type RunRecord } from '../output/compose/shapes.js';
import type { Run } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { Compat } from '../options/globalOptions.js';
import { oneLine } from '../output/terminalText.js';
import { runJson } from '../output/wireJson.js';
import { readPrompt } from '../options/prompt.js';
import { unsupported } from '../options/unsupported.js';
import { usageError } from '../options/usageError.js';

const options = {
  'prompt': { type: 'string', value: 'TEXT', text: 'the task, instead of words' },
  'prompt-file': { type: 'string', value: 'FILE', text: 'read the task from a file; - is standard input' },
  'sandbox': { type: 'string', value: 'ID', text: 'go on in the worktree of this thread' },
  'session-id': { type: 'string', value: 'ID', text: 'the same' },
  'command': { type: 'string', value: 'TEXT', text: 'run this shell command in the agent’s place' },
  'keep-running': { type: 'boolean', text: 'accepted: a worktree stays until it is removed' },
  'rm': {
    type: 'boolean',
    text: 'remove the worktree (and container) afterwards, keeping its work under a rescue ref',
  },
  'detach': { type: 'boolean', short: 'd', text: 'do not wait; print the id of the run' },
  'driver': { type: 'string', value: 'NAME', text: 'only process' },
  'interactive': { type: 'boolean', short: 'i', text: 'not supported yet' },
  'tty': { type: 'boolean', short: 't', text: 'not supported yet' },
  'jupyter': { type: 'boolean', text: 'start the notebook server of its thread with it' },
  'jupyter-expose': { type: 'boolean', text: 'not supported yet' },
} as const;

export const run = defineCommand({
  name: 'run',
  summary: 'give an agent a task and read along until it has ended',
  positionals: [
    { name: 'agent', required: true },
    { name: 'prompt…', required: false },
  ],
  options,
  details:
    'It makes a thread as `muster dispatch` does, prints what the agent says and ends with the agent’s exit status. Ctrl+C stops the agent.',
  async run(context, args) {
    refuseUnsupported(args);
    refuseContradictions(args, context.compat);
    const [agent = '', ...words] = args.positionals;
    const sandbox = args.text('sandbox') ?? args.text('session-id');
    const command = args.text('command');
    const prompt =
      command ?? args.text('prompt') ?? (await readPrompt({ words, file: args.text('prompt-file') }, context));
    const notebookServer = args.flag('jupyter');
    const task = { agent, prompt, thread: sandbox, command: command !== undefined, notebookServer };
    const { runId, threadId } = await sendTask(context, task);
    if (args.flag('detach')) return report(context, { ...(await getRunRecord(context, runId)), detached: true });
    const record = await followRun(context, { runId, threadId, quiet: context.json });
    if (args.flag('rm')) await removeWorktree(context, threadId);
    report(context, record);
    return runExitStatus(record);
  },
});

function refuseContradictions(args: Arguments<typeof options>, era: Compat | undefined): void {
  const hasWords = args.positionals.length > 1;
  if (args.text('command') !== undefined && hasWords) throw usageError('Give a task or --command, not both.');
  // The older agent-compose lets the option win.
  if (args.text('prompt') !== undefined && hasWords && era !== 'seed')
    throw usageError('Give the task as words or with --prompt, not both.');
  if (args.flag('rm') && args.flag('keep-running'))
    throw usageError('--rm and --keep-running say the opposite of each other.');
  if (args.text('sandbox') !== undefined && args.text('session-id') !== undefined)
    throw usageError('--sandbox and --session-id name the same thing; give one.');
}

function refuseUnsupported(args: Arguments<typeof options>): void {
  if (args.flag('interactive') || args.flag('tty'))
    throw unsupported('An interactive run', 'Follow up with `muster dispatch --thread ID`.');
  if (args.flag('jupyter-expose'))
    throw unsupported('A port of a notebook server', 'Use --jupyter; `muster jupyter url` opens it in a browser.');
  const driver = args.text('driver');
  if (driver !== undefined && driver !== 'process')
    throw unsupported(`--driver ${driver}`, 'Agents run as processes of this machine.');
}

async function removeWorktree(context: CommandContext, threadId: string): Promise<void> {
  const { repeatable, out, signal } = context;
  const { rescue } = await repeatable(({ worktrees }) => worktrees.removeWorktree({ threadId }, { signal }));
  const { sandboxes } = await repeatable(client => client.sandboxes.listSandboxes({ threadId }, { signal }));
  const client = await context.connect();
  for (const { id } of sandboxes) await client.sandboxes.removeSandbox({ id }, { signal });
  if (rescue !== '') out.note(`The worktree is removed; its work is kept as ${rescue}.`);
}

function report({ out, json, compat }: CommandContext, record: RunRecord): number {
  if (json) out.json(finalRunJson(record, compat));
  else if (record.detached && compat === 'head') for (const line of detachedLines(record.run)) out.line(line);
  else if (record.detached) out.line(record.run.id);
  else if (record.run.error) out.note(`muster: ${oneLine(record.run.error.message)}`);
  return 0;
}

function detachedLines(started: Run): readonly string[] {
  const { id, threadId } = started;
  return [`Run: ${id}`, `Sandbox: ${threadId}`, `Status: ${theirRunStatus(started)}`, `Logs: ${logsCommand(started)}`];
}

/** The shape that `run --json` and `inspect run` print: agent-compose's, and what only we know. */
export function finalRunJson(record: RunRecord, era: CommandContext['compat']) {
  const theirs = runShape(record, era);
  if (era !== undefined) return theirs;
  const { error, ...ours } = runJson(record.run);
  return { ...ours, ...theirs, state: record.run.status, ...(error && { error_code: error.code }) };
}
