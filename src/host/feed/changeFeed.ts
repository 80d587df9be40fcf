import { setImmediate } from 'node:timers/promises';
import { deferred } from '../../base/async.js';
import type { ProjectId, RunId, ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { RecordedEvent } from '../../core/events/domainEvent.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';

/** Events after which a reader is better off with a snapshot than with a replay. */
const maxReplay = 5_000;

/** Which entities changed since the last look; each is named once however often it changed. */
export interface Dirty {
  readonly projects: ReadonlySet<ProjectId>;
  readonly threads: ReadonlySet<ThreadId>;
  readonly runs: ReadonlySet<RunId>;
}

export type FeedEntry =
  | { readonly kind: 'snapshot'; readonly sequence: number }
  | { readonly kind: 'changes'; readonly sequence: number; readonly dirty: Dirty }
  | { readonly kind: 'heartbeat'; readonly sequence: number };

/**
 * One reader's place in the change feed. Nothing is queued per event: a slow reader finds out what is dirty when it
 * comes back, and reads the present state, so that its memory is bounded by the number of entities.
 *
 * Modes: new → caught up (by a replay of what it missed, or a snapshot when that is too much, too old or of another database)
 * → waiting ⇄ telling (what commits marked since it last told) → over. While waiting, a heartbeat follows each silence. The
 * reader's own signal or {@link FeedReader.dispose} kills it.
 */
export class FeedReader implements Disposable {
  readonly #store: Store<Stores>;
  readonly #subscription: Disposable;
  #projects = new Set<ProjectId>();
  #threads = new Set<ThreadId>();
  #runs = new Set<RunId>();
  /** A run was claimed just now, and is being started. */
  #begins = false;
  #wake = deferred<void>();
  /** Of the last commit that it has heard of. Commits are told while they are made, so that this is the database's own. */
  #last = 0;

  constructor(store: Store<Stores>) {
    this.#store = store;
    this.#subscription = store.onDidCommit(events => this.#mark(events));
    this.#last = store.read(stores => stores.events.lastSequence());
  }

  /** Entries from a sequence on, until `signal` aborts. A heartbeat follows `heartbeatMs` of silence. */
  async *read(
    from: { readonly epoch: string; readonly since: number },
    heartbeatMs: number,
    signal: AbortSignal,
  ): AsyncGenerator<FeedEntry> {
    const replay =
      from.epoch === this.#store.epoch
        ? this.#store.read(stores => stores.events.since(from.since, maxReplay))
        : 'gone';
    if (replay === 'gone' || replay.length === maxReplay) {
      this.#take();
      yield { kind: 'snapshot', sequence: this.#last };
    } else {
      this.#mark(replay);
      yield { kind: 'changes', sequence: this.#last, dirty: this.#take() };
    }
    while (!signal.aborted) {
      if (await this.#dirtyWithin(heartbeatMs, signal)) {
        // The sequence is read first: whatever commits in between is in the state and will be told again.
        yield { kind: 'changes', sequence: this.#last, dirty: this.#take() };
      } else if (!signal.aborted) {
        yield { kind: 'heartbeat', sequence: this.#last };
      }
    }
  }

  async dispose(): Promise<void> {
    await this.#subscription.dispose();
    this.#wake.resolve();
  }

  #mark(events: readonly RecordedEvent[]): void {
    for (const { event, sequence } of events) {
      this.#last = Math.max(this.#last, sequence);
      // Published events have a stream of their own.
      if (event.kind === 'topic_published') continue;
      if (event.kind === 'project_changed' || event.kind === 'schedule_changed') this.#projects.add(event.projectId);
      else this.#threads.add(event.threadId);
      if (event.kind !== 'run_changed') continue;
      this.#runs.add(event.runId);
      if (event.status === 'starting') this.#begins = true;
    }
    if (events.length > 0) this.#wake.resolve();
  }

  #take(): Dirty {
    const dirty = { projects: this.#projects, threads: this.#threads, runs: this.#runs };
    this.#projects = new Set();
    this.#threads = new Set();
    this.#runs = new Set();
    this.#begins = false;
    this.#wake = deferred();
    return dirty;
  }

  async #dirtyWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    const quiet = deferred<void>();
    const timer = setTimeout(() => quiet.resolve(), ms);
    const onAbort = (): void => quiet.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) quiet.resolve();
    try {
      await Promise.race([this.#wake.promise, quiet.promise]);
      // The start of an agent goes first, and what is committed on its way is told together.
      if (this.#begins) await setImmediate();
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
    return this.#projects.size + this.#threads.size + this.#runs.size > 0;
  }
}
