import { AppError } from '../../../base/errors.js';
import type { TakeBack, WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { pathList } from '../command/gitPath.js';
import { openWorktree, refuseReplaced } from './openWorktree.js';

/** Undoes changes in a worktree's files; nothing is committed. */
export async function takeBack(
  context: GitContext,
  worktree: WorktreeRef,
  { base, paths, patch, signal }: TakeBack,
): Promise<void> {
  const git = await openWorktree(context, worktree);
  refuseReplaced(git, worktree.path);
  if (patch !== '') {
    // By pieces first: what cannot be undone leaves everything as it was.
    const args = ['apply', '--reverse', '--unidiff-zero', '--whitespace=nowarn', '-'];
    const output = await git.run({ args, input: Buffer.from(patch), accept: [0, 1, 128], signal });
    if (output.exitCode !== 0) {
      throw new AppError('request.invalid', 'These lines cannot be taken back by themselves. Take back the file.', {
        field: 'hunks',
        reason: 'git does not apply the reverse',
      });
    }
  }
  if (paths.length > 0) {
    // Without overlay: a file that was not there before is removed.
    const args = [
      'restore',
      `--source=${base}`,
      '--staged',
      '--worktree',
      '--pathspec-from-file=-',
      '--pathspec-file-nul',
    ];
    await git.run({ args, input: pathList(paths, ':(top,literal)'), signal });
  }
}
