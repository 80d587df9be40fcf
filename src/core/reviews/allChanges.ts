import { inPart } from '../../base/partPath.js';
import type { Store } from '../store.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { ChangesService, ReviewedChanges, ReviewedFile } from './changesService.js';
import { keysByThread, madeParts } from './partKeys.js';
import type { ReviewStores } from './reviewStore.js';

export interface AllChangesOptions {
  readonly store: Store<ThreadStores & ReviewStores>;
  readonly changes: Pick<ChangesService, 'list' | 'setReviewed' | 'takeBack'>;
}

/**
 * What a thread changed in all of its repositories, as one list: paths and keys of the others begin with the repository's name, by which
 * a key finds back to it.
 */
export class AllChanges {
  readonly #options: AllChangesOptions;

  constructor(options: AllChangesOptions) {
    this.#options = options;
  }

  /** As {@link ChangesService.list}; with `earlier`, each of the others is compared with what was seen of it before. */
  async list(
    id: string,
    { earlier, signal }: { readonly earlier?: string | undefined; readonly signal: AbortSignal },
  ): Promise<ReviewedChanges> {
    const { store, changes } = this.#options;
    const own = await changes.list(id, { earlier, signal });
    const files: ReviewedFile[] = [...own.files];
    for (const { part, thread } of madeParts(this.#view(id))) {
      const before = store.read(stores => stores.reviews.earlierCommit(thread.id, thread.head ?? ''));
      const seen = earlier === undefined ? undefined : before;
      const listed = await changes.list(thread.id, { earlier: seen, signal });
      files.push(...listed.files.map(file => namedAfter(part.name, file)));
    }
    return { ...own, files };
  }

  /** As {@link ChangesService.setReviewed}. */
  setReviewed(id: string, hunks: readonly string[], reviewed: boolean): void {
    for (const [thread, keys] of keysByThread(this.#view(id), hunks))
      this.#options.changes.setReviewed(thread, keys, reviewed);
  }

  /** As {@link ChangesService.takeBack}, one repository after the other. Answers the head of the project's, where that has another one now. */
  async takeBack(id: string, hunks: readonly string[], signal: AbortSignal): Promise<string> {
    const view = this.#view(id);
    let head = view.thread.head ?? '';
    for (const [thread, keys] of keysByThread(view, hunks)) {
      const made = await this.#options.changes.takeBack(thread, keys, signal);
      if (thread === view.thread.id) head = made;
    }
    return head;
  }

  #view(id: string): ThreadView {
    return this.#options.store.read(stores => findThread(stores, id));
  }
}

function namedAfter(name: string, { file, hunks }: ReviewedFile): ReviewedFile {
  const { path, oldPath } = file;
  return {
    file: { ...file, path: inPart(name, path), ...(oldPath === undefined ? {} : { oldPath: inPart(name, oldPath) }) },
    hunks: hunks.map(hunk => ({ ...hunk, key: inPart(name, hunk.key) })),
  };
}
