import type { Landing, LandingJournal } from '../../../core/merges/landing.js';
import type { RepositoryGit, WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';

/** What every function that lands a merge needs. */
export interface MergeContext extends GitContext {
  readonly journal: LandingJournal;
  /** How long git may stand still before a person hears of it, in ms. Missing: a minute. */
  readonly silenceMs?: number | undefined;
}

/** A landing, and what is needed to bring it forward or take it back. */
export interface LandingWork {
  readonly context: MergeContext;
  readonly landing: Landing;
  readonly repository: RepositoryGit;
  /** The checkout that moves along, if the target is checked out. */
  readonly checkout: WorktreeGit | undefined;
  readonly onNotice: (text: string) => void;
}
