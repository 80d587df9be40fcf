import { mkdir, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAnyAppError } from '../../../base/errors.js';
import type { RestoredWorktree, WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { withEmptyIndex } from './collectRescue.js';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { exists } from '../worktree/gitDirectory.js';
import { registeredAt } from '../worktree/openWorktree.js';
import { extractArchive } from './ignoredArchive.js';
import { worktreeFailed } from '../repository/inspectRepository.js';
import { unfinishedReason } from '../worktree/leftoverWorktree.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { readRescue, type RescueRecord } from './rescueRefs.js';
import { worktreeMissing } from '../worktree/worktreeStatus.js';

/** Makes the worktree again as it was when it was removed. Errors: `rescue.unknown`, `worktree.failed`. */
export async function restoreWorktree(
  context: GitContext,
  rescue: string,
  target: WorktreeRef,
): Promise<RestoredWorktree> {
  const { clock, log } = context;
  const git = await openRepository(context, target);
  const { commonDir } = git;
  const record = await readRescue(git, rescue);
  if (await exists(target.path))
    throw worktreeFailed(target.path, new Error('there is already something at this path'));
  let registered = false;
  let madeBranch = false;
  try {
    await withRepositoryLock({ commonDir, clock }, async () => {
      await mkdir(dirname(target.path), { recursive: true });
      madeBranch = await ensureBranch(git, target.branch, record.head);
      const options = ['--quiet', '--no-checkout', '--lock', '--reason', unfinishedReason];
      const args = ['worktree', 'add', ...options, '--', target.path, target.branch];
      await git.run({ args });
      registered = true;
    });
    const gitDir = await registeredAt(commonDir, target.path);
    if (gitDir === undefined) throw worktreeMissing(target.path);
    await restoreFiles(new WorktreeGit(context.git, { repository: git, gitDir, workTree: target.path }), record);
    await unlink(join(gitDir, 'locked'));
    return { head: record.head, commonDir, registeredAs: basename(gitDir) };
  } catch (error) {
    if (registered) {
      const args = ['worktree', 'remove', '--force', '--force', '--', target.path];
      await git.run({ args, accept: [0, 128] });
      await rm(target.path, { recursive: true, force: true });
    }
    if (madeBranch) {
      const args = ['update-ref', '-d', `refs/heads/${target.branch}`, record.head];
      await git.run({ args, accept: [0, 1, 128] });
    }
    log.warn('A worktree could not be restored; its kept work is untouched', { rescue, path: target.path });
    throw isAnyAppError(error) && error.code !== 'git.failed' ? error : worktreeFailed(target.path, error);
  }
}

/** The branch may still be there (a person had it checked out); it must then be exactly where it was kept. */
async function ensureBranch(git: RepositoryGit, branch: string, head: string): Promise<boolean> {
  const ref = `refs/heads/${branch}`;
  const args = ['rev-parse', '--verify', '--quiet', ref];
  const found = (await git.run({ args, reads: true, accept: [0, 1] })).text();
  if (found === head) return false;
  if (found !== '') throw new Error(`the branch ${branch} exists and has moved on`);
  const message = ['-m', 'muster: restore'];
  await git.run({ args: ['update-ref', ...message, ref, head, '0'.repeat(head.length)] });
  return true;
}

async function restoreFiles(git: WorktreeGit, record: RescueRecord): Promise<void> {
  const run = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<unknown> =>
    git.run({ args, ...(env === undefined ? {} : { env }) });
  await run(['reset', '--hard', '--quiet', '--no-recurse-submodules', record.head]);
  const { files, index, untracked } = record;
  // Staged work that was not changed afterwards is in the index alone, so the files follow the index then.
  const shown = files ?? index;
  if (shown !== undefined) await run(['read-tree', '-m', '-u', record.head, shown]);
  if (untracked !== undefined) {
    await withEmptyIndex(async env => {
      await run(['read-tree', untracked], env);
      await run(['checkout-index', '--all', '--force', '--quiet'], env);
    });
  }
  if (shown !== undefined) await run(['read-tree', index ?? record.head]);
  if (record.ignoredArchive !== undefined && (await exists(record.ignoredArchive))) {
    await extractArchive(record.ignoredArchive, git.workTree);
  }
}
