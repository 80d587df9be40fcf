import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorMessage } from '../../../base/errors.js';
import type { BroughtHome } from '../../../core/workspaces/guestGitDriver.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { readForeignFile } from '../../../node/foreignFile.js';
import { RepositoryGit, type WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { openWorktree, refuseReplaced } from '../worktree/openWorktree.js';
import { operations } from '../worktree/snapshotWorktree.js';
import { copyGuestObjects, TooManyObjects } from './guestObjects.js';
import { objectFolders } from './lendGit.js';

const commitPattern = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** The most that a ref file holds, with room to see that it holds more. */
const longestRef = 4096;
const longestPackedRefs = 16 * 1024 * 1024;

/** See {@link GuestGitDriver.bringHome}. */
export async function bringHome(context: GitContext, worktree: WorktreeRef, gitDir: string): Promise<BroughtHome> {
  const head = await guestHead(gitDir);
  if (head === undefined) return { kind: 'left', why: 'its git directory has no HEAD that git writes' };
  const git = await openWorktree(context, worktree);
  refuseReplaced(git, worktree.path);
  const ours = (await git.run({ args: ['rev-parse', 'HEAD'], reads: true })).text();
  await refuseUnfinished(gitDir, worktree);
  if (head === ours || (await isAncestor(git, head, ours))) return { kind: 'nothing' };
  const quarantine = `${gitDir}.import`;
  try {
    return await take({ context, git, worktree, gitDir, quarantine, head, ours });
  } finally {
    await rm(quarantine, { recursive: true, force: true });
  }
}

interface Import {
  readonly context: GitContext;
  readonly git: WorktreeGit;
  readonly worktree: WorktreeRef;
  readonly gitDir: string;
  readonly quarantine: string;
  readonly head: string;
  readonly ours: string;
}

async function take(work: Import): Promise<BroughtHome> {
  const { context, git, worktree, quarantine, head, ours } = work;
  const { repository } = git;
  const arrival = `refs/muster/guest/${worktree.branch.replaceAll('/', '-')}`;
  try {
    await makeQuarantine(work);
    // What arrives is checked object by object, and for completeness, as from any stranger.
    const args = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
    await repository.run({
      args: [...args, '--no-auto-maintenance', quarantine, `+refs/heads/guest:${arrival}`],
      config: ['fetch.fsckObjects=true', 'protocol.file.allow=always', 'fetch.writeCommitGraph=false'],
    });
  } catch (error) {
    context.log.warn('Commits of a guest were not taken', { worktree: worktree.path, reason: errorMessage(error) });
    const why =
      error instanceof TooManyObjects ? 'there are too many objects in it' : 'its commits are damaged or incomplete';
    return { kind: 'left', why };
  }
  try {
    const related = await git.run({ args: ['merge-base', head, ours], reads: true, accept: [0, 1] });
    if (related.exitCode === 1) return { kind: 'left', why: 'its history has nothing in common with the repository' };
    const counted = await git.run({ args: ['rev-list', '--count', `${ours}..${head}`], reads: true });
    await withRepositoryLock({ commonDir: repository.commonDir, clock: context.clock }, async () => {
      const ref = `refs/heads/${worktree.branch}`;
      await git.run({ args: ['update-ref', '-m', 'muster: commits of the agent', ref, head, ours] });
      // The index as of that commit, with what is known of files that did not change; no file is touched.
      await git.run({ args: ['read-tree', '--reset', head] });
    });
    return { kind: 'brought', head, commits: Number(counted.text()) };
  } finally {
    await repository.run({ args: ['update-ref', '-d', arrival] });
  }
}

/** A repository of ours with a copy of the guest's objects: its configuration is nobody else's. */
async function makeQuarantine({ context, git, gitDir, quarantine, head }: Import): Promise<void> {
  await rm(quarantine, { recursive: true, force: true });
  await mkdir(quarantine, { mode: 0o700 });
  for (const folder of ['objects/info', 'refs/heads']) await mkdir(join(quarantine, folder), { recursive: true });
  const version = head.length === 40 ? 0 : 1;
  const format = version === 0 ? '' : '[extensions]\n\tobjectformat = sha256\n';
  const objects = await objectFolders(git.repository);
  const texts: readonly (readonly [string, string])[] = [
    ['HEAD', 'ref: refs/heads/guest\n'],
    ['config', `[core]\n\trepositoryformatversion = ${version}\n\tbare = true\n${format}`],
    ['objects/info/alternates', `${objects.join('\n')}\n`],
    ['refs/heads/guest', `${head}\n`],
  ];
  for (const [name, text] of texts) await writeFile(join(quarantine, name), text, { mode: 0o600 });
  const packs = await copyGuestObjects(join(gitDir, 'objects'), join(quarantine, 'objects'));
  const own = new RepositoryGit(context.git, { commonDir: quarantine, root: quarantine });
  for (const pack of packs) await own.run({ args: ['index-pack', pack] });
}

/** Where the guest's HEAD is: read as text, never by git. */
async function guestHead(gitDir: string): Promise<string | undefined> {
  const head = await textOf(join(gitDir, 'HEAD'), longestRef);
  if (head === undefined) return undefined;
  if (commitPattern.test(head)) return head;
  const ref = /^ref: (refs\/heads\/(?!.*\.\.)[^\0-\x1f\\~^:?*[\x7f ]+)$/.exec(head)?.[1];
  if (ref === undefined) return undefined;
  const loose = await textOf(join(gitDir, ref), longestRef);
  if (loose !== undefined) return commitPattern.test(loose) ? loose : undefined;
  const packed = await textOf(join(gitDir, 'packed-refs'), longestPackedRefs);
  for (const line of packed?.split('\n') ?? []) {
    const [commit = '', name] = line.split(' ');
    if (name === ref && commitPattern.test(commit)) return commit;
  }
  return undefined;
}

async function textOf(path: string, maxBytes: number): Promise<string | undefined> {
  // What a guest made unreadable says nothing.
  const file = await readForeignFile(path, { maxBytes }).catch(() => undefined);
  return file?.kind === 'file' && !file.truncated ? file.bytes.toString('utf8').trimEnd() : undefined;
}

async function refuseUnfinished(gitDir: string, worktree: WorktreeRef): Promise<void> {
  for (const [name, operation] of operations) {
    // Not there: that operation is not in the middle.
    const there = await lstat(join(gitDir, name)).catch(() => undefined);
    if (!there) continue;
    throw new AppError(
      'worktree.unfinished',
      `The work in ${worktree.path} was not committed: ${operation}. Ask the agent to finish or abort it.`,
      { path: worktree.path, operation, files: [] },
    );
  }
}

async function isAncestor(git: WorktreeGit, commit: string, of: string): Promise<boolean> {
  // 128: a commit that the repository does not have.
  const args = ['merge-base', '--is-ancestor', commit, of];
  return (await git.run({ args, reads: true, accept: [0, 1, 128] })).exitCode === 0;
}
