import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { AppError } from '../../../base/errors.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { canonicalPath, isSameEntry, openRepository } from '../repository/openRepository.js';
import { ownConfigurationProblem } from './worktreeConfig.js';
import { worktreeMissing } from './worktreeStatus.js';
import { glanceInto, namesIn } from '../../../node/looks.js';

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
  const { commonDir: recorded } = worktree;
  const workTree = options.at ?? worktree.path;
  // A run waits for these looks, so that those which do not need each other are taken at the same time. Both disks have
  // answered then, and what follows are glances.
  const [repository, folder, asRecorded] = await Promise.all([
    openRepository(context, worktree),
    context.looks.at(workTree),
    recorded === undefined ? undefined : findGitDirectory(context, recorded, worktree),
  ]);
  const { commonDir } = repository;
  const gitDir = commonDir === recorded ? asRecorded : await findGitDirectory(context, commonDir, worktree);
  if (folder === undefined) throw worktreeMissing(worktree.path);
  // A link in its place would make another folder's files this thread's work.
  if (!folder.isDirectory()) throw replaced(worktree.path, 'its folder is not a folder any more');
  if (gitDir === undefined) throw worktreeMissing(worktree.path);
  const [record, configuration, entry] = await Promise.all([
    recordProblem(repository, gitDir, worktree.path),
    ownConfigurationProblem(repository, gitDir),
    entryProblem(workTree, gitDir),
  ]);
  const problem = record?.what ?? configuration;
  if (problem !== undefined) throw replaced(worktree.path, problem);
  return new WorktreeGit(context.git, { repository, gitDir, workTree, replaced: entry });
}

/** Errors: `worktree.replaced`, when a worktree's own configuration could make git run something. */
export async function refuseOwnConfiguration(
  repository: RepositoryGit,
  worktree: { readonly gitDir: string; readonly path: string },
): Promise<void> {
  const problem = await ownConfigurationProblem(repository, worktree.gitDir);
  if (problem !== undefined) throw replaced(worktree.path, problem);
}

/** The error for a worktree that must not be committed, because its `.git` is not the one that was made. */
export function refuseReplaced(git: WorktreeGit, path: string): void {
  if (git.replaced !== undefined) throw replaced(path, `it is ${git.replaced}`);
}

/** Where git keeps a worktree of a repository: as recorded, otherwise the directory that names its path. */
export async function findGitDirectory(
  { looks }: Pick<GitContext, 'looks'>,
  commonDir: string,
  worktree: Pick<WorktreeRef, 'path' | 'registeredAs'>,
): Promise<string | undefined> {
  const { path, registeredAs } = worktree;
  if (registeredAs !== undefined) {
    if (!isName(registeredAs)) return undefined;
    const directory = join(commonDir, 'worktrees', registeredAs);
    return (await looks.at(directory))?.isDirectory() ? directory : undefined;
  }
  return registeredAt(commonDir, path);
}

/** The git directory whose `gitdir` names this worktree. Git calls it after the folder, so that one is tried first. */
export async function registeredAt(commonDir: string, path: string): Promise<string | undefined> {
  const all = join(commonDir, 'worktrees');
  const likely = basename(path);
  if (await names(join(all, likely), path)) return join(all, likely);
  // Links in the folders above are followed once, and not for each of hundreds of worktrees.
  const wanted = await canonicalPath(path);
  for (const name of await namesIn(all)) {
    const link = name === likely ? undefined : linkIn(join(all, name), 'gitdir');
    if (link === undefined || basename(link) !== '.git') continue;
    const folder = dirname(isAbsolute(link) ? link : resolve(join(all, name), link));
    if (folder === path || (await canonicalPath(folder)) === wanted) return join(all, name);
  }
  return undefined;
}

/** What in git's record of a worktree is not what git wrote there; undefined if all is well. */
export async function recordProblem(
  { commonDir }: RepositoryGit,
  gitDir: string,
  path: string,
): Promise<{ readonly file: 'gitdir' | 'commondir' | 'HEAD'; readonly what: string } | undefined> {
  if (!(await names(gitDir, path))) return { file: 'gitdir', what: 'its git directory belongs to another folder' };
  const common = linkIn(gitDir, 'commondir');
  if (common === undefined || !(await isSamePlace(resolve(gitDir, common), commonDir))) {
    return { file: 'commondir', what: 'its git directory points to another repository' };
  }
  const head = linkIn(gitDir, 'HEAD');
  if (head === undefined || !/^(?:ref: refs\/.+|[0-9a-f]{40}(?:[0-9a-f]{24})?)$/.test(head)) {
    return { file: 'HEAD', what: 'the HEAD of its git directory is not one that git writes' };
  }
  return undefined;
}

/** What stands at `.git` of a worktree, in words that follow "it is"; undefined if it is the link that git wrote. */
export async function entryProblem(workTree: string, gitDir: string): Promise<string | undefined> {
  const file = glanceInto(join(workTree, '.git'), { maxBytes: longestLink });
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
      return (await isSamePlace(target, gitDir)) ? undefined : `a link to ${target}`;
    }
  }
}

async function isSamePlace(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [one, other] = await Promise.all([canonicalPath(a), canonicalPath(b)]);
  return one === other;
}

/** True if this git directory says that its worktree is at `path`. */
async function names(gitDir: string, path: string): Promise<boolean> {
  const link = linkIn(gitDir, 'gitdir');
  if (link === undefined) return false;
  return isSameEntry(isAbsolute(link) ? link : resolve(gitDir, link), join(path, '.git'));
}

function linkIn(gitDir: string, name: string): string | undefined {
  const found = glanceInto(join(gitDir, name), { maxBytes: longestLink });
  return found?.kind === 'file' && !found.truncated ? linkText(found.bytes) : undefined;
}

function linkText(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/[\r\n]+$/, '');
}

function isName(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !/[/\\\0]/.test(text);
}

function replaced(path: string, what: string): AppError<'worktree.replaced'> {
  return new AppError(
    'worktree.replaced',
    `The agent replaced .git in ${path}: ${what}. Nothing was committed, and its files are as they are. \`muster worktrees repair\` puts it right and keeps what the agent put there.`,
    { path, what },
  );
}
