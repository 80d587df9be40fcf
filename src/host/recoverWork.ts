import { errorMessage } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { MergeService } from '../core/merges/mergeService.js';
import type { Store } from '../core/store.js';
import type { ThreadService } from '../core/threads/threadService.js';
import type { ThreadSettler } from '../core/threads/threadSettler.js';
import type { WorktreeDriver } from '../core/workspaces/worktreeDriver.js';

/**
 * Finishes what an earlier host was killed in: first half-removed worktrees, then snapshots of ended runs, merges, and
 * threads that were being abandoned.
 * In the background, so that a person waits for none of it; each step may be asked for again.
 */
export async function recoverWork(options: {
  readonly store: Store;
  readonly log: Log;
  readonly worktrees: WorktreeDriver;
  readonly settler: ThreadSettler;
  readonly merges: MergeService;
  readonly threads: ThreadService;
}): Promise<void> {
  const { store, log, worktrees, settler, merges, threads } = options;
  for (const repository of store.read(stores => stores.threads.repositories())) {
    try {
      await worktrees.recover(repository);
    } catch (error) {
      // The repository may be gone or on a disk that is not there; its threads say so when somebody opens them.
      log.warn('A repository could not be looked after', { repository, reason: errorMessage(error) });
    }
  }
  settler.recover();
  merges.recover();
  await threads.recover();
}

/** Begins work that goes on while the host serves, unless the host is ending already. The result never rejects. */
export async function inBackground(
  { closing, log }: { readonly closing: AbortSignal; readonly log: Log },
  work: () => Promise<void>,
): Promise<void> {
  if (closing.aborted) return;
  try {
    await work();
  } catch (error) {
    log.error('Work in the background failed', { reason: errorMessage(error) });
  }
}
