import { mkdir, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAnyAppError } from '../../../base/errors.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { withEmptyIndex } from './collectRescue.js';
import { exists, gitDirectoryOf } from '../worktree/gitDirectory.js';
import { quietly, type GitContext } from '../command/gitContext.js';
import { extractArchive } from './ignoredArchive.js';
import { worktreeFailed } from '../repository/inspectRepository.js';
import { unfinishedReason } from '../worktree/leftoverWorktree.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { readRescue, type RescueRecord } from './rescueRefs.js';

/** Makes the worktree again as it was when it was removed. Errors: `rescue.unknown`, `worktree.failed`. */
export async function restoreWorktree(
  context: GitContext,
  repository: string,
  rescue: string,
  target: WorktreeRef,
): Promise<{ readonly head: string }> {
  const { git, clock, log } = context;
  const record = await readRescue(context, repository, rescue);
  if (await exists(target.path))
    throw worktreeFailed(target.path, new Error('there is already something at this path'));
  const common = ['rev-parse', '--path-format=absolute', '--git-common-dir'];
  const commonDir = (await git.run({ cwd: repository, args: common, reads: true })).text();
  let registered = false;
  let madeBranch = false;
  try {
    await withRepositoryLock({ commonDir, clock }, async () => {
      await mkdir(dirname(target.path), { recursive: true });
      madeBranch = await ensureBranch(context, repository, target.branch, record.head);
      const options = ['--quiet', '--no-checkout', '--lock', '--reason', unfinishedReason];
      const args = ['worktree', 'add', ...options, '--', target.path, target.branch];
      await git.run({ cwd: repository, config: quietly, args });
      registered = true;
    });
    await restoreFiles(context, target.path, record);
    const gitDirectory = await gitDirectoryOf(target.path);
    if (gitDirectory !== undefined) await unlink(join(gitDirectory, 'locked'));
    return { head: record.head };
  } catch (error) {
    if (registered) {
      const args = ['worktree', 'remove', '--force', '--force', '--', target.path];
      await git.run({ cwd: repository, config: quietly, args, accept: [0, 128] });
      await rm(target.path, { recursive: true, force: true });
    }
    if (madeBranch) {
      const args = ['update-ref', '-d', `refs/heads/${target.branch}`, record.head];
      await git.run({ cwd: repository, config: quietly, args, accept: [0, 1, 128] });
    }
    log.warn('A worktree could not be restored; its kept work is untouched', { rescue, path: target.path });
    throw isAnyAppError(error) && error.code !== 'git.failed' ? error : worktreeFailed(target.path, error);
  }
}

/** The branch may still be there (a person had it checked out); it must then be exactly where it was kept. */
async function ensureBranch({ git }: GitContext, cwd: string, branch: string, head: string): Promise<boolean> {
  const ref = `refs/heads/${branch}`;
  const args = ['rev-parse', '--verify', '--quiet', ref];
  const found = (await git.run({ cwd, args, reads: true, accept: [0, 1] })).text();
  if (found === head) return false;
  if (found !== '') throw new Error(`the branch ${branch} exists and has moved on`);
  const message = ['-m', 'muster: restore'];
  await git.run({ cwd, config: quietly, args: ['update-ref', ...message, ref, head, '0'.repeat(head.length)] });
  return true;
}

async function restoreFiles(context: GitContext, path: string, record: RescueRecord): Promise<void> {
  const { git } = context;
  const run = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<unknown> =>
    git.run({ cwd: path, config: quietly, args, ...(env === undefined ? {} : { env }) });
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
    await extractArchive(record.ignoredArchive, path);
  }
}
