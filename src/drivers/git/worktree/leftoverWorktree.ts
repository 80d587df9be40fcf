import { basename, join } from 'node:path';
import { AppError } from '../../../base/errors.js';
import type { CreateWorktree, CreatedWorktree } from '../../../core/workspaces/worktreeDriver.js';
import { branchNames } from './branchName.js';
import type { RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { exists, isSamePath } from './gitDirectory.js';
import { registeredAt } from './openWorktree.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import type { ResolvedBase } from '../repository/resolveBase.js';
import { listWorktrees } from './worktreeList.js';

/** Marks a worktree whose files are still being written; also keeps `git worktree prune` away from it. */
export const unfinishedReason = 'Muster is making this worktree';

/**
 * Something is where a worktree should be made. Left by a host that was killed while it made this very worktree: a
 * complete one is used, a half-made one removed (then the caller makes it anew). Anything else: `worktree.failed`.
 */
export async function takeLeftover(
  context: GitContext,
  repository: RepositoryGit,
  wanted: CreateWorktree,
  base: ResolvedBase,
): Promise<CreatedWorktree | undefined> {
  return withRepositoryLock({ commonDir: base.commonDir, clock: context.clock }, async () => {
    for (const worktree of await listWorktrees(repository)) {
      if (!(await isSamePath(worktree.path, wanted.path))) continue;
      const branch = branchNames(wanted.branch).find(name => worktree.ref === `refs/heads/${name}`);
      if (branch === undefined) break;
      const request = { ...wanted, branch };
      const gitDir = await registeredAt(base.commonDir, wanted.path);
      if (gitDir !== undefined && (await isComplete(gitDir, worktree.locked))) {
        return adopt(repository, base, { branch, head: worktree.head, registeredAs: basename(gitDir) });
      }
      await removeHalfMade(context, repository, request, worktree.head);
      return undefined;
    }
    if (await exists(wanted.path)) {
      throw failed(wanted.path, 'the folder exists and holds something else. Move it away');
    }
    await removeLoneBranch(repository, wanted);
    return undefined;
  });
}

/** Git writes the index when all files are there. */
async function isComplete(gitDir: string, locked: string | undefined): Promise<boolean> {
  return locked !== unfinishedReason && (await exists(join(gitDir, 'index')));
}

async function adopt(
  git: RepositoryGit,
  base: ResolvedBase,
  found: Pick<CreatedWorktree, 'branch' | 'head' | 'registeredAs'>,
): Promise<CreatedWorktree> {
  const args = ['merge-base', base.commit, found.head];
  const output = await git.run({ args, reads: true, accept: [0, 1] });
  return {
    ...found,
    baseRef: base.ref,
    baseCommit: output.text() || base.commit,
    commonDir: base.commonDir,
    claimed: false,
    files: 0,
    notes: [],
  };
}

/** No agent has been in it: the run starts after the worktree is complete. */
async function removeHalfMade(
  { files }: GitContext,
  git: RepositoryGit,
  request: CreateWorktree,
  head: string,
): Promise<void> {
  const remove = ['worktree', 'remove', '--force', '--force', '--', request.path];
  await git.run({ args: remove, accept: [0, 128] });
  await files.removeTree(request.path);
  await git.run({ args: ['update-ref', '-d', `refs/heads/${request.branch}`, head] });
}

/** A branch without a worktree: removed only if every commit of it is in another branch or tag as well. */
export async function removeLoneBranch(
  git: RepositoryGit,
  request: Pick<CreateWorktree, 'branch' | 'path'>,
): Promise<void> {
  const ref = `refs/heads/${request.branch}`;
  const found = await git.run({ args: ['rev-parse', '--verify', '--quiet', ref], reads: true, accept: [0, 1] });
  const head = found.text();
  if (head === '') return;
  const args = ['for-each-ref', '--count=2', `--contains=${head}`, '--format=%(refname)'];
  const holders = (await git.run({ args, reads: true })).text().split('\n');
  if (holders.every(holder => holder === ref || holder === '')) {
    throw failed(request.path, `the branch ${request.branch} exists and has commits of its own. Rename or merge it`);
  }
  await git.run({ args: ['update-ref', '-d', ref, head] });
}

function failed(path: string, reason: string): AppError<'worktree.failed'> {
  return new AppError('worktree.failed', `The worktree ${path} could not be made: ${reason}.`, { path, reason });
}
