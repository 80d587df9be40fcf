import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, errorMessage, isAnyAppError, isAppError } from '../../../base/errors.js';
import type {
  EnsuredWorktree,
  RepairedWorktree,
  WorktreeRecord,
  WorktreeRef,
} from '../../../core/workspaces/worktreeDriver.js';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { exists } from './gitDirectory.js';
import { entryProblem, findGitDirectory, openWorktree, recordProblem, refuseReplaced } from './openWorktree.js';
import { ownConfigurationProblem } from './worktreeConfig.js';
import { worktreeMissing } from './worktreeStatus.js';
import { lookAt } from '../../../node/looks.js';

/**
 * Makes sure that a worktree is there and the one that was made. One whose folder was deleted is made again from its branch,
 * with what was staged in it. Errors: `worktree.replaced`, `worktree.failed`.
 */
export async function ensureWorktree(context: GitContext, worktree: WorktreeRef): Promise<EnsuredWorktree> {
  try {
    const git = await openWorktree(context, worktree);
    refuseReplaced(git, worktree.path);
    return { ...recordOf(git), madeAgain: false };
  } catch (error) {
    if (!isAppError(error, 'worktree.missing')) throw error;
    return { ...(await repairWorktree(context, worktree)), madeAgain: true };
  }
}

/**
 * Makes git's link to a worktree, and git's record of it, what they were when the worktree was made. What stood in their
 * place is moved beside the worktree, never deleted; files stay as they are. Errors: `worktree.failed`, `worktree.missing`
 * (its branch is gone as well).
 */
export async function repairWorktree(context: GitContext, worktree: WorktreeRef): Promise<RepairedWorktree> {
  const repository = await openRepository(context, worktree);
  const { commonDir } = repository;
  return withRepositoryLock({ commonDir, clock: context.clock }, async () => {
    const aside = new SetAside(worktree.path, context.clock.now());
    try {
      const gitDir =
        (await findGitDirectory(context, commonDir, worktree)) ??
        join(commonDir, 'worktrees', worktree.registeredAs ?? basename(worktree.path));
      await repairRecord(repository, { gitDir, worktree, aside });
      const git = new WorktreeGit(context.git, { repository, gitDir, workTree: worktree.path });
      const fresh = await repairFolder(worktree.path, aside);
      if ((await entryProblem(worktree.path, gitDir)) !== undefined) {
        await aside.put(join(worktree.path, '.git'), `gitdir: ${gitDir}\n`);
      }
      await fillIn(git, fresh);
      return { ...recordOf(git), setAside: aside.moved };
    } catch (error) {
      if (isAnyAppError(error) && error.code !== 'git.failed') throw error;
      const reason = errorMessage(error);
      const text = `The worktree ${worktree.path} could not be repaired: ${reason}`;
      throw new AppError('worktree.failed', text, { path: worktree.path, reason }, { cause: error });
    }
  });
}

/** What was in the way goes beside the worktree, where neither git nor the agent's next command takes it for something. */
class SetAside {
  readonly moved: string[] = [];
  readonly #path: string;
  readonly #stamp: string;

  constructor(path: string, now: number) {
    this.#path = path;
    this.#stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  }

  /** Puts a file of ours where something else may stand; links and FIFOs are moved, never written through. */
  async put(file: string, text: string): Promise<void> {
    await this.move(file);
    await writeFile(file, text, { flag: 'wx' });
  }

  async move(file: string): Promise<void> {
    if (!(await isThere(file))) return;
    for (let number = 1; ; number++) {
      const target = `${this.#path}.set-aside-${this.#stamp}-${number}${basename(file)}`;
      if (await isThere(target)) continue;
      await rename(file, target);
      this.moved.push(target);
      return;
    }
  }
}

async function requireBranch(repository: RepositoryGit, { path, branch }: WorktreeRef): Promise<void> {
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`];
  const found = await repository.run({ args, reads: true, accept: [0, 1] });
  if (found.exitCode !== 0) throw worktreeMissing(path);
}

/** Git's own record of the worktree: `gitdir`, `commondir`, `HEAD` and no configuration that could run something. */
async function repairRecord(
  repository: RepositoryGit,
  broken: { readonly gitDir: string; readonly worktree: WorktreeRef; readonly aside: SetAside },
): Promise<void> {
  const { gitDir, worktree, aside } = broken;
  const folder = await lookAt(gitDir);
  if (folder !== undefined && !folder.isDirectory()) await aside.move(gitDir);
  await mkdir(gitDir, { recursive: true });
  for (let problem = await recordProblem(repository, gitDir, worktree.path); problem !== undefined;) {
    if (problem.file === 'HEAD') await requireBranch(repository, worktree);
    await aside.put(join(gitDir, problem.file), rightRecord(problem.file, worktree));
    const next = await recordProblem(repository, gitDir, worktree.path);
    if (next?.file === problem.file) throw new Error(`${next.what} and that could not be changed`);
    problem = next;
  }
  if ((await ownConfigurationProblem(repository, gitDir)) !== undefined) {
    await aside.move(join(gitDir, 'config.worktree'));
  }
  await rm(join(gitDir, 'locked'), { force: true });
}

function rightRecord(file: 'gitdir' | 'commondir' | 'HEAD', worktree: WorktreeRef): string {
  switch (file) {
    case 'gitdir':
      return `${join(worktree.path, '.git')}\n`;
    case 'commondir':
      return '../..\n';
    case 'HEAD':
      return `ref: refs/heads/${worktree.branch}\n`;
  }
}

/** True if there was no folder, so that every file of it has to be written. */
async function repairFolder(path: string, aside: SetAside): Promise<boolean> {
  const folder = await lookAt(path);
  if (folder?.isDirectory() === true) return false;
  if (folder !== undefined) await aside.move(path);
  await mkdir(dirname(path), { recursive: true });
  await mkdir(path);
  return true;
}

/** A lost index is made again from the commit; files are written only into a folder that was not there. */
async function fillIn(git: WorktreeGit, fresh: boolean): Promise<void> {
  if (!(await exists(join(git.gitDir, 'index')))) await git.run({ args: ['read-tree', 'HEAD'] });
  // From the index, so that what was staged comes back too; conflicts in it are no file of anyone.
  if (fresh) await git.run({ args: ['checkout-index', '--all', '--index', '--quiet'], accept: [0, 1, 128] });
}

function recordOf({ repository, gitDir }: WorktreeGit): WorktreeRecord {
  return { commonDir: repository.commonDir, registeredAs: basename(gitDir) };
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
