import { createHash } from 'node:crypto';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { isAppError } from '../../../base/errors.js';
import type { CreateWorktree } from '../../../core/workspaces/worktreeDriver.js';
import type { MadeSpare, SpareDriver, SpareRequest, SpareWorktree } from '../../../core/workspaces/spareWorktree.js';
import { lookAt, lookInto } from '../../../node/looks.js';
import { RepositoryGit, WorktreeGit } from '../command/boundGit.js';
import { createGitContext, type GitContext, type GitDriverOptions } from '../command/gitContext.js';
import { worktreeFailed } from '../repository/inspectRepository.js';
import { openRepository } from '../repository/openRepository.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { resolveBase, type ResolvedBase } from '../repository/resolveBase.js';
import { entryProblem, recordProblem, registeredAt } from './openWorktree.js';
import { ownConfigurationProblem } from './worktreeConfig.js';
import { writeFiles } from './writeFiles.js';

/** Keeps `git worktree prune` away from it, and says to people what it is. */
const spareReason = 'Muster keeps this worktree ready for the next thread';

/** Files of the common directory that decide what git writes into a worktree. */
const settingFiles = ['config', 'config.worktree', 'info/sparse-checkout', 'info/attributes'];
const longestSettings = 1024 * 1024;

/** The port on real git: locked worktrees without a branch. */
export function createSpareDriver(options: GitDriverOptions): SpareDriver {
  const context = createGitContext(options);
  return {
    make: (request, signal) => makeSpare(context, request, signal),
    refresh: (spare, how) => refreshSpare(context, spare, how),
    discard: spare => discardSpare(context, spare),
  };
}

/** A spare worktree as the request for a new one names it. */
type Offered = NonNullable<CreateWorktree['spare']>;

export interface ClaimedSpare {
  readonly worktree: WorktreeGit;
  readonly note: string | undefined;
}

/**
 * Makes a spare worktree the one that is wanted: at its base, in its place, on its branch. Undefined when it is not what was made,
 * somebody has been in it, or the branch cannot be made; then it is as it was. A host that is killed in the middle leaves
 * what undoing the new worktree and discarding the spare one remove between them.
 */
export async function claimSpare(
  context: GitContext,
  repository: RepositoryGit,
  request: CreateWorktree & { readonly spare: Offered },
  base: ResolvedBase,
  signal: AbortSignal,
): Promise<ClaimedSpare | undefined> {
  const { spare, path, branch } = request;
  const worktree = await openSpare(context, repository, spare);
  if (worktree === undefined || (await isTouched(worktree, spare.commit, signal))) return undefined;
  const note = spare.commit === base.commit ? spare.note : await writeFiles(context, worktree, base.commit, signal);
  const { commonDir } = repository;
  return await withRepositoryLock({ commonDir, clock: context.clock, signal }, async () => {
    const made = await repository
      .run({ args: ['update-ref', `refs/heads/${branch}`, base.commit, ''] })
      .catch((error: unknown) => {
        if (isAppError(error, 'git.failed')) return undefined;
        throw error;
      });
    // Making it in the ordinary way finds out what stands there.
    if (made === undefined) return undefined;
    // First git's record, then the folder: one that is not where git looks for it is recognised by whoever undoes this.
    await context.files.write(join(worktree.gitDir, 'gitdir'), `${join(path, '.git')}\n`);
    await context.files.rename(spare.path, path);
    const claimed = new WorktreeGit(context.git, { repository, gitDir: worktree.gitDir, workTree: path });
    await claimed.run({ args: ['symbolic-ref', '-m', 'muster: claimed', 'HEAD', `refs/heads/${branch}`] });
    return { worktree: claimed, note };
  });
}

async function makeSpare(context: GitContext, request: SpareRequest, signal: AbortSignal): Promise<MadeSpare> {
  const { path } = request;
  const base = await resolveBase(context, { ...request, branch: '' }, signal);
  const repository = new RepositoryGit(context.git, { commonDir: base.commonDir, root: request.repository });
  await context.files.makeFolder(dirname(path), 0o700).catch((error: unknown) => {
    throw worktreeFailed(path, error);
  });
  try {
    const settings = await settingsOf(base.commonDir);
    const options = ['--quiet', '--no-checkout', '--detach', '--lock', '--reason', spareReason];
    await withRepositoryLock({ commonDir: base.commonDir, clock: context.clock, signal }, () =>
      repository.run({ args: ['worktree', 'add', ...options, '--', path, base.commit], signal }),
    );
    const gitDir = await registeredAt(base.commonDir, path);
    if (gitDir === undefined) throw worktreeFailed(path, new Error('it has disappeared'));
    const worktree = new WorktreeGit(context.git, { repository, gitDir, workTree: path });
    const note = await writeFiles(context, worktree, base.commit, signal);
    return {
      commonDir: base.commonDir,
      registeredAs: basename(gitDir),
      commit: base.commit,
      settings,
      ...(note === undefined ? {} : { note }),
    };
  } catch (error) {
    await remove(context, repository, path);
    throw error;
  }
}

