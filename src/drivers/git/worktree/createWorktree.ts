import { readdir, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, errorMessage, isAnyAppError } from '../../../base/errors.js';
import { lookInto } from '../../../node/looks.js';
import { systemCode } from '../../../node/systemError.js';
import type { CreateWorktree, CreatedWorktree } from '../../../core/workspaces/worktreeDriver.js';
import { RepositoryGit, WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { failureOf } from '../command/gitFailure.js';
import { worktreeFailed } from '../repository/inspectRepository.js';
import { takeLeftover, unfinishedReason } from './leftoverWorktree.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { resolveBase, type ResolvedBase } from '../repository/resolveBase.js';
import { noteMade, untrackedIn } from './madeFiles.js';
import { registeredAt } from './openWorktree.js';
import { withFreeBranch } from './branchName.js';
import { bringFiles } from './bringFiles.js';
import { populateSubmodules } from './populateSubmodules.js';
import { lookAtUpstream, missingAgentFiles, upstreamNotes } from './worktreeNotes.js';
import { exists } from './gitDirectory.js';
import { runPostCheckout } from './postCheckout.js';
import { claimSpare } from './spareWorktree.js';
import { writeFiles } from './writeFiles.js';

/**
 * Makes a worktree with two git processes under no lock (find the base, write the files) and one under the
 * repository's lock (register it).
 */
export async function createWorktree(
  context: GitContext,
  request: CreateWorktree,
  signal: AbortSignal,
): Promise<CreatedWorktree> {
  const found = await resolveBase(context, request, signal);
  const base = request.carried === undefined ? found : { ...found, commit: request.carried };
  return withFreeBranch(request.branch, branch => createOn(context, { ...request, branch }, base, signal));
}

async function createOn(
  context: GitContext,
  request: CreateWorktree,
  base: ResolvedBase,
  signal: AbortSignal,
): Promise<CreatedWorktree> {
  const repository = new RepositoryGit(context.git, { commonDir: base.commonDir, root: request.repository });
  if (await isOccupied(request.path)) {
    const found = await takeLeftover(context, repository, request, base);
    if (found) return found;
  }
  const { files } = context;
  const firstMade = await files.makeFolder(dirname(request.path)).catch((error: unknown) => {
    throw worktreeFailed(request.path, error);
  });
  // Asked before this one waits for the repository's lock, so that all that are made at once ask together.
  const upstream = lookAtUpstream(repository, base, signal);
  // Awaited further down, and by nobody when the worktree cannot be made.
  upstream.catch(() => undefined);
  try {
    const [{ worktree, note: lfs, claimed }, behind] = await Promise.all([
      claimOrMake(context, repository, request, base, signal),
      upstreamNotes(context, repository, { base, upstream, fetch: request.fetch ?? 'auto', signal }),
    ]);
    await requireFolder(request, base);
    const submodules = await populateSubmodules(context, worktree, signal);
    // Ends what `--lock` began; deleting the file is all that `git worktree unlock` does.
    await files.removeFile(join(worktree.gitDir, 'locked'));
    const hook = { path: request.path, hook: base.postCheckoutHook, head: base.commit, signal };
    const ran = await runPostCheckout(context, hook);
    const left = await bringFiles(context, {
      root: request.repository,
      worktree: request.path,
      patterns: request.bring ?? [],
      signal,
    });
    if (ran || request.bring !== undefined) await noteMade(context, worktree, await untrackedIn(worktree, signal));
    const agentFiles = await missingAgentFiles(request.repository, request.path);
    return {
      branch: request.branch,
      baseRef: base.ref,
      baseCommit: base.commit,
      head: base.commit,
      commonDir: base.commonDir,
      registeredAs: basename(worktree.gitDir),
      claimed,
      files: await countFiles(worktree),
      notes: [base.note, lfs, ...behind, ...submodules, left, agentFiles].filter(note => note !== undefined),
    };
  } catch (error) {
    if (error instanceof FoundLeftover) return error.worktree;
    await undo(context, repository, request, base.commit);
    await removeEmptyFolders(dirname(request.path), firstMade);
    signal.throwIfAborted();
    if (failureOf(error) === 'ref_clash') throw error;
    throw isAnyAppError(error) && error.code !== 'git.failed' ? error : worktreeFailed(request.path, error);
  }
}

/** The worktree with its files: one that stands ready, or a new one. */
async function claimOrMake(
  context: GitContext,
  repository: RepositoryGit,
  request: CreateWorktree,
  base: ResolvedBase,
  signal: AbortSignal,
): Promise<{ readonly worktree: WorktreeGit; readonly note: string | undefined; readonly claimed: boolean }> {
  const { spare } = request;
  const found = spare && (await claimSpare(context, repository, { ...request, spare }, base, signal));
  if (found) return { ...found, claimed: true };
  await register(context, repository, request, base, signal);
  const worktree = await registered(context, repository, request.path);
  return { worktree, note: await writeFiles(context, worktree, base.commit, signal), claimed: false };
}

/** As its index says; 0 when that cannot be read. */
async function countFiles({ gitDir }: WorktreeGit): Promise<number> {
  const header = await lookInto(join(gitDir, 'index'), { maxBytes: 12 });
  return header?.kind === 'file' && header.bytes.length === 12 ? header.bytes.readUInt32BE(8) : 0;
}

/** A second request for a worktree that an earlier host made completely, but did not come to write down. */
class FoundLeftover extends Error {
  readonly worktree: CreatedWorktree;
  constructor(worktree: CreatedWorktree) {
    super('The worktree is there already');
    this.worktree = worktree;
  }
}

async function register(
  context: GitContext,
  repository: RepositoryGit,
  request: CreateWorktree,
  base: ResolvedBase,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = context;
  const add = (): Promise<void> =>
    withRepositoryLock({ commonDir: base.commonDir, clock, signal }, () =>
      addWorktree(repository, request, base, signal),
    );
  try {
    await add();
  } catch (error) {
    if (failureOf(error) !== 'ref_exists') throw error;
    const found = await takeLeftover(context, repository, request, base);
    if (found) throw new FoundLeftover(found);
    await add();
  }
}

async function addWorktree(
  git: RepositoryGit,
  request: CreateWorktree,
  base: ResolvedBase,
  signal: AbortSignal,
): Promise<void> {
  // Hooks come later (see `postCheckout.ts`); the files are written outside the lock, so that many can be at it.
  await git.run({
    args: [
      'worktree',
      'add',
      '--quiet',
      '--no-checkout',
      '--lock',
      '--reason',
      unfinishedReason,
      '--no-track',
      '-b',
      request.branch,
      '--',
      request.path,
      base.commit,
    ],
    signal,
  });
}

/** Agents start in the folder of their compose file, and git knows no folder before something in it is committed. */
async function requireFolder({ path, folder = '' }: CreateWorktree, base: ResolvedBase): Promise<void> {
  if (folder === '' || (await exists(join(path, folder)))) return;
  const where = base.ref === base.commit ? `commit ${base.commit.slice(0, 10)}` : base.ref;
  const reason = `${where} does not have the folder ${folder}, where the compose file is. Commit the file, or name a base that has it`;
  throw new AppError('worktree.failed', `The worktree ${path} could not be made: ${reason}.`, { path, reason });
}

/** The worktree that git has just made. */
async function registered(context: GitContext, repository: RepositoryGit, path: string): Promise<WorktreeGit> {
  const gitDir = await registeredAt(repository.commonDir, path);
  if (gitDir === undefined) throw new AppError('worktree.missing', `${path} has disappeared.`, { path });
  return new WorktreeGit(context.git, { repository, gitDir, workTree: path });
}

/** Runs although the request may have been aborted: it has no signal of its own. */
async function undo(
  { clock, log, files }: GitContext,
  repository: RepositoryGit,
  request: CreateWorktree,
  commit: string,
): Promise<void> {
  try {
    await withRepositoryLock({ commonDir: repository.commonDir, clock }, async () => {
      const remove = ['worktree', 'remove', '--force', '--force', '--', request.path];
      await repository.run({ args: remove, accept: [0, 128] });
      await files.removeTree(request.path);
      const drop = ['update-ref', '-d', `refs/heads/${request.branch}`, commit];
      await repository.run({ args: drop, accept: [0, 1, 128] });
    });
  } catch (error) {
    log.error('A half-made worktree could not be removed', { path: request.path, reason: errorMessage(error) });
  }
}

async function isOccupied(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0;
  } catch (error) {
    return systemCode(error) === 'ENOTDIR';
  }
}

/** Removes the folders that `mkdir` made for us, from the inside out, while they are empty. */
async function removeEmptyFolders(innermost: string, firstMade: string | undefined): Promise<void> {
  if (firstMade === undefined) return;
  for (let folder = innermost; folder.startsWith(firstMade); folder = dirname(folder)) {
    const removed = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!removed || folder === firstMade) return;
  }
}
