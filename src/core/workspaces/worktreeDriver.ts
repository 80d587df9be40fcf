import type { SharedChange, SharedState } from './sharedState.js';
import type { SpareWorktree } from './spareWorktree.js';

/** Port: git worktrees of threads (how they go and come back: `rescueDriver.ts`). Implemented by `drivers/git`. All paths are absolute; commits are full SHAs. */
export interface WorktreeDriver {
  /**
   * Finds the repository of a folder and checks that Muster can work on it.
   * Errors: `git.missing`, `git.tooOld`, `git.notRepository`, `git.emptyRepository`.
   */
  inspect(folder: string, signal?: AbortSignal): Promise<RepositoryInfo>;
  /**
   * Makes a commit of what stands uncommitted in the person's checkout, untracked files included and ignored ones not, on top of what is
   * checked out there. Checkout, index and stash stay as they are. Undefined: there is nothing.
   * Errors: `git.emptyRepository`, `git.noBase`, `request.invalid` (files have conflicts, the base is not what is checked out, too much).
   */
  carry(
    place: Pick<WorktreeRef, 'repository' | 'commonDir'>,
    base: string | undefined,
    signal?: AbortSignal,
  ): Promise<CarriedChanges | undefined>;
  /**
   * Makes a worktree on a new branch from a base. Twenty at once on one repository all work. If it fails nothing is left behind.
   * Errors: `git.noBase`, `worktree.failed`.
   */
  create(request: CreateWorktree, signal: AbortSignal): Promise<CreatedWorktree>;
  /**
   * Makes sure that a worktree is there and is the one that was made; one that was deleted by hand is made again from its branch.
   * Errors: `worktree.replaced`, `worktree.missing` (its branch is gone too), `worktree.failed`.
   */
  ensure(worktree: WorktreeRef): Promise<EnsuredWorktree>;
  /**
   * Undoes what an agent did to `.git` of its worktree or to git's record of it. Files stay, and what stood there is kept.
   * Errors: `worktree.missing`, `worktree.failed`.
   */
  repair(worktree: WorktreeRef): Promise<RepairedWorktree>;
  /**
   * Commits all uncommitted, non-ignored work of the worktree on its branch (the repository's identity and hooks off); no-op when
   * clean. An agent may have checked out or renamed something: what descends from `base` becomes the thread's branch again.
   * Errors: `worktree.missing`, `worktree.replaced`, `worktree.unfinished` (a merge or the like was left in the middle, or files
   * have conflicts: nothing is touched), `worktree.failed`.
   */
  snapshot(
    worktree: WorktreeRef,
    message: string,
    options?: { readonly base?: string | undefined },
  ): Promise<{ readonly head: string; readonly committed: boolean }>;
  /**
   * Keeps the commit that a snapshot has just made under `keepAs` and brings the worktree to `to`. May be asked for again.
   * Errors: as {@link snapshot}.
   */
  setBack(worktree: WorktreeRef, how: { readonly to: string; readonly keepAs: string }): Promise<void>;
  /**
   * Brings a worktree without uncommitted work, all of whose commits have landed, to the commit `at`; they stay under `keepAs`. Errors: as
   * {@link snapshot}, and `worktree.failed` when something that git has no copy of would be replaced (nothing was changed then).
   */
  renew(worktree: WorktreeRef, how: { readonly at: string; readonly keepAs: string }): Promise<void>;
  /**
   * Notes what stands untracked in a worktree before its agent has begun: setup commands made it, and it is not the agent's work as
   * long as that leaves it alone. Errors: as {@link snapshot}.
   */
  noteMade(worktree: WorktreeRef): Promise<void>;
  /** Submodules whose own files have changes that no commit has; relative paths. Errors: as {@link snapshot}. */
  submodulesWithWork(worktree: WorktreeRef): Promise<readonly string[]>;
  /** The commit that work on a branch is to be compared with; see {@link CompareRequest}. */
  comparison(place: Pick<WorktreeRef, 'repository' | 'commonDir'>, request: CompareRequest): Promise<string>;
  /** The commit of a branch as it is now; undefined when there is none. */
  tipOf(
    place: Pick<WorktreeRef, 'repository' | 'commonDir'>,
    branch: string,
    signal?: AbortSignal,
  ): Promise<string | undefined>;
  /** Whether a commit could be merged into a branch as it is now. */
  conflicts(place: Pick<WorktreeRef, 'repository' | 'commonDir'>, request: ConflictRequest): Promise<Conflicts>;
  /** What all worktrees share: the person's stash, branches, tags and configuration, without the refs in `own`. */
  sharedState(place: Pick<WorktreeRef, 'repository' | 'commonDir'>, own?: ReadonlySet<string>): Promise<SharedState>;
  /** What of it is lost or other than it was. */
  sharedChanges(
    place: Pick<WorktreeRef, 'repository' | 'commonDir'>,
    before: SharedState,
  ): Promise<readonly SharedChange[]>;
  /** Undoes such changes. Returns those that it could not: changed again since, or a branch that is checked out. */
  undoShared(
    place: Pick<WorktreeRef, 'repository' | 'commonDir'>,
    changes: readonly SharedChange[],
  ): Promise<readonly SharedChange[]>;
  /** HEAD, uncommitted files and distance to `compareTo` (a branch or commit). Errors: `worktree.missing`. */
  state(worktree: WorktreeRef, compareTo: string, signal?: AbortSignal): Promise<WorktreeState>;
  /** Files that differ between the merge base with `base` and the worktree's files (untracked ones included). */
  changes(worktree: WorktreeRef, base: string, signal?: AbortSignal): Promise<readonly ChangedFile[]>;
  /** The unified diff of {@link changes}, at most `maxBytes`. */
  patch(
    worktree: WorktreeRef,
    base: string,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<{ readonly text: string; readonly truncated: boolean }>;
  /** Files that differ between two commits, whatever became of the worktree they were made in. */
  committedChanges(
    repository: string,
    commits: { readonly base: string; readonly head: string },
    signal?: AbortSignal,
  ): Promise<readonly ChangedFile[]>;
  /** The unified diff of {@link committedChanges}, at most `maxBytes`. */
  committedPatch(
    repository: string,
    commits: { readonly base: string; readonly head: string },
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<{ readonly text: string; readonly truncated: boolean }>;
  /**
   * Undoes changes in a worktree's files, which are left uncommitted: lines by a patch that is applied in reverse, whole files from a
   * commit. Errors: `request.invalid` (the patch does not fit: nothing was changed), `worktree.missing`, `worktree.replaced`.
   */
  takeBack(worktree: WorktreeRef, request: TakeBack): Promise<void>;
  /** A file's bytes at a commit (the left side of a diff). `path` is relative to the top of the repository, `/`-separated. */
  show(
    repository: string,
    commit: string,
    path: string,
    options: { readonly maxBytes: number; readonly signal?: AbortSignal },
  ): Promise<FileAtCommit>;
}

export interface RemoveWorktree {
  /** What to do with changed ignored files above 10 MB in sum. Missing: refuse. */
  readonly ignored?: 'archive' | 'discard';
}

export interface RepositoryInfo {
  /** Top level of the main checkout or of the worktree the folder is in. */
  readonly root: string;
  /** The common git directory: the key of the per-repository lock. */
  readonly commonDir: string;
  /** The folder inside the root, `/`-separated without slashes at the ends; empty at the root. */
  readonly prefix: string;
  /** Branch checked out at `root`; missing when HEAD is detached. */
  readonly branch?: string;
  readonly gitVersion: string;
}

export interface CreateWorktree {
  readonly repository: string;
  /** Directory to make; its parent may be missing. */
  readonly path: string;
  /** `muster/<slug>-<id>`; another like it is taken where git has no room for this one. */
  readonly branch: string;
  /** Branch, tag or commit to start from; missing: what is checked out in the repository. */
  readonly base?: string;
  /** A folder that must be in it, relative to the top: where the compose file is. */
  readonly folder?: string;
  /** Whether to fetch the base's upstream first, to tell how far behind it is. Default: `auto`, at most once an hour. */
  readonly fetch?: 'auto' | 'always' | 'never';
  /** Paths and patterns, as in `.gitignore`, of untracked files to copy from the checkout, besides those of its `.worktreeinclude`. */
  readonly bring?: readonly string[];
  /** A commit that {@link WorktreeDriver.carry} made of the base: what the worktree starts from in its place. */
  readonly carried?: string;
  /** A worktree that stands ready, to be taken over if it is still what was made. */
  readonly spare?: Pick<SpareWorktree, 'path' | 'registeredAs' | 'commit' | 'settings' | 'note'>;
}

/** Uncommitted changes of a person that a thread begins with. They are below what it changes, and never land with it. */
export interface CarriedChanges {
  readonly commit: string;
  /** The commit that was checked out, and its branch where there is one. */
  readonly onto: string;
  readonly branch?: string;
  /** How many files. */
  readonly files: number;
}

export interface CreatedWorktree {
  readonly branch: string;
  /** The base as a short branch name where it is one, otherwise the commit. */
  readonly baseRef: string;
  readonly baseCommit: string;
  readonly head: string;
  /** See {@link WorktreeRef}. */
  readonly commonDir: string;
  readonly registeredAs: string;
  /** What the person should know about this worktree, one sentence each. */
  readonly notes: readonly string[];
  /** The spare worktree was taken over. */
  readonly claimed: boolean;
  /** How many files git tracks in it; 0 when that is not known. */
  readonly files: number;
}

/** What `head` changed that `target` (a branch, as it is now) does not have; `base`: where it began, if the target says nothing. */
export interface CompareRequest {
  readonly head: string;
  readonly target?: string | undefined;
  readonly base?: string | undefined;
  /** What it began with of the person's ({@link CarriedChanges}): not its own, whatever became of its history. */
  readonly carried?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TakeBack {
  readonly base: string;
  /** Files that become as they are at `base`, or go when they are not there. */
  readonly paths: readonly string[];
  /** Applied in reverse; empty for none. */
  readonly patch: string;
  readonly signal?: AbortSignal;
}

export interface ConflictRequest {
  readonly head: string;
  /** Branch, short name. */
  readonly target: string;
  /** As in {@link CompareRequest}. */
  readonly carried?: string | undefined;
  /** The head of a thread with such changes that the target has got already. */
  readonly landed?: string | undefined;
  /** Where the branch was when this was asked last: if it still is there, nothing is computed. */
  readonly knownTarget?: string;
  readonly signal?: AbortSignal;
}

/** `unknown`: there is no such branch, or nothing in common with it. Files that both changed in the same places. */
export type Conflicts =
  | { readonly kind: 'known'; readonly targetCommit: string; readonly files: readonly string[] }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'unknown' };

/** How git knows a worktree; see {@link WorktreeRef}. */
export type WorktreeRecord = Pick<CreatedWorktree, 'commonDir' | 'registeredAs'>;

export type RestoredWorktree = WorktreeRecord & Pick<CreatedWorktree, 'head'>;

/** `madeAgain`: its folder was gone. */
export type EnsuredWorktree = WorktreeRecord & { readonly madeAgain: boolean };

/** `setAside`: where that is now which stood in the place of git's own. */
export type RepairedWorktree = WorktreeRecord & { readonly setAside: readonly string[] };

export interface WorktreeRef {
  readonly repository: string;
  readonly path: string;
  readonly branch: string;
  /** The repository's common git directory when the worktree was made; missing for one that an earlier version made. */
  readonly commonDir?: string;
  /** The name of its directory in `<common directory>/worktrees`; missing as above. */
  readonly registeredAs?: string;
}

export interface WorktreeState {
  readonly head: string;
  /** Paths relative to the worktree, `/`-separated: modified, staged or untracked, not ignored. */
  readonly dirty: readonly string[];
  readonly ahead: number;
  readonly behind: number;
}

export interface ChangedFile {
  readonly path: string;
  /** For renames. */
  readonly oldPath?: string;
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed' | 'untracked' | 'type_changed';
  readonly binary: boolean;
  readonly additions: number;
  readonly deletions: number;
  /** As git writes them (`100644`, `100755`); present when a file that was there before has another one. */
  readonly modes?: { readonly before: string; readonly now: string };
}

/** `missing`: no such file at that commit, or no such commit. */
export type FileAtCommit =
  | { readonly kind: 'file'; readonly content: Uint8Array }
  | { readonly kind: 'missing' }
  | { readonly kind: 'too_large'; readonly bytes: number };
