import { AppError } from '../../base/errors.js';
import type { RunId, ThreadId } from '../../base/ids.js';
import type { ThreadOutcome } from '../threads/thread.js';

/** A thread that a queued run waits for, as it is now. */
export interface Awaited {
  readonly threadId: ThreadId;
  readonly outcome: ThreadOutcome;
  /** Its last run came to nothing: a person has to see to it before anything goes on. */
  readonly failed: boolean;
}

/**
 * Port: batches (a name that threads share) and what queued runs wait for: a run starts when every thread that it depends on is
 * completed, by a merge or by a person.
 */
export interface BatchStore {
  join(thread: ThreadId, batch: string): void;
  of(thread: ThreadId): string | undefined;
  /** Oldest first. */
  threads(batch: string): readonly ThreadId[];
  /** Newest first; a bounded number of them. */
  names(): readonly string[];
  depend(run: RunId, on: ThreadId): void;
  /** What a queued run still waits for. */
  awaited(run: RunId): readonly Awaited[];
  /** Threads on which the queued runs of a thread depend. */
  dependencies(thread: ThreadId): readonly ThreadId[];
  /** True when a queued run depends on a thread, completed or not. */
  waits(): boolean;
  /** Queued runs that wait for a thread. */
  blocked(): readonly RunId[];
}

/** Which of the attempts at one task a thread is, 1-based. */
export interface Attempt {
  readonly place: number;
  readonly of: number;
}

/** Clients name a batch of attempts after their number. */
const attemptsName = /^best-of-(\d{1,3})(?:-|$)/;

/** Which attempt a thread is; undefined for one of no batch, or of a batch of different tasks. */
export function attemptOf(batches: BatchStore, thread: ThreadId, batch: string | undefined): Attempt | undefined {
  const of = Number(attemptsName.exec(batch ?? '')?.[1] ?? 0);
  if (batch === undefined || of < 2) return undefined;
  const place = batches.threads(batch).indexOf(thread) + 1;
  return place === 0 || place > of ? undefined : { place, of };
}

/** What a transaction needs that touches batches. */
export interface BatchStores {
  readonly batches: BatchStore;
}

/** A name that a person typed: one line, not too long. Errors: `request.invalid`. */
export function requireBatchName(name: string): void {
  if (name.length <= 100 && /^[^\s/\p{C}][^/\p{C}]*$/u.test(name)) return;
  const shown = JSON.stringify(name.slice(0, 100));
  const message = `${shown} is no name for a batch: one line without slashes, at most 100 characters.`;
  throw new AppError('request.invalid', message, { field: 'batch', reason: 'not a name' });
}

/** The way back to `thread` that new dependencies would close, or undefined. */
export function circleOf(
  thread: ThreadId,
  on: readonly ThreadId[],
  dependencies: (thread: ThreadId) => readonly ThreadId[],
): readonly ThreadId[] | undefined {
  const seen = new Set<ThreadId>();
  const walk = (path: readonly ThreadId[]): readonly ThreadId[] | undefined => {
    const last = path.at(-1);
    if (last === undefined || seen.has(last)) return undefined;
    if (last === thread) return path;
    seen.add(last);
    for (const next of dependencies(last)) {
      const found = walk([...path, next]);
      if (found) return found;
    }
    return undefined;
  };
  for (const first of on) {
    const found = walk([first]);
    if (found) return [thread, ...found];
  }
  return undefined;
}

/** Keys in an order in which each comes after those that it depends on, or the circle that keeps it from that. */
export function inOrder(
  tasks: ReadonlyMap<string, readonly string[]>,
): { readonly order: readonly string[] } | { readonly circle: readonly string[] } {
  const order: string[] = [];
  const placed = new Set<string>();
  const place = (key: string, path: readonly string[]): readonly string[] | undefined => {
    if (placed.has(key)) return undefined;
    if (path.includes(key)) return [...path.slice(path.indexOf(key)), key];
    for (const before of tasks.get(key) ?? []) {
      const circle = place(before, [...path, key]);
      if (circle) return circle;
    }
    placed.add(key);
    order.push(key);
    return undefined;
  };
  for (const key of tasks.keys()) {
    const circle = place(key, []);
    if (circle) return { circle };
  }
  return { order };
}
