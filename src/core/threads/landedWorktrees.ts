import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { ThreadStores, ThreadView } from './threadStore.js';
import type { WorktreeCleaner } from './worktreeCleaner.js';

interface LandedWorktreesOptions {
  readonly store: Store<ThreadStores & ProjectStores>;
  readonly log: Log;
  readonly cleaner: Pick<WorktreeCleaner, 'clean'>;
}

/** Merged threads that a new host looks at. */
const lookedAt = 500;
/** A merge's end and what it makes of its thread are written in one transaction, with a look at the clock for each. */
const sameMomentMs = 1_000;

/**
 * Removes worktrees of threads that have landed, in projects whose file says `merge.remove_worktree: true`, as a person would who cleans
 * up: nothing that somebody is in, and nothing that is not in the target. What stays is there for the next clean-up.
 */
export class LandedWorktrees implements Disposable {
  readonly #options: LandedWorktreesOptions;
  readonly #subscription: Disposable;
  readonly #leaving = new AbortController();
  /** One after the other: who lands twenty threads wants the next merge before the tidying. */
  #work = Promise.resolve();

  constructor(options: LandedWorktreesOptions) {
    this.#options = options;
    this.#subscription = options.store.onDidCommit(events => {
      for (const { event } of events)
        if (event.kind === 'merge_changed' && event.status === 'merged') this.#consider(event.threadId);
    });
  }

  /**
   * Looks at merged threads to which nothing has happened since: an earlier host may have ended between a landing and this. What
   * somebody has brought back stays.
   */
  resume(): void {
    const { threads } = this.#options.store.read(stores =>
      stores.threads.page({ statuses: ['merged'], limit: lookedAt }),
    );
    for (const { thread, latestMerge } of threads)
      if (thread.updatedAt - (latestMerge?.endedAt ?? 0) < sameMomentMs) this.#consider(thread.id);
  }

  async dispose(): Promise<void> {
    this.#leaving.abort();
    await this.#subscription.dispose();
    await this.#work;
  }

  #consider(id: ThreadId): void {
    this.#work = this.#work.then(() => this.#remove(id));
  }

  /** Never rejects. */
  async #remove(id: ThreadId): Promise<void> {
    const { store, cleaner, log } = this.#options;
    const { signal } = this.#leaving;
    try {
      const isWanted = store.read(stores => isToGo(stores, stores.threads.view(id)));
      if (!isWanted || signal.aborted) return;
      const request = { threads: [id], olderThanMs: 0, unmerged: false, force: true };
      for (const { state, reason } of await cleaner.clean(request, signal))
        if (state === 'kept') log.info('The worktree of a thread that has landed stays', { thread: id, reason });
    } catch (error) {
      if (!signal.aborted)
        log.warn('A worktree could not be removed after its thread had landed', {
          thread: id,
          reason: errorMessage(error),
        });
    }
  }
}

function isToGo({ projects }: ProjectStores, view: ThreadView | undefined): boolean {
  // A part goes with its thread.
  if (view?.status !== 'merged' || view.thread.worktree === undefined || view.partOf) return false;
  return projects.get(view.thread.projectId)?.spec.merge.removeWorktree === true;
}
