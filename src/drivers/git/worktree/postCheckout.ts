import { access, constants } from 'node:fs/promises';
import { errorMessage } from '../../../base/errors.js';
import type { GitContext } from '../command/gitContext.js';

/** A hook that installs dependencies may be quiet for minutes. */
const longestHookMs = 5 * 60_000;

/**
 * Runs the repository's post-checkout hook as `git worktree add` would: teams install dependencies or link files in it.
 * But after the worktree is complete and outside the repository's lock, so that a slow hook holds up nobody else, and a
 * hook that fails (in a shell without its tools, say) is logged and costs no worktree. Answers whether one ran.
 */
export async function runPostCheckout(
  { git, log }: GitContext,
  checkout: { readonly path: string; readonly hook: string; readonly head: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const { path, hook, head, signal } = checkout;
  const present = await access(hook, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!present) return false;
  const before = '0'.repeat(head.length);
  try {
    await git.run({
      cwd: path,
      args: ['hook', 'run', '--ignore-missing', 'post-checkout', '--', before, head, '1'],
      signal,
      hooks: true,
      silenceMs: longestHookMs,
    });
  } catch (error) {
    signal.throwIfAborted();
    log.warn('The post-checkout hook failed; the worktree is used all the same', { path, reason: errorMessage(error) });
  }
  return true;
}
