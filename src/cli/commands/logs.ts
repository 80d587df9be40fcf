import { AppError, isAppError } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Run } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { GetThreadResponse } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type Arguments, type CommandContext } from '../command.js';
import { readConversation, sendRun } from '../runs/conversation.js';
import { usageError } from '../options/usageError.js';
import { TranscriptPrinter, type ConversationSink } from '../output/transcript.js';
import { collectingSink, jsonLinesSink } from '../output/transcriptJson.js';
import { threadJson } from '../output/wireJson.js';
import { findProject, getProject } from '../lookup/projectLookup.js';
import { readCount } from '../options/readCount.js';
import { printRuns, runsJson, selectRuns, type RunSelector } from '../runs/runLogs.js';
import { readLog } from '../runs/runOutput.js';
import { present } from '../lookup/threadLookup.js';

const options = {
  'follow': { type: 'boolean', text: 'go on until nothing works on it any more' },
  'tail': { type: 'string', short: 'n', value: 'N', text: 'only the last lines of what each run printed' },
  'timestamp': { type: 'boolean', short: 't', text: 'the time of the run before each line' },
  'timestamps': { type: 'boolean', text: 'the same' },
  'agent': { type: 'string', value: 'NAME', text: 'what the runs of this agent printed' },
  'run-id': { type: 'string', value: 'ID', text: 'what this run printed' },
  'run': { type: 'string', value: 'ID', text: 'the same' },
  'sandbox': { type: 'string', value: 'ID', text: 'what the runs of this thread printed' },
  'session-id': { type: 'string', value: 'ID', text: 'the same' },
  'raw': { type: 'boolean', text: 'what the agent’s CLI wrote, byte for byte' },
  'stderr': { type: 'boolean', text: 'with --raw: its standard error' },
} as const;

export const logs = defineCommand({
  name: 'logs',
  summary: 'read the conversation of a thread or run, or what the runs of agents printed',
  positionals: [{ name: 'thread|run|agent', required: false }],
  options,
  details:
    'A thread or run is shown as a conversation; of an agent, and of the project when nothing is named, what its runs printed. `--json --follow` prints one line of JSON for each thing that happens in a thread or run.',
  async run(context, args) {
    const follow = args.flag('follow');
    const raw = args.flag('raw');
    if (args.flag('stderr') && !raw) throw usageError('--stderr only goes with --raw.');
    if (raw && context.json) throw usageError('--raw and --json exclude each other.');
    const printed = await findPrinted(context, args);
    if (printed) {
      if (raw) throw usageError('--raw needs a thread or a run.');
      if (follow && context.json) throw usageError('--json and --follow exclude each other for what runs printed.');
      const tail = readTail(args.text('tail'));
      const records = await selectRuns(context, printed);
      if (context.json) context.out.json(await runsJson(context, records, { tail }));
      else await printRuns(context, records, { follow, tail, timestamps: wantsTimes(args) });
      return 0;
    }
    const id = args.required(0);
    const target = await context.repeatable(client => find(client, id, context.signal));
    if (raw) {
      const runs = target.run ? [target.run] : target.detail.runs;
      await printRaw(context, { runs, follow, stream: args.flag('stderr') ? 'stderr' : 'stdout' });
    } else await printConversation(context, target, { id, follow });
    return 0;
  },
});

/** All lines when it is not given or -1. Throws `usage`. */
function readTail(text: string | undefined): number | undefined {
  return text === '-1' ? undefined : readCount(text, '--tail');
}

function wantsTimes(args: Arguments<typeof options>): boolean {
  return args.flag('timestamps') || args.flag('timestamp');
}

/** Which runs' plain output is asked for; undefined when it is the conversation of a thread or run. */
async function findPrinted(context: CommandContext, args: Arguments<typeof options>): Promise<RunSelector | undefined> {
  const [word] = args.positionals;
  const named = selectorOf(args);
  if (word === undefined) return named ?? (await ofProject(context, args.text('agent')));
  if (named || args.text('agent') !== undefined)
    throw usageError('Name what to read once: as a word, or with an option.');
  return (await ofWord(context, word)) ?? (await plainOf(context, args, word));
}

