import type { Clock } from '../../base/clock.js';
import type { EventStores } from '../events/eventLog.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { fileChanges, type FileChange, type KeyedHunk } from './changes.js';
import type { ReviewStores } from './reviewStore.js';
import { comparedTarget, compareThread, patchOf } from './threadComparison.js';

/** What is divided into hunks; files beyond are looked at as a whole. */
const maxPatchBytes = 32_000_000;

export interface ReviewedHunk extends KeyedHunk {
  readonly reviewed: boolean;
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
    const seen = store.read(stores => stores.reviews.reviewedHunks(view.thread.id));
    const files = changes.map(change => ({
      ...change,
      hunks: change.hunks.map(hunk => ({ ...hunk, reviewed: seen.has(hunk.key) })),
    }));
    return { baseCommit: compared.baseCommit, head: compared.head, files };
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