async function refreshSpare(
  context: GitContext,
  spare: SpareWorktree,
  { signal, onWrite }: Parameters<SpareDriver['refresh']>[1],
): Promise<MadeSpare | 'touched' | 'unusable'> {
  const base = await resolveBase(context, { ...spare, branch: '' }, signal);
  const repository = await openRepository(context, spare);
  const worktree = await openSpare(context, repository, spare);
  if (worktree === undefined) return 'unusable';
  if (await isTouched(worktree, spare.commit, signal)) return 'touched';
  if (spare.commit === base.commit) return spare;
  onWrite();
  const { note: _, ...kept } = spare;
  const note = await writeFiles(context, worktree, base.commit, signal);
  return { ...kept, commit: base.commit, ...(note === undefined ? {} : { note }) };
}

async function discardSpare(context: GitContext, spare: SpareWorktree): Promise<boolean> {
  const repository = await openRepository(context, spare);
  const { path, commit, state } = spare;
  const gitDir = await registeredAt(repository.commonDir, path);
  // One that was never finished has nothing of anybody; neither has one that git does not know any more.
  if (gitDir !== undefined && commit !== '' && state !== 'making' && (await lookAt(path)) !== undefined) {
    const worktree = new WorktreeGit(context.git, { repository, gitDir, workTree: path });
    if ((await ownConfigurationProblem(repository, gitDir)) !== undefined) return false;
    if (await isTouched(worktree, commit, undefined)) return false;
  }
  await remove(context, repository, path);
  return true;
}

async function remove({ clock, files }: GitContext, repository: RepositoryGit, path: string): Promise<void> {
  const { commonDir } = repository;
  const gitDir = await registeredAt(commonDir, path);
  await files.removeTree(path);
  if (gitDir === undefined) return;
  await withRepositoryLock({ commonDir, clock }, async () => {
    await files.removeTree(gitDir);
  });
}

/** Undefined when it is not the worktree that was made, or git would write other files into it by now. */
async function openSpare(
  context: GitContext,
  repository: RepositoryGit,
  { path, registeredAs, settings }: Offered,
): Promise<WorktreeGit | undefined> {
  const gitDir = join(repository.commonDir, 'worktrees', registeredAs);
  const [known, record, own, entry, now, folder] = await Promise.all([
    readSmall(join(gitDir, 'gitdir')),
    recordProblem(repository, gitDir, path),
    ownConfigurationProblem(repository, gitDir),
    entryProblem(path, gitDir),
    settingsOf(repository.commonDir),
    lookAt(path),
  ]);
  if (record !== undefined || own !== undefined || entry !== undefined || now !== settings) return undefined;
  // Relative links (`worktree.useRelativePaths`) would lead elsewhere from another folder.
  if (folder?.isDirectory() !== true || !isAbsolute(known.trim())) return undefined;
  return new WorktreeGit(context.git, { repository, gitDir, workTree: path });
}

/** True when its files are not exactly those of the commit, with nothing beside them. */
async function isTouched(worktree: WorktreeGit, commit: string, signal: AbortSignal | undefined): Promise<boolean> {
  const args = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all', '--ignored=traditional'];
  const output = await worktree.run({ args, reads: true, signal });
  const [head, branch, ...more] = output.fields();
  return head !== `# branch.oid ${commit}` || branch !== '# branch.head (detached)' || more.some(line => line !== '');
}

/** A digest of what decides how git writes files. Remotes and branches, which change all the time, do not. */
async function settingsOf(commonDir: string): Promise<string> {
  const digest = createHash('sha256');
  for (const name of settingFiles) {
    const text = await readSmall(join(commonDir, name));
    const sections = text.split(/^(?=[ \t]*\[)/m).filter(section => !/^[ \t]*\[(?:branch|remote)[ \t"]/i.test(section));
    digest.update(`${name}\0${sections.join('')}\0`);
  }
  return digest.digest('hex');
}

async function readSmall(file: string): Promise<string> {
  const found = await lookInto(file, { maxBytes: longestSettings });
  return found?.kind === 'file' ? found.bytes.toString('utf8') : '';
}
