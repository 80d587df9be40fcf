import { z } from 'zod';
import { AppError, isAppError } from '../base/errors.js';
import { isSettled } from '../client/settling.js';
import { waitLimit } from '../client/waitLimit.js';
import type { Message, Thread } from '../protocol/gen/muster/v1/threads_pb.js';
import { messageFields, messageShape, time } from './fields.js';
import { readThread } from './threads.js';
import type { ToolContext } from './tool.js';
import { idOfReference, partyWord, referenceTo, runWord, threadWord } from './words.js';

/** A client that waits hears this often that it still does. */
const progressEveryMs = 10_000;

export interface MessageFilter {
  readonly thread: string;
  /** Only messages with this intent. */
  readonly intent?: string | undefined;
  /** Only messages after this one: an id or reference. */
  readonly since?: string | undefined;
  /** Only messages that are not there yet. */
  readonly strictNew?: boolean | undefined;
  readonly timeoutS?: number | undefined;
  /** Not before everything that follows from the task has ended. */
  readonly awaitChain?: boolean | undefined;
}

export const waited = z.object({
  found: z.boolean(),
  ...messageShape.partial().shape,
  thread_id: z.string(),
  timeout_secs: z.number().optional(),
  intent_filter: z.string().optional(),
  thread_status: z.string().optional(),
  execution_status: z.string().optional(),
  chain_pending: z.boolean().optional(),
  fanout_children_awaited: z
    .number()
    .optional()
    .describe('Agents that were asked about the same work, and were heard.'),
  settled_at: z.string().nullable().optional().describe('When the chain had ended, if it had to be waited for.'),
  seen: z
    .array(z.object({ reference: z.string(), from: z.string(), to: z.string(), intent: z.string() }))
    .optional()
    .describe('What was said meanwhile and does not pass the filter.'),
  hint: z.string().optional(),
});

export type Waited = z.infer<typeof waited>;

/**
 * The newest message that passes the filter, as soon as there is one. `found: false` when the time is over, with what is going on.
 * Errors: `thread.unknown`, `thread.closed` when nothing can come any more, `cancelled`.
 */
export async function waitForMessage(context: ToolContext, filter: MessageFilter): Promise<Waited> {
  const { thread, messages } = await readThread(context, filter.thread);
  const wanted = { ...filter, since: sinceWhen(filter, messages) };
  requireKnown(messages, wanted.since, thread);
  const stop = new AbortController();
  const progress = reportProgress(context, filter);
  try {
    const timeout = waitLimit(filter.timeoutS === undefined ? undefined : filter.timeoutS * 1000);
    const signal = AbortSignal.any([context.signal, stop.signal, ...(timeout ? [timeout] : [])]);
    for (let blocked = false; ; blocked = true) {
      const now = await readThread(context, thread.id);
      const found = answerNow(now, wanted);
      if (found) return { ...found, ...(blocked && filter.awaitChain ? settlement(now.thread) : {}) };
      try {
        await nextChange(context, now.thread, signal);
      } catch (error) {
        if (!timeout?.aborted || context.signal.aborted || !isAppError(error, 'cancelled')) throw error;
        return { ...notYet(context, now.thread, filter), seen: seenSince(now.messages, wanted.since) };
      }
    }
  } finally {
    stop.abort();
    progress.stop();
  }
}

function sinceWhen({ strictNew, since }: MessageFilter, messages: readonly Message[]): string | undefined {
  return strictNew && since === undefined ? (messages.at(-1)?.id ?? '') : since;
}

/** Undefined while it is worth waiting. Errors: `thread.closed`. */
function answerNow(
  { thread, messages }: { readonly thread: Thread; readonly messages: readonly Message[] },
  wanted: MessageFilter,
): Waited | undefined {
  const found = newest(messages, wanted);
  const settled = isSettled(thread);
  if (found && (settled || !wanted.awaitChain)) return { found: true, ...messageFields(found) };
  if (settled && endedSilently(thread)) return silence(thread);
  if (settled && nothingComes(thread)) throw over(thread);
  return undefined;
}

function settlement({ chain, updatedAt }: Thread): Pick<Waited, 'fanout_children_awaited' | 'settled_at'> {
  const heard = chain?.said.length ?? 0;
  return { ...(heard > 1 ? { fanout_children_awaited: heard } : {}), settled_at: time(updatedAt) };
}

