import type { CompareRequest } from '../../../core/workspaces/worktreeDriver.js';
import type { RepositoryGit } from '../command/boundGit.js';

/**
 * The commit that a thread's work is compared with: the merge base of its head and the target *as it is now*, so that what
 * the agent brought in from a newer target does not look like its own. Once the target has the head, that is where the
 * target stood before it got it.
 */
export async function comparison(git: RepositoryGit, request: CompareRequest): Promise<string> {
  const { head, target, base, signal } = request;
  const fallback = base ?? head;
  if (target === undefined) return fallback;
  const ask = async (...args: readonly string[]): Promise<string> =>
    (await git.run({ args, reads: true, signal, accept: [0, 1, 128] })).text();
  const ref = `refs/heads/${target}`;
  const common = await ask('merge-base', ref, head);
  // No such branch any more, or unrelated: the place where the thread began is all there is.
  if (common === '') return fallback;
  if (common !== head || head === base) return common;
  const oldest = (await ask('rev-list', '--first-parent', '--ancestry-path', '--reverse', `${head}..${ref}`)).split(
    '\n',
    1,
  )[0];
  if (oldest === undefined || oldest === '') return fallback;
  const before = await ask('merge-base', `${oldest}^1`, head);
  return before === '' || before === head ? fallback : before;
}
