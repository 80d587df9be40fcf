import type { Clock } from '../../base/clock.js';
import type { EventStores } from '../events/eventLog.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { person } from '../messages/message.js';
import type { Store } from '../store.js';
import { requireWhole } from '../threads/idleThread.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import { fileChanges, type FileChange, type KeyedHunk } from './changes.js';
import { undoing } from './undoing.js';
import type { ReviewStores } from './reviewStore.js';
import { comparedTarget, compareThread, patchOf } from './threadComparison.js';

/** What is divided into hunks; files beyond are looked at as a whole. */
const maxPatchBytes = 32_000_000;

export interface ReviewedHunk extends KeyedHunk {
  readonly reviewed: boolean;
  readonly staged: boolean;
}

export interface ReviewedFile extends FileChange {
  readonly hunks: readonly ReviewedHunk[];
}

export interface ReviewedChanges {
  readonly baseCommit: string;
  readonly head: string;
  readonly files: readonly ReviewedFile[];
}

export interface ChangesServiceOptions {
  readonly store: Store<ThreadStores & ProjectStores & ReviewStores & EventStores>;
  readonly clock: Clock;
  readonly driver: WorktreeDriver;
  readonly settler: Pick<ThreadSettler, 'settled' | 'snapshot'>;
  /** Hexadecimal SHA-256 of a text. */
  readonly digestText: (text: string) => string;
}

/** What a thread changed, piece by piece, with what of it a person has looked at. */
export class ChangesService {
  readonly #options: ChangesServiceOptions;

  constructor(options: ChangesServiceOptions) {
    this.#options = options;
  }

  /** Errors: `thread.unknown`, `worktree.missing`. `earlier`: compare with this commit of the thread instead. */
  async list(
    id: string,
    { earlier, signal }: { readonly earlier?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ReviewedChanges> {
    const { store, driver, digestText } = this.#options;
    const view = store.read(stores => findThread(stores, id));
    const target = store.read(stores => comparedTarget(stores, view));
    const compared = await compareThread(driver, view, { target, earlier, signal });
    const patch = await patchOf(driver, view, compared, { maxBytes: maxPatchBytes, signal });
    const changes = fileChanges(compared.files, patch.text, digestText);
    const { seen, staged } = store.read(({ reviews }) => ({
      seen: reviews.reviewedHunks(view.thread.id),
      staged: reviews.stagedHunks(view.thread.id),
    }));
    const files = changes.map(change => ({
      ...change,
      hunks: change.hunks.map(hunk => ({ ...hunk, reviewed: seen.has(hunk.key), staged: staged.has(hunk.key) })),
    }));
    return { baseCommit: compared.baseCommit, head: compared.head, files };
  }

  /**
   * Undoes pieces of what the thread changed, as a commit on its branch: what was there before stays in its history. A person
   * who had seen the rest has seen this too. Errors: `thread.busy`, `request.invalid` (a piece is not there any more).
   */
  async takeBack(id: string, keys: readonly string[], signal?: AbortSignal): Promise<string> {
    const { store, driver, settler, clock } = this.#options;
    const found = store.read(stores => findThread(stores, id));
    await settler.settled(found.thread.id);
    const { thread, shown } = requireWhole(store.read(stores => findThread(stores, found.thread.id)));
    const before = await settler.snapshot(thread, `${thread.summary}\n\nEdits made during review, kept by Muster.`);
    const ref = worktreeOf(thread);
    if (!ref || before === undefined) throw noWorktree(thread);
    const { baseCommit, files } = await this.list(thread.id, { signal });
    const { paths, patch } = undoing(files, keys);
    await driver.takeBack(ref, { base: baseCommit, paths, patch, ...(signal === undefined ? {} : { signal }) });
    const now = store.read(stores => findThread(stores, thread.id)).thread;
    const head = await settler.snapshot(now, `${thread.summary}\n\nTaken back in review.`);
    if (head === undefined) throw noWorktree(thread);
    if (shown?.commit === before) {
      const at = clock.now();
      store.transact(stores => {
        stores.reviews.record({ threadId: thread.id, commit: head, verdict: 'shown', by: person, at });
        stores.events.append({ kind: 'thread_changed', threadId: thread.id }, at);
      });
    }
    return head;
  }

  /** Remembers that hunks were looked at, or that they were not. A hunk that changes later is another one. */
  setReviewed(id: string, hunks: readonly string[], reviewed: boolean): void {
    const { store, clock } = this.#options;
    const now = clock.now();
    store.transact(stores => {
      const { thread } = findThread(stores, id);
      stores.reviews.setReviewed(thread.id, hunks, reviewed ? now : undefined);
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, now);
    });
  }
}
