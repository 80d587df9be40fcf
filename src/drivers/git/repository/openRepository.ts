import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, isAppError } from '../../../base/errors.js';
import { RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';

/** A repository as people know it, and its common directory if it was recorded. */
export interface RepositoryPlace {
  readonly repository: string;
  readonly commonDir?: string | undefined;
}

/**
 * Git bound to a repository. Where the common directory was recorded nothing is discovered; otherwise it is looked for
 * from the folder that a person chose, never from a worktree of an agent.
 */
export async function openRepository(context: GitContext, place: RepositoryPlace): Promise<RepositoryGit> {
  const { repository: root, commonDir: recorded } = place;
  if (recorded !== undefined && (await isRepository(context, recorded))) {
    context.commonDirs.set(root, recorded);
    return new RepositoryGit(context.git, { root, commonDir: recorded });
  }
  return new RepositoryGit(context.git, { root, commonDir: await findCommonDir(context, root) });
}

/** True for a repository that was deleted since its common directory was recorded, while what is around it is there. */
export async function isRepositoryGone({ repository, commonDir }: RepositoryPlace): Promise<boolean> {
  if (commonDir === undefined) return false;
  const there = await Promise.all([commonDir, repository].map(path => lstat(path).then(isTrue, isFalse)));
  // A disk that is not mounted takes the folder around it along, as a rule.
  return !there.includes(true) && (await lstat(dirname(repository)).then(isTrue, isFalse));
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;

async function findCommonDir(context: GitContext, root: string): Promise<string> {
  const { git, commonDirs } = context;
  const known = commonDirs.get(root);
  if (known !== undefined && (await isRepository(context, known))) return known;
  const args = ['rev-parse', '--path-format=absolute', '--git-common-dir'];
  const found = (
    await git.run({ cwd: root, args, reads: true }).catch((error: unknown) => notThere(root, error))
  ).text();
  commonDirs.set(root, found);
  return found;
}

function notThere(root: string, error: unknown): never {
  if (!isAppError(error, 'worktree.missing')) throw error;
  throw new AppError(
    'git.notRepository',
    `The repository ${root} is not there any more. If it was moved, run \`muster up\` in its new place: its threads come along.`,
    { folder: root },
    { cause: error },
  );
}

/** A repository that was moved leaves nothing here. */
async function isRepository({ looks }: GitContext, commonDir: string): Promise<boolean> {
  return (await looks.at(join(commonDir, 'HEAD'))) !== undefined;
}

/** A path with links resolved as far as it exists. */
export async function canonicalPath(path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === path) return path;
  return realpath(path).catch(async () => join(await canonicalPath(parent), basename(path)));
}

/** True if both name the same place, links in the folders above resolved but not the last name itself. */
export async function isSameEntry(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  if (basename(a) !== basename(b)) return false;
  return (await canonicalPath(dirname(a))) === (await canonicalPath(dirname(b)));
}
