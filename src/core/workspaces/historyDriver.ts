import type { GuestGit } from '../sandboxes/sandboxDriver.js';

/**
 * Port: the history that a guest's git directory is about, as what a place elsewhere lacks of it. Implemented by `drivers/git`. Nothing
 * of the repository's own settings has a say.
 */
export interface HistoryDriver {
  /**
   * Errors: `git.failed` where that history is not all here: a shallow or partial clone, an index with conflicts.
   */
  open(git: GuestGit): Promise<OpenHistory>;
}

/** Until it is disposed. */
export interface OpenHistory {
  readonly format: 'sha1' | 'sha256';
  /** What the guest needs, in all: what its refs name, and a commit of what is staged, where that is something else. */
  readonly wanted: readonly string[];
  /** Which of the texts name commits that are here. */
  known(texts: readonly string[]): Promise<readonly string[]>;
  /**
   * Writes a thin pack of what belongs to some commits and not to others; undefined when that is nothing. Errors: `git.failed`, the
   * signal's reason.
   */
  pack(commits: readonly string[], without: readonly string[], signal: AbortSignal): Promise<HistoryPack | undefined>;
  /** Of the commit that the guest begins at. Errors: `git.failed`, the signal's reason. */
  files(signal: AbortSignal): Promise<CommitFiles>;
  dispose(): Promise<void>;
}

export interface CommitFiles {
  readonly commit: string;
  /** Regular files whose paths are text. */
  readonly regular: ReadonlyMap<string, CommitFile>;
  /** The guest's index says what the commit does, and nothing else. */
  readonly isIndex: boolean;
  /** Of an index of the commit, all entries but those of some regular files; undefined: there are no others. */
  without(kept: ReadonlySet<string>): IndexEntries | undefined;
}

/** As `git update-index -z --index-info` reads them. */
export interface IndexEntries {
  readonly removed: Uint8Array;
  readonly restored: Uint8Array;
}

export interface CommitFile {
  readonly id: string;
  readonly isExecutable: boolean;
}

/** A part of a file of this machine, up to its end. */
export interface HistoryPack {
  readonly path: string;
  readonly start: number;
  readonly bytes: number;
}
