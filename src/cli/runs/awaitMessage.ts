import { AppError, isAppError } from '../../base/errors.js';
import { isSettled } from '../../client/settling.js';
import type { Message, Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';
import { waitLimit } from '../../client/waitLimit.js';

/** Which message is waited for. */
export interface WantedMessage {
  readonly threadId: string;
  readonly intent: string | undefined;
  /** Only messages after this one; `now`: after those that are there. */
  readonly since: string | undefined;
  /** Not before everything that follows from the task has ended. */
  readonly awaitChain: boolean;
  readonly timeoutMs: number | undefined;
}

/**
 * The newest message that is wanted, as soon as there is one; undefined when the time is over. Errors: `request.invalid` for a message that the
 * thread does not have, `thread.closed` when none can come any more.
 */
export async function awaitMessage(context: CommandContext, wanted: WantedMessage): Promise<Message | undefined> {
  const live = await context.watch();
  const timeout = waitLimit(wanted.timeoutMs);
  const signal = AbortSignal.any([context.signal, ...(timeout ? [timeout] : [])]);
  const first = await read(context, wanted.threadId);
  const since = wanted.since === 'now' ? first.messages.at(-1)?.id : wanted.since?.replace(/^db:/, '');
  if (since !== undefined && !first.messages.some(({ id }) => id === since))
    throw new AppError('request.invalid', `The thread has no message ${since}.`, { field: 'since', reason: 'unknown' });
  for (;;) {
    // Before the look, so that what happens during it is not slept through.
    const seen = live.threads.get(first.thread.id);
    const now = await read(context, wanted.threadId);
    const found = newest(now.messages, { since, intent: wanted.intent });
    const settled = isSettled(now.thread);
    if (found && (settled || !wanted.awaitChain)) return found;
    if (settled)
      throw new AppError(
        'thread.closed',
        `No such message of thread ${now.thread.id} will come by itself: it is ${now.thread.status}. ${now.thread.needs}`.trim(),
        { thread: now.thread.id, status: now.thread.status },
      );
    try {
      await live.waitFor(() => (live.threads.get(now.thread.id) === seen ? undefined : true), signal);
    } catch (error) {
      if (timeout?.aborted && !context.signal.aborted && isAppError(error, 'cancelled')) return undefined;
      throw error;
    }
  }
}

async function read({ repeatable, signal }: CommandContext, threadId: string) {
  const { thread, messages } = await repeatable(client => client.threads.getThread({ threadId }, { signal }));
  if (!thread) throw new AppError('thread.unknown', `There is no thread ${threadId}.`, { thread: threadId });
  return { thread: thread satisfies Thread, messages };
}

/** Without intent and place, what was asked is no answer. */
function newest(
  messages: readonly Message[],
  { since, intent }: { readonly since: string | undefined; readonly intent: string | undefined },
): Message | undefined {
  const later = messages.slice(messages.findIndex(({ id }) => id === since) + 1);
  return later.findLast(message =>
    intent === undefined ? since !== undefined || message.to === 'you' : message.intent === intent,
  );
}
