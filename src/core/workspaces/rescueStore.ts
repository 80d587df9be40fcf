import type { ThreadId } from '../../base/ids.js';
import type { Rescue, RescueId } from './rescue.js';
import type { WorktreeOperationStore } from './worktreeOperation.js';

/** Port: what was kept of removed worktrees. */
export interface RescueStore {
  get(id: RescueId): Rescue | undefined;
  byRef(repository: string, ref: string): Rescue | undefined;
  insert(rescue: Rescue): void;
  saveLeftover(id: RescueId, leftover: readonly string[]): void;
  delete(id: RescueId): void;
  /** Oldest first. */
  ofThread(thread: ThreadId): readonly Rescue[];
  /** Made before a time, oldest first. */
  before(createdAt: number): readonly Rescue[];
  ids(): readonly RescueId[];
}

/** What a transaction needs that puts worktrees away, or asks what became of one. */
export interface RescueStores {
  readonly rescues: RescueStore;
  readonly operations: WorktreeOperationStore;
}
