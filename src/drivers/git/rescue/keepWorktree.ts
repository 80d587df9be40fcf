import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorMessage, isAnyAppError, isAppError } from '../../../base/errors.js';
import type { Rescue } from '../../../core/workspaces/rescue.js';
import type { Removal } from '../../../core/workspaces/worktreeOperation.js';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { binary, binaryPath } from '../command/gitPath.js';
import { isRepositoryGone, openRepository } from '../repository/openRepository.js';
import { findGitDirectory, openWorktree } from '../worktree/openWorktree.js';
import { branchHead, worktreeMissing, worktreeStatus } from '../worktree/worktreeStatus.js';
import { forgottenCommits, keepOrphanIndex, keepUncommitted, makeRescueCommit, type KeptWork } from './keepWork.js';
import { findSubmodules } from './submodules.js';
import { writeArchive, type ArchivedFolder } from './rescueArchive.js';
import { archiveFolders, archivePath, asidePath, removalReason, rescueFolder } from './rescuePlace.js';
import { bytesOf, everythingIn, findFiles, findRepositories } from './worktreeFiles.js';

/** Above it a person decides: this is the size of dependencies and build output, not of configuration. */
export const ignoredLimitBytes = 10 * 1024 * 1024;

/**
 * Sets the folder aside, so that nobody finds it by its path while its work is read, and keeps everything. Whatever fails
 * on the way can be undone by {@link putBack}; nothing is removed.
 */
export async function keepWorktree(context: GitContext, removal: Removal): Promise<Rescue> {
  const { worktree } = removal;
  if (await isRepositoryGone(worktree)) return keepAlone(context, removal);
  const repository = await openRepository(context, worktree);
  const gitDir = await findGitDirectory(context, repository.commonDir, worktree);
  try {
    if (!(await isFolder(worktree.path))) return await keepWithoutFolder(context, { removal, repository, gitDir });
    const head = await branchCommit(repository, worktree.branch);
    // A folder that is not (or no longer) a worktree is nobody's to remove.
    if (gitDir === undefined && head === undefined) throw worktreeMissing(worktree.path);
    await setAside(context, removal, gitDir);
    const kept = await keepFolder(context, { removal, repository, head });
    return await makeRescue({ removal, repository, kept });
  } catch (error) {
    throw isAnyAppError(error) ? error : failed(removal, errorMessage(error), error);
  }
}

/** Undoes {@link keepWorktree}, however far it came. */
export async function putBack(context: GitContext, removal: Removal): Promise<void> {
  const { files } = context;
  const { worktree, ref, rescue } = removal;
  const aside = asidePath(removal);
  if (await isThere(aside)) {
    if (await isThere(worktree.path)) {
      throw failed(removal, `its files are in ${aside}, and there is something at its place again. Move that away`);
    }
    await files.rename(aside, worktree.path);
  }
  await files.removeTree(rescueFolder(context, { id: rescue }));
  try {
    const repository = await openRepository(context, worktree);
    const gitDir = await findGitDirectory(context, repository.commonDir, worktree);
    if (gitDir !== undefined) await files.removeFile(join(gitDir, 'locked'));
    // Nobody else makes refs of this name, and what it kept is in the worktree again.
    await repository.run({ args: ['update-ref', '-d', ref], accept: [0, 1, 128] });
  } catch (error) {
    // The repository itself is gone; the files are where they were, and that is what counts.
    if (!isAnyAppError(error)) throw error;
    context.log.warn('A repository could not be tidied up', { path: worktree.path, reason: errorMessage(error) });
  }
}

interface Subject {
  readonly removal: Removal;
  readonly repository: RepositoryGit;
}

/** What was found to keep; paths are for people. */
interface Kept {
  readonly head: string;
  readonly work: KeptWork;
  readonly extra: readonly string[];
  readonly archived: boolean;
  readonly nested: readonly string[];
  readonly refused: readonly string[];
  readonly submodules: Rescue['submodules'];
  readonly made?: readonly string[];
  readonly leftover: readonly string[];
}

