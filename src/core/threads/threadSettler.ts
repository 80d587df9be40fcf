import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { Run } from '../runs/run.js';
import type { Store } from '../store.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import type { Thread } from './thread.js';

/**
 * After a run's end: commits what the agent left uncommitted and counts the changes. The run has ended before this is
 * done (whoever waits for the agent does not wait for git); whoever needs the thread's head awaits {@link settled}.
 * A host that dies in between does it again at its next start.
 */
export class ThreadSettler {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #driver: WorktreeDriver;
  readonly #pending = new Map<ThreadId, Promise<void>>();

  constructor(options: {
    readonly store: Store;
    readonly clock: Clock;
    readonly log: Log;
    readonly driver: WorktreeDriver;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#driver = options.driver;
  }

  /** Begins to settle an ended run. */
  settle(run: Run): void {
    const before = this.#pending.get(run.threadId) ?? Promise.resolve();
    const done = before
      .then(() => this.#settle(run))
      .finally(() => {
        if (this.#pending.get(run.threadId) === done) this.#pending.delete(run.threadId);
      });
    this.#pending.set(run.threadId, done);
  }

  /** Begins to settle what an earlier host did not come to. */
  recover(): void {
    for (const { run } of this.#store.read(stores => stores.runs.unsettled())) this.settle(run);
  }

  /** Resolves when nothing of the thread is waiting for a snapshot. */
  async settled(thread: ThreadId): Promise<void> {
    await this.#pending.get(thread);
  }

  /** Resolves when nothing at all is waiting. */
  async allSettled(): Promise<void> {
    await Promise.all(this.#pending.values());
  }

  /** Commits uncommitted work now (an approval) and returns the branch's head. Errors: those of the driver. */
  async snapshot(thread: Thread, message: string): Promise<string | undefined> {
    const ref = worktreeOf(thread);
    if (!ref) return thread.head;
    const { head } = await this.#driver.snapshot(ref, message);
    const files = await this.#driver.changes(ref, thread.baseCommit ?? head);
    this.#store.transact(stores => {
      const current = stores.threads.get(thread.id);
      if (!current) return;
      const next: Thread = {
        ...current,
        head,
        filesChanged: files.length,
        additions: files.reduce((sum, file) => sum + file.additions, 0),
        deletions: files.reduce((sum, file) => sum + file.deletions, 0),
        updatedAt: this.#clock.now(),
      };
      stores.threads.update(next);
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, this.#clock.now());
    });
    return head;
  }

  async #settle(run: Run): Promise<void> {
    try {
      const thread = this.#store.read(stores => stores.threads.get(run.threadId));
      if (thread)
        await this.snapshot(
          thread,
          `${thread.summary}\n\nWork of ${run.agent}, kept by Muster when run ${run.id} ended.`,
        );
    } catch (error) {
      // The worktree is as the agent left it; the next approval or merge tries again and reports to a person.
      this.#log.warn('Work of a run could not be committed', { run: run.id, reason: errorMessage(error) });
    }
    this.#store.transact(stores => stores.runs.settle(run.id));
  }
}
