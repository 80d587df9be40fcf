import { AppError, isAppError } from '../base/errors.js';
import type { LiveState } from './liveState.js';
import { waitLimit } from './waitLimit.js';
import type { Thread } from '../protocol/gen/muster/v1/threads_pb.js';

/** True when nothing goes on in the thread that ends by itself: it waits for a person, for a review, or it is over. */
export function isSettled({ status }: Thread): boolean {
  return status !== 'queued' && status !== 'working' && status !== 'merging';
}

/**
 * The thread as it is once it has settled; told by the host, never asked for again and again, also over a restart of the host.
 * Undefined when `timeoutMs` passed first.
 */
export async function waitUntilSettled(
  live: LiveState,
  {
    thread,
    signal,
    timeoutMs,
  }: { readonly thread: Thread; readonly signal: AbortSignal; readonly timeoutMs?: number | undefined },
): Promise<Thread | undefined> {
  const timeout = waitLimit(timeoutMs);
  try {
    return await live.waitFor(
      () => {
        const now = live.threads.get(thread.id);
        // What the host does not list any more was done long ago.
        if (!now) return thread;
        return isSettled(now) ? now : undefined;
      },
      timeout ? AbortSignal.any([signal, timeout]) : signal,
    );
  } catch (error) {
    if (timeout?.aborted && !signal.aborted && isAppError(error, 'cancelled')) return undefined;
    throw error;
  }
}

/** The error of a wait that took too long. */
export function timedOut(thread: Thread, seconds: number): AppError<'wait.timeout'> {
  const message = `Thread ${thread.id} has not settled within ${seconds} s; it is ${thread.status}.`;
  return new AppError('wait.timeout', message, { thread: thread.id, seconds });
}
