import type { MergeId, ThreadId } from '../../base/ids.js';

/**
 * How a merge was taken back. `restored`: its target is where it was before, because nothing had come on top. `reverted`: the
 * target has a commit more, which reverts it.
 */
export type UndoKind = 'restored' | 'reverted';

export interface MergeUndo {
  readonly merge: MergeId;
  readonly kind: UndoKind;
  /** Where the target is now. */
  readonly commit: string;
  readonly at: number;
}

/** Port: merges that were taken back. */
export interface MergeUndoStore {
  get(merge: MergeId): MergeUndo | undefined;
  save(undo: MergeUndo): void;
  /** True when a merge of this thread was taken back at this time or later. */
  since(thread: ThreadId, time: number): boolean;
}
