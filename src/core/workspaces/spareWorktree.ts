import type { Id } from '../../base/ids.js';

export type SpareId = Id<'spare'>;

/**
 * A worktree with its files written and no branch, which the next thread of its repository takes over. `making`: it is being
 * made, or a killed host was making it; `claimed`: a thread is taking it over; `touched`: somebody has been in it, so that no
 * thread gets it and its files stay until a person lets them go.
 */
export interface SpareWorktree extends MadeSpare {
  readonly id: SpareId;
  readonly state: 'making' | 'ready' | 'claimed' | 'touched';
  readonly repository: string;
  readonly path: string;
  /** Where new threads of the repository start from, as they say it; missing: from what is checked out. */
  readonly base?: string;
  /** Ms since the epoch: made, or brought to its base. */
  readonly madeAt: number;
}

/** What a driver made. */
export interface MadeSpare {
  readonly commonDir: string;
  readonly registeredAs: string;
  /** What its files are those of. */
  readonly commit: string;
  /** Of the repository's settings that decide what git writes: with others it is of no use. */
  readonly settings: string;
  /** What a person should know of its files. */
  readonly note?: string;
}

export interface SpareRequest {
  readonly repository: string;
  readonly path: string;
  readonly base?: string;
}

/** Port: worktrees that nobody works in yet. Implemented by `drivers/git`; they are claimed by {@link WorktreeDriver.create}. */
export interface SpareDriver {
  /** If it fails nothing is left behind. Errors: `git.noBase`, `worktree.failed`. */
  make(request: SpareRequest, signal: AbortSignal): Promise<MadeSpare>;
  /**
   * Brings its files to where its base is now. `touched`: somebody has been in it; `unusable`: it is not what was made, or the
   * repository has other settings by now. `onWrite` is called before the first of its files changes, when it is known that nobody
   * has been in it; until then it is as it was, whatever fails.
   */
  refresh(
    spare: SpareWorktree,
    options: { readonly signal: AbortSignal; readonly onWrite: () => void },
  ): Promise<MadeSpare | 'touched' | 'unusable'>;
  /** Removes it, however far it came to be made or taken over. False when somebody has been in it: then it stays. */
  discard(spare: SpareWorktree): Promise<boolean>;
}

/** Port: what is known of them. */
export interface SpareWorktreeStore {
  list(): readonly SpareWorktree[];
  /** Inserts or replaces. */
  save(spare: SpareWorktree): void;
  remove(id: SpareId): void;
}

export interface SpareStores {
  readonly spares: SpareWorktreeStore;
}
