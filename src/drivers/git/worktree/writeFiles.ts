import { availableParallelism } from 'node:os';
import { errorMessage } from '../../../base/errors.js';
import type { WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { failureOf } from '../command/gitFailure.js';

/**
 * More workers than cores: writing 40,000 files waits for the file system more than it computes. Below the threshold
 * starting workers costs more than they save.
 */
const checkoutConfig = [
  `checkout.workers=${Math.min(8, availableParallelism() * 2)}`,
  'checkout.thresholdForParallelism=2000',
];

/** Writes the files. Large-file objects that cannot be fetched now stay pointers: an agent can fetch them, or do without. */
export async function writeFiles(
  { log }: GitContext,
  git: WorktreeGit,
  commit: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const args = ['reset', '--hard', '--quiet', '--no-recurse-submodules', commit];
  try {
    await git.run({ config: checkoutConfig, args, signal });
    return undefined;
  } catch (error) {
    if (failureOf(error) !== 'filter_failed') throw error;
    log.warn('A content filter failed, trying without Git LFS objects', { reason: errorMessage(error) });
    await git.run({
      config: [...checkoutConfig, 'filter.lfs.required=false'],
      env: { GIT_LFS_SKIP_SMUDGE: '1' },
      args,
      signal,
    });
    return 'Git LFS could not provide its files, so they are pointers in this worktree. Run `git lfs pull` in it.';
  }
}
