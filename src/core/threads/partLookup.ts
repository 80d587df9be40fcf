import { AppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { PartOfThread } from './part.js';
import type { Thread } from './thread.js';
import type { ThreadStores } from './threadStore.js';

/** The parts of a thread; none for most. */
export function partsOf({ threads, parts }: ThreadStores, whole: ThreadId): readonly PartOfThread[] {
  return parts.ofWhole(whole).flatMap(part => {
    const thread = threads.get(part.thread);
    return thread ? [{ part, thread }] : [];
  });
}

/** The thread itself, then its parts. */
export function allOf(stores: ThreadStores, whole: Thread): readonly Thread[] {
  return [whole, ...partsOf(stores, whole.id).map(({ thread }) => thread)];
}

/** Errors: `request.invalid` for a part: people act on the thread that it belongs to. */
export function requireNoPart({ parts }: Pick<ThreadStores, 'parts'>, thread: ThreadId): void {
  const part = parts.of(thread);
  if (part === undefined) return;
  const message = `${thread} is what thread ${part.whole} has of the repository ${part.name}. Name the thread: ${part.whole}.`;
  throw new AppError('request.invalid', message, { field: 'thread_id', reason: 'part of a thread' });
}

/** Errors: `request.invalid` for what this version does with one repository only. `what` begins a sentence. */
export function requireOneRepository({ parts }: Pick<ThreadStores, 'parts'>, thread: ThreadId, what: string): void {
  const named = [parts.of(thread), ...parts.ofWhole(thread)].flatMap(part => part?.name ?? []);
  if (named.length === 0) return;
  const message = `${what} is not there yet for threads of several repositories: thread ${thread} has ${named.join(', ')} as well.`;
  throw new AppError('request.invalid', message, { field: 'thread_id', reason: 'it has several repositories' });
}
