import type { ReviewStores } from '../reviews/reviewStore.js';
import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import type { Store } from '../store.js';
import { requireIdle } from '../threads/idleThread.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import { requireNoPart } from '../threads/partLookup.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { MergeDriver, MergeOutcome, UndoRequest } from './mergeDriver.js';
import type { Merge } from './merge.js';
import type { MergeStores } from './mergeStore.js';
import type { MergeUndo } from './mergeUndo.js';

/** A target that moves more often than this meanwhile is somebody else's turn. */
const attempts = 5;

type UndoStores = ThreadStores & MergeStores & ReviewStores & EventStores;

/** A merge with the thread, or part of one, that it landed. */
interface LandedMerge {
  readonly merge: Merge;
  readonly thread: Thread;
}

/** Takes merges back. */
export class UndoService {
  readonly #options: {
    readonly store: Store<UndoStores>;
    readonly clock: Clock;
    readonly ids: IdSource;
    readonly driver: MergeDriver;
  };

  constructor(options: {
    readonly store: Store<UndoStores>;
    readonly clock: Clock;
    readonly ids: IdSource;
    readonly driver: MergeDriver;
  }) {
    this.#options = options;
  }

  /**
   * Takes the last merge of a thread back: its target goes to where it was if nothing came on top, otherwise it gets a commit
   * that reverts the merge. The thread is open again and not approved. Asked again it answers the same. What landed with it in
   * other repositories is taken back first; one of them that cannot be keeps the rest where it is, until it is asked again.
   * Errors: `thread.*`, `merge.refused` (in words: edits in the way, conflicts, nothing to take back).
   */
  async undo(id: string, signal: AbortSignal): Promise<{ readonly view: ThreadView; readonly undo: MergeUndo }> {
    const { store, clock } = this.#options;
    const view = requireIdle(store.read(stores => findThread(stores, id)));
    store.read(stores => requireNoPart(stores, view.thread.id));
    const merge = store.read(stores => landedMerge(stores, view));
    if (!merge) throw refused(view, 'it has no merge that could be taken back');
    const earlier = store.read(stores => stores.undos.get(merge.id));
    if (earlier) return { view, undo: earlier };
    for (const other of store.read(stores => landedWith(stores, merge))) {
      const undone = await this.#undoOne(view, other, signal);
      if (undone) store.transact(stores => this.#save(stores, other, undone));
    }
    // Nothing landed in its own repository: it is taken back with the others.
    const undo = (await this.#undoOne(view, { merge, thread: view.thread }, signal)) ?? {
      ...{ merge: merge.id, kind: 'restored' as const, commit: merge.commit ?? '', at: clock.now() },
    };
    return store.transact(stores => {
      this.#save(stores, { merge, thread: view.thread }, undo);
      return { view: findThread(stores, view.thread.id), undo };
    });
  }

  /** Undefined: there is nothing to take back, or it was done before. */
  async #undoOne(
    view: ThreadView,
    { merge, thread }: LandedMerge,
    signal: AbortSignal,
  ): Promise<MergeUndo | undefined> {
    const { store, clock, ids, driver } = this.#options;
    const { landing, earlier, name } = store.read(stores => ({
      landing: stores.landings.get(merge.id),
      earlier: stores.undos.get(merge.id),
      name: stores.parts.of(thread.id)?.name,
    }));
    if (!landing || earlier) return undefined;
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
        message: `Revert "${thread.summary}"\n\nThis takes back merge ${landing.to}.\n\nMuster-Thread: ${view.thread.id}\n`,
      },
      signal,
    );
    if (outcome.kind !== 'merged') {
      // What stands in the way of a merge stands in the way here too, but it is another thing that is tried again.
      const reason = outcome.message.replace(/\.$/, '').replace(/then merge again$/, 'then undo the merge again');
      throw refused(view, name === undefined ? reason : `${name}: ${reason}`);
    }
    const kind = outcome.commit === landing.from ? 'restored' : 'reverted';
    return { merge: merge.id, kind, commit: outcome.commit, at: clock.now() };
  }

  #save(stores: UndoStores, { thread: { id } }: LandedMerge, undo: MergeUndo): void {
    const { clock } = this.#options;
    stores.undos.save(undo);
    // Whoever takes it back does not want it to land with the next *merge all approved*.
    stores.reviews.withdrawApprovals(id);
    const current = stores.threads.get(id);
    if (current) stores.threads.update({ ...current, outcome: 'open', updatedAt: clock.now() });
    stores.events.append({ kind: 'thread_changed', threadId: id }, clock.now());
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

/** What landed with a merge in the thread's other repositories, the last one first. */
function landedWith(stores: UndoStores, merge: Merge): readonly LandedMerge[] {
  const set = stores.mergeSets.ofMerge(merge.id);
  const others = (set?.members ?? []).filter(member => member.merge !== merge.id && member.to !== undefined);
  return others.toReversed().flatMap(member => {
    const other = stores.merges.get(member.merge);
    const thread = other?.status === 'merged' ? stores.threads.get(other.threadId) : undefined;
    return other && thread ? [{ merge: other, thread }] : [];
  });
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
        (stores.landings.get(id) ?? stores.mergeSets.ofMerge(id)?.members.find(({ to }) => to !== undefined)) !==
          undefined,
    );
}

function refused({ thread }: ThreadView, reason: string): AppError<'merge.refused'> {
  return new AppError('merge.refused', `The merge of "${thread.summary}" was not taken back: ${reason}.`, {
    thread: thread.id,
    reason,
  });
}
