import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { DomainEvent } from '../events/domainEvent.js';
import type { EventStores } from '../events/eventLog.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import type { ConflictPrediction, ConflictStores } from './conflictPrediction.js';
import type { MergeStores } from './mergeStore.js';
import { targetOf } from './mergeTarget.js';
import { landedHead } from './standingMerge.js';

export interface ConflictPredictorOptions {
  readonly store: Store<ThreadStores & ProjectStores & MergeStores & ConflictStores & EventStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly driver: Pick<WorktreeDriver, 'conflicts'>;
}

/**
 * Finds out before anybody merges whether a thread would conflict with its target: when its work was committed, when
 * another thread has landed on the same target, and when somebody looks at the thread.
 *
 *   idle ──a thread is wanted──► asking git, one thread at a time, each at most once in the queue ──none wanted──► idle
 *
 * A question that fails is logged and not asked again before the next reason. {@link dispose} ends the one that is asked.
 */
export class ConflictPredictor implements Disposable {
  readonly #options: ConflictPredictorOptions;
  readonly #subscription: Disposable;
  readonly #leaving = new AbortController();
  readonly #wanted = new Set<ThreadId>();
  #working: Promise<void> | undefined;

  constructor(options: ConflictPredictorOptions) {
    this.#options = options;
    this.#subscription = options.store.onDidCommit(events => {
      for (const { event } of events) this.#consider(event);
    });
  }

  /** Somebody looks at the thread: its target may have moved by hand. */
  lookedAt(id: ThreadId): void {
    this.#want(id);
  }

  /** Resolves when everything that was asked for is known. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  async dispose(): Promise<void> {
    this.#leaving.abort();
    await this.#subscription.dispose();
    await this.idle();
  }

  #consider(event: DomainEvent): void {
    if (event.kind === 'run_changed' && event.status === 'succeeded') this.#want(event.threadId);
    if (event.kind !== 'merge_changed' || event.status !== 'merged') return;
    const { mergeId } = event;
    const beside = this.#options.store.read(stores => {
      const merge = stores.merges.get(mergeId);
      const landed = stores.threads.get(event.threadId);
      return stores.threads
        .withWorktree()
        .filter(
          thread =>
            thread.id !== event.threadId &&
            thread.outcome === 'open' &&
            thread.repository === landed?.repository &&
            targetOf(stores, thread) === merge?.target,
        );
    });
    for (const { id } of beside) this.#want(id);
  }

  #want(id: ThreadId): void {
    if (this.#leaving.signal.aborted) return;
    this.#wanted.add(id);
    for (const { thread } of this.#options.store.read(stores => stores.parts.ofWhole(id))) this.#wanted.add(thread);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    for (;;) {
      const [id] = this.#wanted;
      if (id === undefined || this.#leaving.signal.aborted) return;
      this.#wanted.delete(id);
      try {
        await this.#predict(id);
      } catch (error) {
        this.#options.log.warn('Whether a thread would conflict is not known', {
          thread: id,
          reason: errorMessage(error),
        });
      }
    }
  }

  async #predict(id: ThreadId): Promise<void> {
    const { store, driver, clock } = this.#options;
    const found = store.read(stores => {
      const thread = stores.threads.get(id);
      const target = thread && targetOf(stores, thread);
      const landed = thread === undefined || target === undefined ? undefined : landedHead(stores, thread, target);
      return thread && { thread, target, landed, known: stores.conflicts.ofThread(id) };
    });
    if (!found) return;
    const { thread, target, landed, known } = found;
    const { repository, head } = thread;
    if (target === undefined || repository === undefined || head === undefined || thread.outcome !== 'open') return;
    const place = placeOf(thread, repository);
    const asked = await driver.conflicts(place, {
      head,
      target,
      carried: thread.carried,
      landed,
      ...(known?.head === head && known.target === target ? { knownTarget: known.targetCommit } : {}),
      signal: this.#leaving.signal,
    });
    if (asked.kind !== 'known') return;
    const prediction = { threadId: id, head, target, targetCommit: asked.targetCommit, files: asked.files };
    store.transact(stores => {
      stores.conflicts.save(prediction);
      if (isToldAlready(known, prediction)) return;
      stores.events.append({ kind: 'thread_changed', threadId: id }, clock.now());
    });
  }
}

function placeOf({ commonDir }: Thread, repository: string) {
  return { repository, ...(commonDir === undefined ? {} : { commonDir }) };
}

/** Nobody sees a difference: most threads conflict with nothing, before and after. */
function isToldAlready(known: ConflictPrediction | undefined, { head, files }: ConflictPrediction): boolean {
  const before = known?.head === head ? known.files : [];
  return before.length === files.length && files.every(file => before.includes(file));
}
