import { isAppError } from '../../../base/errors.js';

/** Why a git command failed, as far as its messages tell. */
export type GitFailure =
  | 'ref_moved'
  | 'ref_exists'
  /** The name would need a folder where a branch is, or the other way round. */
  | 'ref_clash'
  | 'locked'
  | 'dubious_ownership'
  | 'not_repository'
  | 'bare'
  | 'unborn'
  | 'unknown_revision'
  | 'unrelated_histories'
  | 'no_merge_base'
  | 'identity_missing'
  | 'signing_failed'
  | 'filter_failed'
  | 'in_the_way'
  | 'not_fast_forward'
  | 'operation_in_progress'
  | 'hook_refused'
  | 'other';

/**
 * The only place that reads git's messages (English, by LC_ALL=C). First match wins, so order matters: git wraps one
 * message in another ("cannot lock ref 'x': is at A but expected B" is a moved ref, not a busy lock).
 */
const table: readonly (readonly [RegExp, GitFailure])[] = [
  [/is at [0-9a-f]{40,64} but expected [0-9a-f]{40,64}/, 'ref_moved'],
  [/cannot lock ref .*: unable to resolve reference/, 'ref_moved'],
  [/cannot lock ref .*: reference already exists/, 'ref_exists'],
  [/'.*' exists; cannot create '/, 'ref_clash'],
  [/a branch named .* already exists/, 'ref_exists'],
  [/Unable to create '[^]*\.lock': File exists|could not lock config file|Unable to lock|cannot lock ref/, 'locked'],
  // A fetch looks at the heads of all worktrees, and one that is being made has none for a moment.
  [/bad object worktrees\//, 'locked'],
  [/detected dubious ownership/, 'dubious_ownership'],
  [/not a git repository/i, 'not_repository'],
  [/must be run in a work tree/, 'bare'],
  [/ambiguous argument 'HEAD'|does not have any commits yet/, 'unborn'],
  [/refusing to merge unrelated histories/, 'unrelated_histories'],
  [/no merge base found|multiple merge bases found/, 'no_merge_base'],
  [
    /Please tell me who you are|empty ident name|auto-detection is disabled|unable to auto-detect email/,
    'identity_missing',
  ],
  [/failed to sign the data|failed to write commit object[^]*sign|gpg failed|user\.signingkey/i, 'signing_failed'],
  [
    /(smudge|clean|external) filter .*failed|failed to encode|cannot (run|fork to run external filter)/,
    'filter_failed',
  ],
  [/would be overwritten by|would lose untracked files|not uptodate\. Cannot merge/, 'in_the_way'],
  [/Not possible to fast-forward|Diverging branches can't be fast-forwarded/, 'not_fast_forward'],
  [/MERGE_HEAD exists|CHERRY_PICK_HEAD exists|you have unmerged files|unmerged files/i, 'operation_in_progress'],
  [
    /ref updates? (?:aborted|declined) by hook|in '?.*'? phase, update aborted by the reference-transaction hook/,
    'hook_refused',
  ],
  [/unknown revision|bad revision|Needed a single revision|bad object|not a valid object name/i, 'unknown_revision'],
];

/** Classifies git's standard error. */
export function gitFailure(stderr: string): GitFailure {
  return table.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'other';
}

/** Why this error was thrown, if it is a failed git command. */
export function failureOf(error: unknown): GitFailure | undefined {
  return isAppError(error, 'git.failed') ? gitFailure(error.data.stderr) : undefined;
}
