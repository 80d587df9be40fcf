import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { EventStores } from '../events/eventLog.js';
import type { Store } from '../store.js';
import type { RescueService } from '../workspaces/rescueService.js';
import type { RemoveWorktree } from '../workspaces/worktreeDriver.js';
import type { WorkspaceService } from '../workspaces/workspaceService.js';
import type { PartOfThread } from './part.js';
import { partsOf } from './partLookup.js';
import type { Thread, ThreadOutcome } from './thread.js';
import { findThread } from './threadLookup.js';
import type { ThreadStores, ThreadView } from './threadStore.js';

export interface PartWorktreesOptions {
  readonly store: Store<ThreadStores & EventStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly workspaces: Pick<WorkspaceService, 'exclusive'>;
  readonly rescues: Pick<RescueService, 'settle' | 'remove' | 'restore'>;
}

/**
 * A thread's worktrees in other repositories follow the one of the project: they are removed and brought back after it, each in
 * the steps of any worktree. What the thread itself is says how far that has come, so that the next host goes on.
 */
export class PartWorktrees {
  readonly #options: PartWorktreesOptions;

  constructor(options: PartWorktreesOptions) {
    this.#options = options;
  }

  /** Makes the worktrees of a thread's parts what its own is. Errors: those of removing and restoring; the others have followed then. */
  async follow(whole: ThreadId, options: RemoveWorktree = {}): Promise<ThreadView> {
    const { store } = this.#options;
    const { thread, parts } = store.read(stores => findThread(stores, whole));
    let first: unknown;
    for (const part of parts) {
      try {
        await this.#followOne(thread, part, options);
      } catch (error) {
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
    return store.read(stores => findThread(stores, whole));
  }

  /** What the thread comes to, its parts come to. */
  end({ threads, parts }: ThreadStores, whole: ThreadId, outcome: ThreadOutcome): void {
    const updatedAt = this.#options.clock.now();
    for (const { thread } of partsOf({ threads, parts }, whole)) threads.update({ ...thread, outcome, updatedAt });
  }

  /** Goes on with what an earlier host was killed in. */
  async recover(): Promise<void> {
    const { store, log } = this.#options;
    const wholes = new Set(store.read(stores => stores.parts.list()).map(({ whole }) => whole));
    for (const whole of wholes) {
      await this.follow(whole).catch((error: unknown) =>
        log.warn('The worktrees of a thread could not all be brought to what it is', {
          thread: whole,
          reason: errorMessage(error),
        }),
      );
    }
  }

  async #followOne(whole: Thread, { thread: { id } }: PartOfThread, options: RemoveWorktree): Promise<void> {
    const { store, workspaces, rescues } = this.#options;
    await workspaces.exclusive(id, async () => {
      await rescues.settle(id);
      const part = store.read(stores => stores.threads.get(id));
      // Without a worktree that was removed, neither is there anything to bring back.
      if (whole.worktree === undefined && whole.rescue !== undefined && part?.worktree !== undefined)
        await rescues.remove(id, { ...options, outcome: whole.outcome });
      else if (whole.worktree !== undefined && part?.worktree === undefined && part?.rescue !== undefined)
        await rescues.restore(id);
    });
  }
}