/** The run or thread that an option names. */
function selectorOf(args: Arguments<typeof options>): RunSelector | undefined {
  const agent = args.text('agent');
  const runId = args.text('run-id') ?? args.text('run');
  const sandbox = args.text('sandbox') ?? args.text('session-id');
  if (runId !== undefined && sandbox !== undefined) throw usageError('--run-id and --sandbox exclude each other.');
  if (runId !== undefined) return { project: undefined, agent, runId };
  return sandbox === undefined ? undefined : { project: undefined, agent, sandbox };
}

async function ofProject(context: CommandContext, agent: string | undefined): Promise<RunSelector> {
  const project = await getProject(context);
  return { project, agent: requireAgent(project, agent) };
}

/** The agent or project of this name. */
async function ofWord(context: CommandContext, word: string): Promise<RunSelector | undefined> {
  const project = await findProject(context);
  if (project?.agents.some(({ name }) => name === word)) return { project, agent: word };
  return project && (word === project.name || word === project.id) ? { project } : undefined;
}

/** A thread or run of which not the conversation is wanted. */
async function plainOf(
  context: CommandContext,
  args: Arguments<typeof options>,
  word: string,
): Promise<RunSelector | undefined> {
  const plain = context.compat !== undefined || args.text('tail') !== undefined || wantsTimes(args);
  if (!plain || args.flag('raw')) return undefined;
  const { run, detail } = await context.repeatable(client => find(client, word, context.signal));
  return run ? { project: undefined, runId: run.id } : { project: undefined, sandbox: detail.thread?.id };
}

function requireAgent({ name, agents }: Project, agent: string | undefined): string | undefined {
  if (agent === undefined || agents.some(candidate => candidate.name === agent)) return agent;
  const known = agents.map(candidate => candidate.name);
  const message = `There is no agent ${JSON.stringify(agent)} in ${name}. Known agents: ${known.join(', ') || 'none'}.`;
  throw new AppError('agent.unknown', message, { agent, known });
}

async function printConversation(
  context: CommandContext,
  { detail, run }: Target,
  { id, follow }: { readonly id: string; readonly follow: boolean },
): Promise<void> {
  const { out, json } = context;
  const send = (sink: ConversationSink): Promise<void> =>
    run
      ? sendRun(context, sink, { run, follow })
      : readConversation(context, sink, { threadId: detail.thread?.id ?? '', follow });
  if (json && !follow) {
    const { sink, ...collected } = collectingSink();
    await send(sink);
    out.json({ thread: threadJson(present(detail.thread, id)), messages: collected.messages, runs: collected.runs });
  } else await send(json ? jsonLinesSink(out) : new TranscriptPrinter(out));
}

interface Target {
  readonly detail: GetThreadResponse;
  /** Set when one run was named. */
  readonly run?: Run | undefined;
}

/** What an id names: a thread, else a run. */
async function find(client: HostClient, id: string, signal: AbortSignal): Promise<Target> {
  try {
    return { detail: await client.threads.getThread({ threadId: id }, { signal }) };
  } catch (error) {
    if (!isAppError(error, 'thread.unknown')) throw error;
    const run = await findRun(client, id, signal);
    if (!run) throw error;
    return { detail: await client.threads.getThread({ threadId: run.threadId }, { signal }), run };
  }
}

async function findRun(client: HostClient, id: string, signal: AbortSignal): Promise<Run | undefined> {
  try {
    return (await client.runs.getRun({ runId: id }, { signal })).run;
  } catch (error) {
    if (isAppError(error, 'run.unknown')) return undefined;
    throw error;
  }
}

async function printRaw(
  context: CommandContext,
  {
    runs,
    follow,
    stream,
  }: { readonly runs: readonly Run[]; readonly follow: boolean; readonly stream: 'stdout' | 'stderr' },
): Promise<void> {
  for (const run of runs) {
    for await (const chunk of readLog(context, { runId: run.id, follow, stream })) context.out.raw(chunk);
  }
}
