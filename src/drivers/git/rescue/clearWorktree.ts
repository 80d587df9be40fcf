import { dirname, join } from 'node:path';
import type { Rescue } from '../../../core/workspaces/rescue.js';
import type { Removal } from '../../../core/workspaces/worktreeOperation.js';
import type { RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { pathBytes, pathText, binary } from '../command/gitPath.js';
import { isRepositoryGone, openRepository } from '../repository/openRepository.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { findGitDirectory, registeredAt } from '../worktree/openWorktree.js';
import { listWorktrees } from '../worktree/worktreeList.js';
import { asidePath, earlierPlaces, removalReason, rescueFolder } from './rescuePlace.js';
import { lookAt, lookInto } from '../../../node/looks.js';

/** `keepsBranch`: it is somebody else's than ours. */
interface Clearing {
  readonly removal: Removal;
  readonly rescue: Rescue;
  readonly keepsBranch?: boolean;
}

/** Removes what was kept. Answers, for people, the paths that are left. */
export async function clearWorktree(
  context: GitContext,
  { removal, rescue, keepsBranch = false }: Clearing,
): Promise<readonly string[]> {
  const { files, clock } = context;
  const { worktree } = removal;
  const unkept = new Set(rescue.leftover.map(path => binary(pathBytes(path))));
  const left = await files.removeTree(asidePath(removal), unkept);
  left.push(...(await clearPlace(context, worktree.path)));
  // Each worktree has a folder of its own around it.
  const around = dirname(worktree.path);
  if (dirname(around) === join(context.stateDir, 'worktrees')) await files.removeEmptyFolder(around);
  if (await isRepositoryGone(worktree)) return left.map(pathText);
  const repository = await openRepository(context, worktree);
  await withRepositoryLock({ commonDir: repository.commonDir, clock }, async () => {
    const gitDir = await findGitDirectory(context, repository.commonDir, worktree);
    if (gitDir !== undefined && (await isItsGitDirectory(repository, gitDir, removal))) {
      left.push(...(await files.removeTree(gitDir)));
    }
    if (!keepsBranch) await dropBranch(repository, worktree.branch, rescue.head);
  });
  return left.map(pathText);
}

/** An agent may have put something else in the place of its worktree: a link or pipe goes, a file is somebody's. */
async function clearPlace({ files }: GitContext, path: string): Promise<Buffer[]> {
  const found = await lookAt(path);
  if (found === undefined) return [];
  if (found.isFile() || found.isDirectory()) return [Buffer.from(path)];
  await files.removeFile(path);
  return [];
}

/** Removes a rescue's ref and archive for good. */
export async function discardRescue(context: GitContext, rescue: Rescue): Promise<void> {
  const { files } = context;
  const earlier = earlierPlaces(context, rescue.ref);
  await files.removeTree(rescueFolder(context, rescue));
  await files.removeTree(earlier.archive);
  await files.removeTree(earlier.modules);
  if (rescue.commit === '') return;
  const repository = await openRepository(context, rescue);
  // One that was moved by somebody since is theirs.
  await repository.run({ args: ['update-ref', '-d', rescue.ref, rescue.commit], accept: [0, 1, 128] });
}

/** Drops a branch that is where it was kept. A person may have checked it out elsewhere, or moved it: then it is theirs. */
export async function dropBranch(git: RepositoryGit, branch: string, head: string): Promise<void> {
  const ref = `refs/heads/${branch}`;
  if ((await listWorktrees(git)).some(other => other.ref === ref)) return;
  await git.run({ args: ['update-ref', '-d', ref, head], accept: [0, 1, 128] });
}

/** Asked for again after a crash, the directory may have gone and its name been given to somebody else's worktree. */
async function isItsGitDirectory(git: RepositoryGit, gitDir: string, removal: Removal): Promise<boolean> {
  if ((await registeredAt(git.commonDir, removal.worktree.path)) === gitDir) return true;
  const reason = removalReason(removal);
  const lock = await lookInto(join(gitDir, 'locked'), { maxBytes: reason.length });
  return lock?.kind === 'file' && lock.bytes.toString('utf8') === reason;
}
