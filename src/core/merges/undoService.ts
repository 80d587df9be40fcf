import type { ReviewStores } from '../reviews/reviewStore.js';
import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import type { Store } from '../store.js';
import { requireIdle } from '../threads/idleThread.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { MergeDriver, MergeOutcome, UndoRequest } from './mergeDriver.js';
import type { Merge } from './merge.js';
import type { MergeStores } from './mergeStore.js';
import type { MergeUndo } from './mergeUndo.js';

/** A target that moves more often than this meanwhile is somebody else's turn. */
const attempts = 5;

/** Takes merges back. */
export class UndoService {
  readonly #options: {
    readonly store: Store<ThreadStores & MergeStores & ReviewStores & EventStores>;
    readonly clock: Clock;
    readonly ids: IdSource;
    readonly driver: MergeDriver;
  };

  constructor(options: {
    readonly store: Store<ThreadStores & MergeStores & ReviewStores & EventStores>;
    readonly clock: Clock;
    readonly ids: IdSource;
    readonly driver: MergeDriver;
  }) {
    this.#options = options;
  }

  /**
   * Takes the last merge of a thread back: its target goes to where it was if nothing came on top, otherwise it gets a commit
   * that reverts the merge. The thread is open again and not approved. Asked again it answers the same.
   * Errors: `thread.*`, `merge.refused` (in words: edits in the way, conflicts, nothing to take back).
   */
  async undo(id: string, signal: AbortSignal): Promise<{ readonly view: ThreadView; readonly undo: MergeUndo }> {
    const { store, clock, ids, driver } = this.#options;
    const view = requireIdle(store.read(stores => findThread(stores, id)));
    const { thread } = view;
    const merge = store.read(stores => landedMerge(stores, view));
    const landing = merge && store.read(stores => stores.landings.get(merge.id));
    if (!merge || !landing) throw refused(view, 'it has no merge that could be taken back');
    const earlier = store.read(stores => stores.undos.get(merge.id));
    if (earlier) return { view, undo: earlier };
    const { repository, commonDir } = thread;
    if (repository === undefined) throw noWorktree(thread);
    const outcome = await this.#perform(
      driver,
      {
        id: ids.next(),
        repository,
        ...(commonDir === undefined ? {} : { commonDir }),
        target: merge.target,
        from: landing.from,
        to: landing.to,
        message: `Revert "${thread.summary}"\n\nThis takes back merge ${landing.to}.\n\nMuster-Thread: ${thread.id}\n`,
      },
      signal,
    );
    if (outcome.kind !== 'merged') throw refused(view, outcome.message.replace(/\.$/, ''));
    const kind = outcome.commit === landing.from ? 'restored' : 'reverted';
    const undo: MergeUndo = { merge: merge.id, kind, commit: outcome.commit, at: clock.now() };
    return store.transact(stores => {
      stores.undos.save(undo);
      // Whoever takes it back does not want it to land with the next *merge all approved*.
      stores.reviews.withdrawApprovals(thread.id);
      const current = stores.threads.get(thread.id);
      if (current) stores.threads.update({ ...current, outcome: 'open', updatedAt: clock.now() });
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, clock.now());
      return { view: findThread(stores, thread.id), undo };
    });
  }

  async #perform(driver: MergeDriver, request: UndoRequest, signal: AbortSignal): Promise<MergeOutcome> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const outcome = await driver.undo(request, signal);
      if (outcome.kind !== 'moved') return outcome;
    }
    const message = `${request.target} moved ${attempts} times meanwhile`;
    return { kind: 'blocked', reason: 'target_moved', message, files: [] };
  }
}

/** The merge that brought in what is merged now: asking for it again is a merge too, and landed nothing. */
function landedMerge(stores: MergeStores, { thread, latestMerge }: ThreadView): Merge | undefined {
  if (latestMerge?.status !== 'merged') return undefined;
  return stores.merges
    .ofThread(thread.id)
    .findLast(
      ({ id, status, target, commit }) =>
        status === 'merged' &&
        target === latestMerge.target &&
        commit === latestMerge.commit &&
        stores.landings.get(id) !== undefined,
    );
}

function refused({ thread }: ThreadView, reason: string): AppError<'merge.refused'> {
  return new AppError('merge.refused', `The merge of thread ${thread.id} was not taken back: ${reason}.`, {
    thread: thread.id,
    reason,
  });
}
