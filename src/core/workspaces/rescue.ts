import type { Id, ThreadId } from '../../base/ids.js';
import type { Merge } from '../merges/merge.js';

export type RescueId = Id<'rescue'>;

/**
 * What was kept of a worktree before it went: commits under a ref, and an archive below the state directory that is found
 * by the rescue's id alone. The database is where this is known from: the ref's own message can be written by anyone with
 * the repository, so that it is never more than a hint.
 */
export interface Rescue {
  readonly id: RescueId;
  readonly threadId: ThreadId;
  /** Full ref name, `refs/muster/rescue/<name>`. */
  readonly ref: string;
  readonly repository: string;
  /** The commit that the ref was made for: its parents are everything below. */
  readonly commit: string;
  readonly branch: string;
  /** Where the worktree was. */
  readonly path: string;
  /** The rescued branch head. */
  readonly head: string;
  /** Ms since the epoch. */
  readonly createdAt: number;
  /** Commits whose trees are uncommitted work, present where there was some. */
  readonly index?: string;
  readonly files?: string;
  readonly untracked?: string;
  /** Sides of unresolved conflicts, as `1/path`, `2/path`, `3/path`. */
  readonly conflicts?: string;
  /** There is an archive: changed ignored files, and what the next two name. */
  readonly archived: boolean;
  /** Repositories inside the worktree, relative to it. */
  readonly nested: readonly string[];
  /** Files that git would not take (unreadable for it, of an unusual kind, refused by a filter). */
  readonly refused: readonly string[];
  /** Submodules whose git directories are in the archive: their path and where their git directory was. */
  readonly submodules: readonly { readonly path: string; readonly directory: string }[];
  /** Files in it that a hook had made, and no agent: they are so again when it is restored. */
  readonly made?: readonly string[];
  /** Absolute paths that could be neither kept nor removed. */
  readonly leftover: readonly string[];
}

/** True when a fresh worktree from the branch that it was merged into would lack nothing that the rescue has but ignored files. */
export function isMergedWhole(rescue: Rescue | undefined, merge: Merge | undefined): boolean {
  if (merge?.status !== 'merged') return false;
  if (rescue === undefined) return true;
  const { index, files, untracked, conflicts, nested, refused, head } = rescue;
  if (index ?? files ?? untracked ?? conflicts) return false;
  return head === merge.expect && nested.length === 0 && refused.length === 0;
}
