import { isAppError } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import type { Run } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { GetThreadResponse } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { readConversation, sendRun } from '../conversation.js';
import { usageError } from '../globalOptions.js';
import { TranscriptPrinter } from '../output/transcript.js';
import { collectingSink, jsonLinesSink } from '../output/transcriptJson.js';
import { threadJson } from '../output/wireJson.js';
import { readLog } from '../runOutput.js';
import { present } from '../threadLookup.js';

export const logs = defineCommand({
  name: 'logs',
  summary: 'read the conversation of a thread or run',
  positionals: [{ name: 'thread|run', required: true }],
  options: {
    follow: { type: 'boolean', text: 'go on until nothing works on it any more' },
    raw: { type: 'boolean', text: 'what the agent’s CLI wrote, byte for byte' },
    stderr: { type: 'boolean', text: 'with --raw: its standard error' },
  },
  details: '`--json --follow` prints one line of JSON for each thing that happens.',
  async run(context, args) {
    const { out, json } = context;
    const follow = args.flag('follow');
    if (args.flag('stderr') && !args.flag('raw')) throw usageError('--stderr only goes with --raw.');
    if (args.flag('raw') && json) throw usageError('--raw and --json exclude each other.');
    const target = await context.repeatable(client => find(client, args.required(0), context.signal));
    if (args.flag('raw')) {
      const runs = target.run ? [target.run] : target.detail.runs;
      await printRaw(context, { runs, follow, stream: args.flag('stderr') ? 'stderr' : 'stdout' });
    } else if (json && !follow) {
      const { sink, ...collected } = collectingSink();
      await send(sink);
      const thread = present(target.detail.thread, args.required(0));
      out.json({ thread: threadJson(thread), messages: collected.messages, runs: collected.runs });
    } else {
      await send(json ? jsonLinesSink(out) : new TranscriptPrinter(out));
    }
    return 0;

    function send(sink: Parameters<typeof readConversation>[1]): Promise<void> {
      if (target.run) return sendRun(context, sink, { run: target.run, follow });
      return readConversation(context, sink, { threadId: target.detail.thread?.id ?? '', follow });
    }
  },
});

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
