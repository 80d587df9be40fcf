import { createHash } from 'node:crypto';

/** A file as a reviewer saved it. */
export interface ReviewEdit {
  readonly path: string;
  readonly sha256: string;
}

/** What the person at this window wrote into worktrees themselves since they reviewed or approved: it counts as seen. */
export class ReviewEdits {
  readonly #edits = new Map<string, Map<string, string>>();

  record(threadId: string, path: string, content: Uint8Array): void {
    const files = this.#edits.get(threadId) ?? new Map<string, string>();
    files.set(path, createHash('sha256').update(content).digest('hex'));
    this.#edits.set(threadId, files);
  }

  of(threadId: string): readonly ReviewEdit[] {
    return [...(this.#edits.get(threadId) ?? [])].map(([path, sha256]) => ({ path, sha256 }));
  }

  /** A commit has taken them in. */
  clear(threadId: string): void {
    this.#edits.delete(threadId);
  }
}
