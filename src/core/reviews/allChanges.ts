import { inPart } from '../../base/partPath.js';
import type { Store } from '../store.js';
import type { PartOfThread } from '../threads/part.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { ChangesService, ReviewedChanges, ReviewedFile } from './changesService.js';
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
    for (const { part, thread } of this.#madeParts(id)) {
      const before = store.read(stores => stores.reviews.earlierCommit(thread.id, thread.head ?? ''));
      const seen = earlier === undefined ? undefined : before;
      const listed = await changes.list(thread.id, { earlier: seen, signal });
      files.push(...listed.files.map(file => namedAfter(part.name, file)));
    }
    return { ...own, files };
  }

  /** As {@link ChangesService.setReviewed}. */
  setReviewed(id: string, hunks: readonly string[], reviewed: boolean): void {
    for (const [thread, keys] of this.#byThread(id, hunks)) this.#options.changes.setReviewed(thread, keys, reviewed);
  }

  /** As {@link ChangesService.takeBack}, one repository after the other. Answers the head of the project's, where that has another one now. */
  async takeBack(id: string, hunks: readonly string[], signal: AbortSignal): Promise<string> {
    let head = this.#options.store.read(stores => findThread(stores, id)).thread.head ?? '';
    for (const [thread, keys] of this.#byThread(id, hunks)) {
      const made = await this.#options.changes.takeBack(thread, keys, signal);
      if (thread === id) head = made;
    }
    return head;
  }

  /** Of which repository each key is. */
  #byThread(id: string, hunks: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const parts = this.#madeParts(id);
    const found = new Map<string, string[]>();
    for (const hunk of hunks) {
      const of = parts.find(({ part }) => hunk.startsWith(inPart(part.name, '')));
      const thread = of?.thread.id ?? id;
      const key = of === undefined ? hunk : hunk.slice(inPart(of.part.name, '').length);
      const keys = found.get(thread);
      if (keys) keys.push(key);
      else found.set(thread, [key]);
    }
    return found.size === 0 ? new Map([[id, []]]) : found;
  }

  /** Those that have files, or had. */
  #madeParts(id: string): readonly PartOfThread[] {
    const { parts } = this.#options.store.read(stores => findThread(stores, id));
    return parts.filter(({ thread }) => thread.repository !== undefined);
  }
}

function namedAfter(name: string, { file, hunks }: ReviewedFile): ReviewedFile {
  const { path, oldPath } = file;
  return {
    file: { ...file, path: inPart(name, path), ...(oldPath === undefined ? {} : { oldPath: inPart(name, oldPath) }) },
    hunks: hunks.map(hunk => ({ ...hunk, key: inPart(name, hunk.key) })),
  };
}
