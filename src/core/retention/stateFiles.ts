import type { RescueId } from '../workspaces/rescue.js';

/** Files or a folder below the state directory. */
export interface StoredFiles {
  readonly path: string;
  /** Its own name in the folder that it is in. */
  readonly name: string;
  readonly bytes: number;
  /** Ms since the epoch. */
  readonly modifiedAt: number;
}

/** Port: what a host keeps on disk beside its database. Implemented by `drivers/files`. */
export interface StateFiles {
  /** Folders of runs, by the run's id. */
  runs(): Promise<readonly StoredFiles[]>;
  /** What belongs to a rescue and is not in git; undefined when there is nothing. */
  rescue(id: RescueId): Promise<StoredFiles | undefined>;
  /** What lies beside worktrees, by the thread that it was of. */
  leftovers(): Promise<readonly (StoredFiles & { readonly thread: string })[]>;
  /** Folders of sandboxes, by the sandbox's id. */
  sandboxes(): Promise<readonly StoredFiles[]>;
  /** What kernels of guest servers said, by the thread's id. */
  journals(): Promise<readonly StoredFiles[]>;
  /** Damaged databases that were set aside. */
  setAsideDatabases(): Promise<readonly StoredFiles[]>;
  /** Scratch files of hosts that were killed. */
  scratch(): Promise<readonly StoredFiles[]>;
  /** Removes what one of these listed. */
  remove(files: Pick<StoredFiles, 'path'>): Promise<void>;
}
