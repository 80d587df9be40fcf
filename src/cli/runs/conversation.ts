import { isThreadActive, parseThreadStatus } from '../../protocol/threadDisplay.js';
import type { Run } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { GetThreadResponse, Message } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';
import type { ConversationSink } from '../output/transcript.js';
import { readTranscript } from './runOutput.js';

export interface ConversationRequest {
  readonly threadId: string;
  /** Go on until nothing works on the thread any more. */
  readonly follow: boolean;
}

/** Sends the messages of a thread and what the runs they caused said and did, in order, each once. */
export async function readConversation(
  context: CommandContext,
  sink: ConversationSink,
  { threadId, follow }: ConversationRequest,
): Promise<void> {
  const seen = new Set<string>();
  for (;;) {
    const detail = await context.repeatable(({ threads }) =>
      threads.getThread({ threadId }, { signal: context.signal }),
    );
    await sendNew(context, sink, { detail, seen, follow });
    if (!follow || !(await waitForMore(context, { threadId, seen }))) return;
  }
}

interface Progress {
  readonly detail: GetThreadResponse;
  /** Ids of messages and runs that were sent. */
  readonly seen: Set<string>;
  readonly follow: boolean;
}

async function sendNew(
  context: CommandContext,
  sink: ConversationSink,
  { detail, seen, follow }: Progress,
): Promise<void> {
  for (const message of detail.messages.toSorted(byTime)) {
    if (seen.has(message.id)) continue;
    const caused = detail.runs.find(run => run.messageId === message.id);
    // What a run answered is the end of its transcript.
    const shown = message.intent !== 'dispatch' && seen.has(message.runId);
    if (!shown) sink.message(message);
    seen.add(message.id);
    if (caused) await sendRun(context, sink, { run: caused, follow });
    if (caused) seen.add(caused.id);
  }
}

/** Sends one run; with `follow` until it has ended. */
export async function sendRun(
  context: CommandContext,
  sink: ConversationSink,
  { run, follow }: { readonly run: Run; readonly follow: boolean },
): Promise<void> {
  sink.runStarted(run);
  for await (const items of readTranscript(context, { runId: run.id, follow })) {
    for (const item of items) sink.item(item, run);
  }
  const { run: last = run } = follow
    ? await context.repeatable(({ runs }) => runs.getRun({ runId: run.id }, { signal: context.signal }))
    : { run };
  if (last.endedAt > 0n) sink.runEnded(last);
}

/** True when there is a run that was not sent yet; false when nothing works on the thread any more. */
async function waitForMore(
  { watch, signal }: CommandContext,
  { threadId, seen }: { readonly threadId: string; readonly seen: ReadonlySet<string> },
): Promise<boolean> {
  const live = await watch();
  return live.waitFor(() => {
    const thread = live.threads.get(threadId);
    if (!thread) return false;
    const latest = thread.latestRun?.id;
    if (latest !== undefined && !seen.has(latest)) return true;
    return isThreadActive(parseThreadStatus(thread.status)) ? undefined : false;
  }, signal);
}

function byTime(a: Message, b: Message): number {
  return Number(a.createdAt - b.createdAt);
}
