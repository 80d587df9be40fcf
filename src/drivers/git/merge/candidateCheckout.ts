import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isId } from '../../../base/ids.js';
import { errorMessage } from '../../../base/errors.js';
import type { CandidateCheckout, CandidateCheckouts } from '../../../core/merges/candidateVerifier.js';
import type { MergeRequest } from '../../../core/merges/mergeDriver.js';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import { createGitContext, type GitContext, type GitDriverOptions } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { registeredAt } from '../worktree/openWorktree.js';
import { worktreeMissing } from '../worktree/worktreeStatus.js';

/** The port on real git: detached worktrees below the state directory. */
export function createCandidateCheckouts(options: GitDriverOptions): CandidateCheckouts {
  const context = createGitContext(options);
  const folder = join(context.stateDir, 'verify');
  return {
    make: (request, commit, signal) => make(context, request, { commit, signal }),
    // The folder is made with the first checkout; before that nothing is left in it.
    left: async () => (await readdir(folder).catch(() => [])).flatMap(name => (isId<'merge'>(name) ? [name] : [])),
    discard: merge => rm(join(folder, merge), { recursive: true, force: true }),
  };
}

async function make(
  context: GitContext,
  request: MergeRequest,
  { commit, signal }: { readonly commit: string; readonly signal: AbortSignal },
): Promise<CandidateCheckout> {
  const repository = await openRepository(context, request.worktree);
  const path = join(context.stateDir, 'verify', request.id);
  const locked = <T>(work: () => Promise<T>): Promise<T> =>
    withRepositoryLock({ commonDir: repository.commonDir, clock: context.clock }, work);
  // What a killed host left of an earlier attempt.
  await locked(() => remove(context, repository, path));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const add = ['worktree', 'add', '--quiet', '--detach', '--no-checkout', path, commit];
    await locked(() => repository.run({ args: add, signal }));
    const gitDir = await registeredAt(repository.commonDir, path);
    if (gitDir === undefined) throw worktreeMissing(path);
    // The files are written without the lock: new worktrees do not wait for them.
    const worktree = new WorktreeGit(context.git, { repository, gitDir, workTree: path });
    await worktree.run({ args: ['reset', '--quiet', '--hard', commit], signal });
  } catch (error) {
    await locked(() => remove(context, repository, path));
    throw error;
  }
  return { path, remove: () => locked(() => remove(context, repository, path)) };
}

/** What is left of the folder is in nobody's way, so that a failure is only written down. */
async function remove({ log }: GitContext, repository: RepositoryGit, path: string): Promise<void> {
  // Not there: nothing is to be removed.
  const found = await lstat(path).catch(() => undefined);
  try {
    if (found !== undefined) await rm(path, { recursive: true, force: true });
    const gitDir = await registeredAt(repository.commonDir, path);
    if (gitDir !== undefined) await repository.run({ args: ['worktree', 'remove', '--force', path] });
  } catch (error) {
    log.warn('A folder of a verified merge could not be removed', { path, reason: errorMessage(error) });
  }
}
