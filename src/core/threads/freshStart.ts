import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { RunId, ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { EventStores } from '../events/eventLog.js';
import type { Merge } from '../merges/merge.js';
import type { MergeStores } from '../merges/mergeStore.js';
import { standingMerge } from '../merges/standingMerge.js';
import type { Store } from '../store.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import type { Thread } from './thread.js';
import type { ThreadStores } from './threadStore.js';

interface FreshStartOptions {
  readonly store: Store<ThreadStores & MergeStores & EventStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly driver: Pick<WorktreeDriver, 'snapshot' | 'tipOf' | 'renew'>;
}

/**
 * A task for a thread that is merged begins where its work went: at the target as it is now, not at the branch as it was. However it
 * landed (merged, squashed, rebased), what the thread changes from here on is its new work alone, in review and in the next merge.
 */
export class FreshStart {
  readonly #options: FreshStartOptions;

  constructor(options: FreshStartOptions) {
    this.#options = options;
  }

  /**
   * Brings the worktree of a thread whose run is about to start to the target, if all of it is merged; what stood there is kept under a ref.
   * Whoever calls holds the thread's files. Never rejects: what is in the way is the thread's note, and the run goes on where it was.
   */
  async begin(threadId: ThreadId, run: RunId): Promise<void> {
    const { store, driver, log } = this.#options;
    const found = store.read(stores => landed(stores, threadId));
    const ref = found && worktreeOf(found.thread);
    if (!found || !ref) return;
    const { thread, merge } = found;
    try {
      const at = await driver.tipOf(ref, merge.target);
      if (at === undefined) return;
      // Edited since: that is work which no target has.
      const message = `${thread.summary}\n\nWork kept by Muster before a follow-up.`;
      const { head } = await driver.snapshot(ref, message, { base: thread.baseCommit });
      if (head !== merge.expect) return;
      if (head !== at) await driver.renew(ref, { at, keepAs: `refs/muster/aside/${run}-${threadId}` });
      const note = `What it had done is in ${merge.target}, so it began again from there, at ${at.slice(0, 8)}.`;
      this.#save(thread, { ...begunAt(at), baseRef: merge.target }, note);
    } catch (error) {
      const reason = errorMessage(error);
      log.warn('A merged thread could not begin again from its target', { thread: threadId, reason });
      this.#save(thread, {}, `It goes on from its own branch, not from ${merge.target} as it is now: ${reason}`);
    }
  }

  #save({ id }: Thread, change: Partial<Thread>, note: string): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const current = stores.threads.get(id);
      if (!current) return;
      stores.threads.update({
        ...current,
        ...change,
        notes: [...(current.notes ?? []), note],
        updatedAt: clock.now(),
      });
      stores.events.append({ kind: 'thread_changed', threadId: id }, clock.now());
    });
  }
}

/** Nothing of its own yet, and nothing of the person's. */
function begunAt(commit: string): Partial<Thread> {
  const none = { filesChanged: 0, additions: 0, deletions: 0 };
  return { ...none, baseCommit: commit, head: commit, carried: undefined };
}

/** A thread that has its worktree, and whose head a merge that stands has brought to its target. */
function landed(
  stores: ThreadStores & MergeStores,
  id: Thread['id'],
): { readonly thread: Thread; readonly merge: Merge } | undefined {
  const thread = stores.threads.get(id);
  const merge = thread && standingMerge(stores, { thread, latestMerge: stores.merges.latestOf(id) });
  return merge && thread.head === merge.expect ? { thread, merge } : undefined;
}
