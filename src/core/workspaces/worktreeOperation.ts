import type { ThreadId } from '../../base/ids.js';
import type { ThreadOutcome } from '../threads/thread.js';
import type { RescueId } from './rescue.js';
import type { RemoveWorktree, WorktreeRef } from './worktreeDriver.js';

/**
 * Something that is being done to a thread's worktree, written down before it is begun and erased in the transaction that
 * writes down what came of it. At most one per thread. A host that finds one when it starts finishes or undoes it:
 *
 * - `create`: nobody has worked in it yet, so it is undone; the run that needs it makes it again;
 * - `keep`: nothing was removed yet: the folder is put back, and the removal is tried again;
 * - `clear`: everything is kept and the thread says so: what is left of the worktree goes;
 * - `restore`: nobody has worked in it yet and the rescue is untouched, so it is undone and tried again.
 */
export type WorktreeOperation = Creation | Removal | Restoration;

interface Common {
  readonly thread: ThreadId;
  readonly worktree: WorktreeRef;
  /** Ms since the epoch. */
  readonly startedAt: number;
}

export interface Creation extends Common {
  readonly kind: 'create';
}

export interface Removal extends Common {
  readonly kind: 'keep' | 'clear';
  readonly rescue: RescueId;
  readonly ref: string;
  readonly ignored?: RemoveWorktree['ignored'];
  /** What the thread comes to with it. */
  readonly outcome: ThreadOutcome;
}

export interface Restoration extends Common {
  readonly kind: 'restore';
  readonly rescue: RescueId;
  /** The branch was there before (a person had it checked out, say) and stays when this is undone. */
  readonly hadBranch: boolean;
}

/** Port: operations that have begun and not ended. */
export interface WorktreeOperationStore {
  ofThread(thread: ThreadId): WorktreeOperation | undefined;
  list(): readonly WorktreeOperation[];
  /** Begins one, or takes the thread's present one to its next step. */
  save(operation: WorktreeOperation): void;
  end(thread: ThreadId): void;
}

/** What is going on, in words that follow "its worktree is". */
export function operationText(operation: WorktreeOperation): string {
  switch (operation.kind) {
    case 'create':
      return 'being made';
    case 'keep':
    case 'clear':
      return 'being removed';
    case 'restore':
      return 'being brought back';
  }
}