function seenSince(messages: readonly Message[], since: string | undefined) {
  return afterCursor(messages, since).map(message => ({
    reference: referenceTo(message),
    from: partyWord(message.from),
    to: partyWord(message.to),
    intent: message.intent,
  }));
}

function afterCursor(messages: readonly Message[], since: string | undefined): readonly Message[] {
  const after = since === undefined || since === '' ? -1 : messages.findIndex(({ id }) => id === idOfReference(since));
  return messages.slice(after + 1);
}

/** An agent may do its work without a word; that is no failure of the wait. */
function endedSilently({ latestRun, status }: Thread): boolean {
  return status === 'ready' && latestRun?.status === 'succeeded' && latestRun.answer.trim() === '';
}

function silence(thread: Thread): Waited {
  return {
    found: false,
    thread_id: thread.id,
    thread_status: threadWord(thread),
    execution_status: runWord(thread.latestRun?.status ?? ''),
    chain_pending: false,
    hint: 'The agent ended well and said nothing. orch_review shows what it changed.',
  };
}

/** The newest message that passes, or undefined. Without intent and cursor, what was asked is no answer. */
export function newest(
  messages: readonly Message[],
  filter: Pick<MessageFilter, 'intent' | 'since'>,
): Message | undefined {
  return passing(messages, filter).at(-1);
}

/** Those that pass, oldest first. */
export function passing(
  messages: readonly Message[],
  { intent, since }: Pick<MessageFilter, 'intent' | 'since'>,
): readonly Message[] {
  return afterCursor(messages, since).filter(message =>
    intent === undefined ? message.to === 'you' || since !== undefined : message.intent === intent,
  );
}

function requireKnown(messages: readonly Message[], since: string | undefined, thread: Thread): void {
  if (since === undefined || since === '' || messages.some(({ id }) => id === idOfReference(since))) return;
  throw new AppError(
    'request.invalid',
    `Thread ${thread.id} has no message ${since}. orch_transcript lists its messages with their references.`,
    { field: 'since_reference', reason: 'unknown message' },
  );
}

/** Resolves when the host tells anything new about the thread. */
async function nextChange({ live }: ToolContext, seen: Thread, signal: AbortSignal): Promise<void> {
  const before = live.threads.get(seen.id);
  await live.waitFor(() => {
    const now = live.threads.get(seen.id);
    return now !== before || now === undefined || now.updatedAt !== seen.updatedAt || now.status !== seen.status
      ? true
      : undefined;
  }, signal);
}

function nothingComes({ outcome, status }: Thread): boolean {
  return (
    outcome !== 'open' || status === 'ready' || status === 'needs_you' || status === 'merged' || status === 'closed'
  );
}

function over(thread: Thread): AppError<'thread.closed'> {
  const why = thread.needs === '' ? `it is ${thread.status}` : `it needs a person: ${thread.needs}`;
  return new AppError(
    'thread.closed',
    `No message of thread ${thread.id} passes and none will come by itself: ${why}. orch_transcript shows what was said.`,
    { thread: thread.id, status: thread.status },
  );
}

function notYet({ live }: ToolContext, seen: Thread, filter: MessageFilter): Waited {
  const thread = live.threads.get(seen.id) ?? seen;
  const run = thread.latestRun;
  const doing = run?.activity ? `${run.agent}: ${run.activity}` : thread.status;
  return {
    found: false,
    thread_id: thread.id,
    timeout_secs: filter.timeoutS ?? 0,
    ...(filter.intent === undefined ? {} : { intent_filter: filter.intent }),
    thread_status: threadWord(thread),
    ...(run ? { execution_status: runWord(run.status) } : {}),
    chain_pending: !isSettled(thread),
    hint: `Still going on (${doing}). Call orch_wait again with the same since_reference.`,
  };
}

function reportProgress(context: ToolContext, filter: MessageFilter): { readonly stop: () => void } {
  const started = Date.now();
  const timer = setInterval(() => {
    const thread = context.live.threads.get(filter.thread);
    const message = thread?.latestRun?.activity || thread?.status || 'waiting';
    context.progress({
      elapsedS: Math.round((Date.now() - started) / 1000),
      ...(filter.timeoutS === undefined ? {} : { totalS: filter.timeoutS }),
      message,
    });
  }, progressEveryMs);
  return { stop: () => clearInterval(timer) };
}
