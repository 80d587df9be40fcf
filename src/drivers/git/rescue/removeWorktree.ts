import { cp, mkdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, errorMessage, isAnyAppError } from '../../../base/errors.js';
import type { RemoveWorktree, Rescue, WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { forgottenCommits, keepOrphanIndex, keepUncommitted, makeRescueCommit } from './collectRescue.js';
import type { RepositoryGit, WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { fileAt } from '../command/gitPath.js';
import { openRepository } from '../repository/openRepository.js';
import { exists } from '../worktree/gitDirectory.js';
import { findGitDirectory, openWorktree, registeredAt } from '../worktree/openWorktree.js';
import { changedIgnored, ignoredLimitBytes, writeArchive } from './ignoredArchive.js';
import { sweepLockLeftovers, withRepositoryLock } from '../repository/repositoryLock.js';
import { archiveOf, listRescues, rescueRef, submodulesOf, type RescueRecord } from './rescueRefs.js';
import { listWorktrees } from '../worktree/worktreeList.js';
import { branchHead, worktreeMissing, worktreeStatus } from '../worktree/worktreeStatus.js';

/**
 * A worktree is removed in four steps, each of which a killed host can be followed up from:
 * 1. its folder gets another name, so that nobody finds it by its path while its work is read;
 * 2. everything is kept under a rescue ref (and an archive);
 * 3. `muster-rescued` in its git directory says so: from here on the removal is finished, before it is undone;
 * 4. folder, git directory and branch go.
 */
const asideSuffix = '.removing';
const rescuedMark = 'muster-rescued';
const lockReason = 'Muster is removing this worktree';

export async function removeWorktree(
  context: GitContext,
  worktree: WorktreeRef,
  options: RemoveWorktree = {},
): Promise<Rescue> {
  const repository = await openRepository(context, worktree);
  const { commonDir } = repository;
  return withRepositoryLock({ commonDir, clock: context.clock }, async () => {
    const aside = worktree.path + asideSuffix;
    await settleInterrupted(repository, worktree);
    if (!(await exists(worktree.path))) return removeWithoutFolder(context, repository, worktree);
    if (await exists(aside)) throw failed(worktree, `${aside} is in the way. Move it`);
    // A folder that is not (or no longer) a worktree is nobody's to remove.
    const gitDirectory = await findGitDirectory(commonDir, worktree);
    if (gitDirectory === undefined) throw worktreeMissing(worktree.path);
    await rename(worktree.path, aside).catch((error: unknown) => {
      throw failed(worktree, `it is in use (${errorMessage(error)}). Close what works in it`, error);
    });
    try {
      await writeFile(join(gitDirectory, 'locked'), lockReason);
      const rescue = await keep(context, await openWorktree(context, worktree, { at: aside }), worktree, options);
      await writeFile(join(gitDirectory, rescuedMark), rescue.ref, { flush: true });
      await finish(repository, worktree, { aside, head: rescue.head });
      return rescue;
    } catch (error) {
      if (!(await exists(join(gitDirectory, rescuedMark)))) await putBack(worktree.path, aside, gitDirectory);
      throw isAnyAppError(error) ? error : failed(worktree, errorMessage(error), error);
    }
  });
}

/** Finishes or undoes the removals that an earlier host was killed in, for every worktree of the repository. */
export async function recoverRemovals(context: GitContext, folder: string): Promise<void> {
  const repository = await openRepository(context, { repository: folder });
  const { commonDir } = repository;
  await withRepositoryLock({ commonDir, clock: context.clock }, async () => {
    await sweepLockLeftovers(commonDir, context.clock);
    for (const { path, ref, locked } of await listWorktrees(repository)) {
      if (locked !== lockReason && !(await exists(path + asideSuffix))) continue;
      const branch = ref?.replace(/^refs\/heads\//, '') ?? '';
      await settleInterrupted(repository, { repository: folder, path, branch });
    }
  });
}

async function settleInterrupted(repository: RepositoryGit, worktree: WorktreeRef): Promise<void> {
  const aside = worktree.path + asideSuffix;
  const gitDirectory = await findGitDirectory(repository.commonDir, worktree);
  if (gitDirectory === undefined) return;
  if (await exists(join(gitDirectory, rescuedMark))) {
    const ref = await readFile(join(gitDirectory, rescuedMark), 'utf8');
    const rescue = (await listRescues(repository)).find(found => found.ref === ref);
    if (rescue) await finish(repository, { ...worktree, branch: rescue.branch }, { aside, head: rescue.head });
  } else if ((await exists(aside)) && !(await exists(worktree.path))) {
    await putBack(worktree.path, aside, gitDirectory);
  }
}

async function keep(
  context: GitContext,
  git: WorktreeGit,
  worktree: WorktreeRef,
  options: RemoveWorktree,
): Promise<Rescue> {
  const { clock } = context;
  const aside = git.workTree;
  const status = await worktreeStatus(git);
  const head = (await branchHead(git, worktree, status)) ?? status.head;
  const createdAt = clock.now();
  const ref = rescueRef(worktree.branch, createdAt);
  const { entries, tooLarge } = await changedIgnored(git, {
    path: aside,
    repository: worktree.repository,
    nested: [...status.nested, ...(await submodules(git))],
    limitBytes: options.ignored === undefined ? ignoredLimitBytes : Number.POSITIVE_INFINITY,
  });
  if (tooLarge) throw tooMuchIgnored(worktree, [...new Set(entries.map(({ path }) => path.split('/')[0] ?? ''))]);
  const archive = entries.length > 0 && options.ignored !== 'discard' ? archiveOf(context, ref) : undefined;
  if (archive !== undefined) await writeArchive(archive, aside, entries);
  await keepSubmodules(git, submodulesOf(context, ref));
  const record: RescueRecord = {
    branch: worktree.branch,
    path: worktree.path,
    head,
    createdAt,
    ...(await keepUncommitted(git, status.head === '' ? head : status.head, status)),
    ...(archive === undefined ? {} : { ignoredArchive: archive }),
  };
  const extra = await forgottenCommits(git, { reflogOf: 'HEAD', head, checkedOut: status.head });
  return store(git.repository, ref, record, extra);
}

async function store(git: RepositoryGit, ref: string, record: RescueRecord, extra: readonly string[]): Promise<Rescue> {
  const commit = await makeRescueCommit(git, record, extra);
  // The old value "nothing": a rescue never replaces another.
  await git.run({ args: ['update-ref', ref, commit, '0'.repeat(commit.length)] });
  const { head, branch, createdAt, ignoredArchive } = record;
  return { ref, head, branch, createdAt, ...(ignoredArchive === undefined ? {} : { ignoredArchive }) };
}

/** The folder is gone (deleted by hand): commits and what was staged can still be kept. */
async function removeWithoutFolder(context: GitContext, git: RepositoryGit, worktree: WorktreeRef): Promise<Rescue> {
  const { clock } = context;
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${worktree.branch}^{commit}`];
  const head = (await git.run({ args, reads: true, accept: [0, 1] })).text();
  if (head === '') {
    const earlier = (await listRescues(git)).findLast(({ branch }) => branch === worktree.branch);
    if (earlier) return earlier;
    throw worktreeMissing(worktree.path);
  }
  const gitDirectory = await registeredAt(git.commonDir, worktree.path);
  if (gitDirectory === undefined) {
    // All that a removal left to do was the branch.
    const earlier = (await listRescues(git)).findLast(found => found.branch === worktree.branch && found.head === head);
    if (earlier) {
      await finish(git, worktree, { aside: worktree.path + asideSuffix, head });
      return earlier;
    }
  }
  const createdAt = clock.now();
  const work = gitDirectory === undefined ? {} : await keepOrphanIndex(context, git, gitDirectory, head);
  const extra = await forgottenCommits(git, { reflogOf: worktree.branch, head, checkedOut: head });
  const record: RescueRecord = { branch: worktree.branch, path: worktree.path, head, createdAt, ...work };
  const rescue = await store(git, rescueRef(worktree.branch, createdAt), record, extra);
  await finish(git, worktree, { aside: worktree.path + asideSuffix, head });
  return rescue;
}

async function finish(
  git: RepositoryGit,
  worktree: WorktreeRef,
  removed: { readonly aside: string; readonly head: string },
): Promise<void> {
  await rm(removed.aside, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  const remove = ['worktree', 'remove', '--force', '--force', '--', worktree.path];
  await git.run({ args: remove, accept: [0, 128] });
  const ref = `refs/heads/${worktree.branch}`;
  // A person may have checked the branch out elsewhere, or moved it since it was kept: then it is theirs.
  if ((await listWorktrees(git)).some(other => other.ref === ref)) return;
  await git.run({ args: ['update-ref', '-d', ref, removed.head], accept: [0, 1, 128] });
}

async function putBack(path: string, aside: string, gitDirectory: string): Promise<void> {
  if ((await exists(aside)) && !(await exists(path))) await rename(aside, path);
  await unlink(join(gitDirectory, 'locked')).catch(() => undefined);
}

/** Submodules that were set up in this worktree: their commits live in its git directory and would go with it. */
async function submodules(git: WorktreeGit): Promise<string[]> {
  if (!(await exists(join(git.gitDir, 'modules')))) return [];
  const entries = (await git.run({ args: ['ls-files', '--stage', '-z'], reads: true })).fields();
  const paths = entries.filter(entry => entry.startsWith('160000 ')).map(entry => entry.slice(entry.indexOf('\t') + 1));
  const found: string[] = [];
  for (const submodule of paths) if (await exists(fileAt(git.workTree, `${submodule}/.git`))) found.push(submodule);
  return found;
}

/** Commits made in submodules; next to the archive, which has the submodules' files. */
async function keepSubmodules({ gitDir }: WorktreeGit, target: string): Promise<void> {
  if (!(await exists(join(gitDir, 'modules')))) return;
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await cp(join(gitDir, 'modules'), target, { recursive: true });
}

function failed(worktree: WorktreeRef, reason: string, cause?: unknown): AppError<'worktree.failed'> {
  return new AppError(
    'worktree.failed',
    `The worktree ${worktree.path} was not removed: ${reason}.`,
    { path: worktree.path, reason },
    { cause },
  );
}

function tooMuchIgnored(worktree: WorktreeRef, files: readonly string[]): AppError<'worktree.ignoredTooLarge'> {
  const limit = `${ignoredLimitBytes / 1024 / 1024} MB`;
  return new AppError(
    'worktree.ignoredTooLarge',
    `The worktree ${worktree.path} was not removed: it has more than ${limit} of ignored files that are nowhere else (${files.slice(0, 5).join(', ')}). Say whether to archive or to discard them.`,
    { path: worktree.path, limitBytes: ignoredLimitBytes, files },
  );
}
