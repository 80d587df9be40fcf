/**
 * What all worktrees of a repository share and an agent can therefore change for the person: their stash, branches, tags and
 * the repository's configuration. Taken before a run and compared after it.
 */
export interface SharedState {
  /** Newest first. */
  readonly stash: readonly { readonly commit: string; readonly message: string }[];
  /** Full ref names and what they name. */
  readonly refs: readonly (readonly [ref: string, object: string])[];
  /** The text of the configuration file. */
  readonly config: string;
  /** Absent in what an earlier version noted. */
  readonly hooks?: readonly HookFile[];
  /** Where `core.hooksPath` of the repository's configuration leads; missing: nowhere, or to a place outside of the checkout. */
  readonly hooksFolder?: string;
  /** The same where it leads to any other place, whoever has set it: only files that git runs are looked at there. */
  readonly hooksElsewhere?: string;
  /** The checkout that the repository is known by; absent in a bare repository. */
  readonly checkout?: CheckoutState;
}

/** Where git finds the person's hooks besides its own folder for them. */
export type HookFolders = Pick<SharedState, 'hooksFolder' | 'hooksElsewhere'>;

/** A file that git runs for the person. */
export interface HookFile {
  /** Absolute. */
  readonly path: string;
  readonly mode: number;
  /** Tells its content from any other. */
  readonly digest: string;
  /** Base64; missing for what is no plain file, or too long for a hook. */
  readonly content?: string;
}

/** A hook that is other than before: changed, new (no `before`) or gone (no `now`). */
export interface HookChange {
  readonly kind: 'hook';
  readonly path: string;
  readonly before?: HookFile;
  /** The digest of what stands there. */
  readonly now?: string;
}

/** The person's own checkout: what is checked out, and what they had changed in its tracked files. */
export interface CheckoutState {
  readonly path: string;
  /** Full ref name, or a commit. */
  readonly head: string;
  readonly commit: string;
  /** Tracked files that differ from {@link commit}. */
  readonly edited: readonly string[];
  /** A commit with these files as they were; present when there are any. */
  readonly kept?: string;
  /** Tells its index from every later one: whatever switches, resets or stashes writes a new one. */
  readonly index: string;
}

/** One thing that is not as it was before the run. Branches that only grew are not told: people commit while agents work. */
export type SharedChange =
  | { readonly kind: 'stash'; readonly commit: string; readonly message: string }
  /** Edits of tracked files that are neither in the checkout nor in a commit of its branch any more. */
  | {
      readonly kind: 'edits';
      readonly path: string;
      readonly files: readonly string[];
      readonly kept: string;
      /** A new entry of the stash may have them. */
      readonly stashed: boolean;
    }
  | { readonly kind: 'checkout'; readonly path: string; readonly before: string; readonly now: string }
  | HookChange
  | { readonly kind: 'ref'; readonly ref: string; readonly before: string; readonly now: string | undefined }
  | {
      readonly kind: 'config';
      readonly key: string;
      readonly before: readonly string[];
      readonly now: readonly string[];
    };