async function setAside({ files }: GitContext, removal: Removal, gitDir: string | undefined): Promise<void> {
  // Keeps `git worktree prune` away from a worktree whose folder is not there for a while.
  if (gitDir !== undefined) await files.write(join(gitDir, 'locked'), removalReason(removal));
  await files.rename(removal.worktree.path, asidePath(removal)).catch((error: unknown) => {
    throw failed(removal, `it is in use (${errorMessage(error)}). Close what works in it`, error);
  });
}

async function keepFolder(
  context: GitContext,
  { removal, repository, head }: Subject & { readonly head: string | undefined },
): Promise<Kept> {
  try {
    const git = await openWorktree(context, removal.worktree, { at: asidePath(removal) });
    return await keepByGit(context, removal, git);
  } catch (error) {
    if (isAppError(error, 'worktree.ignoredTooLarge') || head === undefined) throw error;
    // Its git directory or index is not what git can read: the files are kept as they are, beside the branch's commits.
    context.log.warn('A worktree is kept without git', { path: removal.worktree.path, reason: errorMessage(error) });
    return keepWhole(context, { removal, repository, head });
  }
}

async function keepByGit(context: GitContext, removal: Removal, git: WorktreeGit): Promise<Kept> {
  const { worktree, ignored } = removal;
  const found = await worktreeStatus(git);
  // What a hook made is kept as well: nobody knows whether it would make it again.
  const status = { ...found, untracked: [...found.untracked, ...found.made] };
  const head = (await branchHead(git, worktree, status)) ?? status.head;
  const { work, refused } = await keepUncommitted(git, status.head === '' ? head : status.head, status);
  const nested = await findRepositories(git.workTree);
  const ignoredFiles = await findFiles({
    root: git.workTree,
    checkout: worktree.repository,
    nested,
    refused: [],
    ignored: ignored === 'discard' ? [] : await ignoredPaths(git),
    limitBytes: ignored === undefined ? ignoredLimitBytes : Number.POSITIVE_INFINITY,
  });
  if (ignoredFiles.tooLarge !== undefined) throw tooMuchIgnored(removal, ignoredFiles.tooLarge.map(binaryPath));
  const unkept = await findFiles({ ...wholly, root: git.workTree, checkout: git.workTree, refused });
  const submodules = await findSubmodules(git, nested);
  const folders = [
    { name: archiveFolders.files, root: git.workTree, entries: ignoredFiles.entries },
    { name: archiveFolders.work, root: git.workTree, entries: unkept.entries },
    await contentsOf(archiveFolders.modules, join(git.gitDir, 'modules')),
    // A repository that the agent made in place of the link to its own.
    ...(git.replaced === undefined ? [] : [await contentsOf(archiveFolders.git, join(git.workTree, '.git'))]),
  ];
  const archive = await archived(context, removal, folders);
  return {
    head,
    work,
    extra: await forgottenCommits(git, { reflogOf: 'HEAD', head, checkedOut: status.head }),
    nested: nested.map(binaryPath),
    refused: [
      ...new Set([
        ...unkept.entries.filter(({ kind }) => kind !== 'folder').map(({ path }) => path),
        ...unkept.special,
        ...ignoredFiles.special,
      ]),
    ].map(binaryPath),
    submodules,
    made: found.made,
    ...archive,
  };
}

const wholly = { nested: [], refused: [], ignored: [], limitBytes: Number.POSITIVE_INFINITY };

/** Files of an unusable worktree, all of them, as they are. */
async function keepWhole(
  context: GitContext,
  { removal, repository, head }: Subject & { readonly head: string },
): Promise<Kept> {
  const root = asidePath(removal);
  const { entries } = await contentsOf(archiveFolders.work, root);
  const own = entries.filter(({ path }) => path !== '.git' && !path.startsWith('.git/'));
  const folders = [
    { name: archiveFolders.work, root, entries: own },
    await contentsOf(archiveFolders.git, join(root, '.git')),
  ];
  return {
    head,
    work: {},
    extra: await forgottenCommits(repository, { reflogOf: removal.worktree.branch, head, checkedOut: head }),
    nested: (await findRepositories(root)).map(binaryPath),
    refused: [],
    submodules: [],
    ...(await archived(context, removal, folders)),
  };
}

async function contentsOf(name: string, root: string): Promise<ArchivedFolder> {
  return { name, root, entries: await everythingIn(root) };
}

