import { lstat, readdir } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { AppError } from '../../../base/errors.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { readForeignFile } from '../../../node/foreignFile.js';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { canonicalPath, isSameEntry, openRepository } from '../repository/openRepository.js';
import { checkOwnConfiguration } from './worktreeConfig.js';
import { worktreeMissing } from './worktreeStatus.js';

/** `gitdir: ` and a path: no system has longer ones. */
const longestLink = 8192;

/**
 * Git bound to a thread's worktree, as the host recorded it: the folder is a folder, the git directory is the one below
 * the repository's common directory that knows this folder, and what it says of itself is what git wrote there. What
 * stands in the worktree is not asked. If its `.git` is another one, {@link WorktreeGit.replaced} says so: looking at
 * files and keeping them goes on, committing does not.
 * Errors: `worktree.missing`, `worktree.replaced` (the git directory itself was tampered with).
 */
export async function openWorktree(
  context: GitContext,
  worktree: WorktreeRef,
  options: {
    /** Where the folder is at the moment, if it has another name for a while. */
    readonly at?: string;
  } = {},
): Promise<WorktreeGit> {
  const repository = await openRepository(context, worktree);
  const workTree = options.at ?? worktree.path;
  const folder = await lstat(workTree).catch(() => undefined);
  if (folder === undefined) throw worktreeMissing(worktree.path);
  // A link in its place would make another folder's files this thread's work.
  if (!folder.isDirectory()) throw replaced(worktree.path, 'its folder is not a folder any more');
  const gitDir = await findGitDirectory(repository.commonDir, worktree);
  if (gitDir === undefined) throw worktreeMissing(worktree.path);
  await verifyGitDirectory(repository, { gitDir, path: worktree.path });
  await checkOwnConfiguration(context, repository, { gitDir, path: worktree.path });
  return new WorktreeGit(context.git, { repository, gitDir, workTree, replaced: await entryProblem(workTree, gitDir) });
}

/** The error for a worktree that must not be committed, because its `.git` is not the one that was made. */
export function refuseReplaced(git: WorktreeGit, path: string): void {
  if (git.replaced !== undefined) throw replaced(path, `its .git was replaced: it is ${git.replaced}`);
}

/** Where git keeps a worktree of a repository: as recorded, otherwise the directory that names its path. */
export async function findGitDirectory(
  commonDir: string,
  worktree: Pick<WorktreeRef, 'path' | 'registeredAs'>,
): Promise<string | undefined> {
  const { path, registeredAs } = worktree;
  if (registeredAs !== undefined) {
    if (!isName(registeredAs)) return undefined;
    const directory = join(commonDir, 'worktrees', registeredAs);
    return (await isFolder(directory)) ? directory : undefined;
  }
  return registeredAt(commonDir, path);
}

/** The git directory whose `gitdir` names this worktree. Git calls it after the folder, so that one is tried first. */
export async function registeredAt(commonDir: string, path: string): Promise<string | undefined> {
  const all = join(commonDir, 'worktrees');
  const likely = basename(path);
  if (await names(join(all, likely), path)) return join(all, likely);
  for (const name of await readdir(all).catch(() => [])) {
    if (name !== likely && (await names(join(all, name), path))) return join(all, name);
  }
  return undefined;
}

async function verifyGitDirectory(
  { commonDir }: RepositoryGit,
  { gitDir, path }: { readonly gitDir: string; readonly path: string },
): Promise<void> {
  if (!(await names(gitDir, path))) throw replaced(path, 'its git directory belongs to another folder');
  const common = await linkIn(join(gitDir, 'commondir'));
  if (common === undefined || (await canonicalPath(resolve(gitDir, common))) !== (await canonicalPath(commonDir))) {
    throw replaced(path, 'its git directory points to another repository');
  }
  const head = await linkIn(join(gitDir, 'HEAD'));
  if (head === undefined || !/^(?:ref: refs\/.+|[0-9a-f]{40}(?:[0-9a-f]{24})?)$/.test(head)) {
    throw replaced(path, 'the HEAD of its git directory is not one that git writes');
  }
}

/** What stands at `.git` of a worktree, in words that follow "it is"; undefined if it is the link that git wrote. */
export async function entryProblem(workTree: string, gitDir: string): Promise<string | undefined> {
  const file = await readForeignFile(join(workTree, '.git'), { maxBytes: longestLink }).catch(() => undefined);
  if (file === undefined) return 'a file that cannot be read';
  switch (file.kind) {
    case 'missing':
      return 'missing';
    case 'refused':
      return file.reason.replace(/^it is /, '');
    case 'file': {
      const link = linkText(file.bytes);
      if (!link.startsWith('gitdir: ')) return 'a file with other contents';
      const target = resolve(workTree, link.slice('gitdir: '.length));
      return (await canonicalPath(target)) === (await canonicalPath(gitDir)) ? undefined : `a link to ${target}`;
    }
  }
}

/** True if this git directory says that its worktree is at `path`. */
async function names(gitDir: string, path: string): Promise<boolean> {
  const link = await linkIn(join(gitDir, 'gitdir'));
  if (link === undefined) return false;
  return isSameEntry(isAbsolute(link) ? link : resolve(gitDir, link), join(path, '.git'));
}

async function linkIn(file: string): Promise<string | undefined> {
  const found = await readForeignFile(file, { maxBytes: longestLink }).catch(() => undefined);
  return found?.kind === 'file' && !found.truncated ? linkText(found.bytes) : undefined;
}

function linkText(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/[\r\n]+$/, '');
}

function isName(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !/[/\\\0]/.test(text);
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}

function replaced(path: string, what: string): AppError<'worktree.replaced'> {
  return new AppError(
    'worktree.replaced',
    `The agent replaced .git in ${path}: ${what}. Its files are as they are; nothing of them was committed.`,
    { path, what },
  );
}
