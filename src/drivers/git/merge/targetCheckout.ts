import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { NotMerged } from '../../../core/merges/mergeDriver.js';
import { readForeignFile } from '../../../node/foreignFile.js';
import { glanceAt } from '../../../node/looks.js';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { refuseOwnConfiguration, registeredAt } from '../worktree/openWorktree.js';
import { listWorktrees, type ListedWorktree } from '../worktree/worktreeList.js';
import { blocked } from './mergeOutcomes.js';

/** Worktrees that have the target checked out and whose folders are there. */
export async function checkoutsOf(repository: RepositoryGit, target: string): Promise<ListedWorktree[]> {
  const worktrees = await listWorktrees(repository);
  return worktrees.filter(({ ref, prunable, bare }) => ref === `refs/heads/${target}` && !prunable && !bare);
}

/** Git bound to a checkout of the repository, wherever that is. Errors: `worktree.replaced`. */
export async function openCheckout(context: GitContext, repository: RepositoryGit, path: string): Promise<WorktreeGit> {
  const linked = isMain(repository, path) ? undefined : await registeredAt(repository.commonDir, path);
  // It may be a thread's worktree, with a configuration that an agent wrote.
  if (linked !== undefined) await refuseOwnConfiguration(repository, { gitDir: linked, path });
  return new WorktreeGit(context.git, { repository, gitDir: linked ?? repository.commonDir, workTree: path });
}

/** The checkout around the git directory itself: what is registered beside it, by whomever, does not make it another one. */
function isMain({ commonDir }: RepositoryGit, path: string): boolean {
  return join(path, '.git') === commonDir && glanceAt(commonDir)?.isDirectory() === true;
}

/**
 * A checkout that cannot be reached, or that git takes for none: moving the branch alone would leave it behind, and the next
 * commit in it would take the merge back.
 */
export async function whyUnreachable(
  repository: RepositoryGit,
  target: string,
  checkouts: readonly ListedWorktree[],
): Promise<NotMerged | undefined> {
  for (const { path, locked } of checkouts) {
    if (path === repository.commonDir) {
      const message = `${target} is checked out somewhere else than beside its git directory ${path}, and nothing says where. Run \`git -C ${path} config core.worktree <folder of the checkout>\`, then merge again.`;
      return blocked('target_unreachable', message);
    }
    // A checkout whose folder is gone, or whose disk is, holds no target back.
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) continue;
    const reason = locked === undefined || locked === '' ? '' : ` (${locked})`;
    const message = `${target} is checked out in ${path}, which is not there now; the worktree is locked${reason}. Plug in the disk it is on and merge again. If it is gone for good: \`git worktree unlock ${path} && git worktree prune\`.`;
    return blocked('target_unreachable', message);
  }
  return await bareByMistake(repository, target);
}

/** `core.bare=true` in a repository whose main checkout has an index: some tool left it behind. */
async function bareByMistake({ commonDir }: RepositoryGit, target: string): Promise<NotMerged | undefined> {
  if (basename(commonDir) !== '.git') return undefined;
  // A repository without an index has no checkout.
  const index = await lstat(join(commonDir, 'index')).catch(() => undefined);
  if (index === undefined) return undefined;
  const head = await readForeignFile(join(commonDir, 'HEAD'), { maxBytes: 4096 });
  if (head.kind !== 'file' || head.bytes.toString('utf8').trim() !== `ref: refs/heads/${target}`) return undefined;
  const checkout = dirname(commonDir);
  const config = await readForeignFile(join(commonDir, 'config'), { maxBytes: 1024 * 1024 });
  if (config.kind !== 'file' || !/^\s*bare\s*=\s*(true|yes|on|1)\s*$/im.test(config.bytes.toString('utf8')))
    return undefined;
  const message = `${target} is checked out in ${checkout}, but core.bare is set there, so git does not see it as a checkout. Run \`git -C ${commonDir} config core.bare false\`, then merge again.`;
  return blocked('target_unreachable', message);
}