async function archived(
  context: GitContext,
  removal: Removal,
  folders: readonly ArchivedFolder[],
): Promise<Pick<Kept, 'archived' | 'leftover'>> {
  if (folders.every(({ entries }) => entries.length === 0)) return { archived: false, leftover: [] };
  const unreadable = await writeArchive(context.files, archivePath(context, { id: removal.rescue }), folders);
  const leftover = unreadable.map(path => {
    const folder = folders.find(({ name }) => path.startsWith(`${name}/`));
    return binary(bytesOf(folder?.root ?? '', path.slice((folder?.name.length ?? 0) + 1)));
  });
  return { archived: true, leftover };
}

async function ignoredPaths(git: WorktreeGit): Promise<readonly string[]> {
  const args = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];
  return (await git.run({ args, reads: true })).records().map(path => binary(path).replace(/\/$/, ''));
}

/** The repository was deleted: there are no commits to keep, only files, and nothing but their archive to bring back. */
async function keepAlone(context: GitContext, removal: Removal): Promise<Rescue> {
  const { worktree, ref, startedAt } = removal;
  await setAside(context, removal, undefined);
  const folders = [await contentsOf(archiveFolders.work, asidePath(removal))];
  return {
    id: removal.rescue,
    threadId: removal.thread,
    ref,
    repository: worktree.repository,
    commit: '',
    head: '',
    branch: worktree.branch,
    path: worktree.path,
    createdAt: startedAt,
    nested: [],
    refused: [],
    submodules: [],
    ...(await archived(context, removal, folders)),
  };
}

/** The folder is gone (deleted by hand): commits and what was staged can still be kept. */
async function keepWithoutFolder(
  context: GitContext,
  { removal, repository, gitDir }: Subject & { readonly gitDir: string | undefined },
): Promise<Rescue> {
  const { worktree } = removal;
  const head = await branchCommit(repository, worktree.branch);
  if (head === undefined) throw worktreeMissing(worktree.path);
  const orphan =
    gitDir === undefined ? undefined : new WorktreeGit(context.git, { repository, gitDir, workTree: gitDir });
  const folders = gitDir === undefined ? [] : [await contentsOf(archiveFolders.modules, join(gitDir, 'modules'))];
  const kept: Kept = {
    head,
    work: orphan === undefined ? {} : await keepOrphanIndex(orphan, head),
    extra: await forgottenCommits(repository, { reflogOf: worktree.branch, head, checkedOut: head }),
    nested: [],
    refused: [],
    submodules: [],
    ...(await archived(context, removal, folders)),
  };
  return makeRescue({ removal, repository, kept });
}

async function makeRescue({ removal, repository, kept }: Subject & { readonly kept: Kept }): Promise<Rescue> {
  const { worktree, ref, startedAt } = removal;
  const { work, extra, head, ...rest } = kept;
  const facts = { branch: worktree.branch, path: worktree.path, head, createdAt: startedAt, ...work };
  const commit = await makeRescueCommit(repository, facts, extra);
  // The old value "nothing": a rescue never replaces another.
  await repository.run({ args: ['update-ref', ref, commit, '0'.repeat(commit.length)] });
  return {
    id: removal.rescue,
    threadId: removal.thread,
    ref,
    repository: worktree.repository,
    commit,
    ...facts,
    ...rest,
  };
}

async function branchCommit(git: RepositoryGit, branch: string): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`];
  return (await git.run({ args, reads: true, accept: [0, 1] })).text() || undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function failed({ worktree }: Removal, reason: string, cause?: unknown): AppError<'worktree.failed'> {
  return new AppError(
    'worktree.failed',
    `The worktree ${worktree.path} was not removed: ${reason}.`,
    { path: worktree.path, reason },
    { cause },
  );
}

function tooMuchIgnored({ worktree }: Removal, files: readonly string[]): AppError<'worktree.ignoredTooLarge'> {
  const limit = `${ignoredLimitBytes / 1024 / 1024} MB`;
  return new AppError(
    'worktree.ignoredTooLarge',
    `The worktree ${worktree.path} was not removed: it has more than ${limit} of ignored files that are nowhere else (${files.slice(0, 5).join(', ')}). Say whether to archive or to discard them.`,
    { path: worktree.path, limitBytes: ignoredLimitBytes, files },
  );
}
