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
}

/** One thing that is not as it was before the run. Branches that only grew are not told: people commit while agents work. */
export type SharedChange =
  | { readonly kind: 'stash'; readonly commit: string; readonly message: string }
  | { readonly kind: 'ref'; readonly ref: string; readonly before: string; readonly now: string | undefined }
  | {
      readonly kind: 'config';
      readonly key: string;
      readonly before: readonly string[];
      readonly now: readonly string[];
    };
