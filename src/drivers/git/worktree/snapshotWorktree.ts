import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../base/errors.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { lookAt } from '../../../node/looks.js';
import type { WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { failureOf } from '../command/gitFailure.js';
import { pathList } from '../command/gitPath.js';
import { exists } from './gitDirectory.js';
import { openWorktree, refuseReplaced } from './openWorktree.js';
import { branchHead, worktreeStatus, type WorktreeStatus } from './worktreeStatus.js';

/** A snapshot is a safety net, so a missing identity does not stop it; a merge asks for the person's own. */
const fallbackIdentity = ['user.name=Muster', 'user.email=muster@localhost'];
/** Without it git invents an address from the host name. */
export const ownIdentityOnly = 'user.useConfigOnly=true';

/** What git keeps in a git directory while something is in progress there. */
export const operations: readonly (readonly [string, string])[] = [
  ['rebase-merge', 'a rebase is in progress in it'],
  ['rebase-apply', 'a rebase is in progress in it'],
  ['MERGE_HEAD', 'a merge is in progress in it'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick is in progress in it'],
  ['REVERT_HEAD', 'a revert is in progress in it'],
  ['sequencer', 'a cherry-pick or revert is in progress in it'],
  ['BISECT_START', 'a bisection is in progress in it'],
];

/** Commits everything uncommitted on the thread's branch. Errors: `worktree.missing`, `worktree.replaced`, `worktree.failed`, `git.failed`. */
export async function snapshotWorktree(
  context: GitContext,
  worktree: WorktreeRef,
  message: string,
  { base }: { readonly base?: string | undefined } = {},
): Promise<{ readonly head: string; readonly committed: boolean }> {
  const git = await openWorktree(context, worktree);
  refuseReplaced(git, worktree.path);
  const status = await worktreeStatus(git);
  await refuseUnfinished(git, worktree, status);
  if (status.dirty.length === 0) return { head: await bringBranch(git, worktree, status, base), committed: false };
  await stageEverything(git, status);
  const committed = await commitStaged(git, message, context.personIdentity() ?? fallbackIdentity);
  const head = await git.run({ args: ['rev-parse', 'HEAD'], reads: true });
  return { head: await bringBranch(git, worktree, { ...status, head: head.text() }, base), committed };
}

async function stageEverything(git: WorktreeGit, status: WorktreeStatus): Promise<void> {
  // A nested repository would become a link to a commit that this repository does not have; what a hook made is nobody's work.
  const without = pathList([...status.nested, ...status.made], ':(top,exclude,literal)');
  const run = (): Promise<unknown> =>
    git.run({
      // `--sparse`: a new file outside the cone of a sparse checkout is work like any other.
      args: ['add', '--all', '--sparse', '--pathspec-from-file=-', '--pathspec-file-nul'],
      input: Buffer.concat([Buffer.from(':/\0'), without]),
    });
  try {
    await run();
  } catch (error) {
    // An agent that was killed while its git wrote the index leaves the lock; waiting did not help, so nobody holds it.
    if (failureOf(error) !== 'locked' || !(await setLockAside(git.gitDir))) throw error;
    await run();
  }
}

async function commitStaged(git: WorktreeGit, message: string, identity: readonly string[]): Promise<boolean> {
  const args = ['commit', '--quiet', '--no-verify', '--no-gpg-sign', '--cleanup=verbatim', '--file=-'];
  const command = {
    args,
    input: message.endsWith('\n') ? message : `${message}\n`,
    accept: [0, 1],
  };
  const output = await git
    .run({ ...command, config: [ownIdentityOnly] })
    .catch((error: unknown) =>
      failureOf(error) === 'identity_missing' ? git.run({ ...command, config: identity }) : Promise.reject(error),
    );
  // 1: staging made the index equal to HEAD again (line endings, a file and its deletion).
  return output.exitCode === 0;
}

/**
 * An agent may have checked out another branch or a commit in its worktree, or renamed or deleted its branch. Its work
 * belongs to the thread all the same: when the thread's branch (or its base, if the branch is gone) is an ancestor of it, the
 * branch comes along and is checked out again.
 */
async function bringBranch(
  git: WorktreeGit,
  worktree: WorktreeRef,
  status: WorktreeStatus,
  base: string | undefined,
): Promise<string> {
  if (status.branch === worktree.branch) return status.head;
  const ref = `refs/heads/${worktree.branch}`;
  const old = await branchHead(git, worktree, status);
  const from = old ?? base;
  if (status.head === '') throw elsewhere(worktree, status, 'and that has no commit yet');
  if (from === undefined) throw elsewhere(worktree, status, 'which is gone');
  const args = ['merge-base', '--is-ancestor', from, status.head];
  const ancestor = await git.run({ args, reads: true, accept: [0, 1] });
  if (ancestor.exitCode === 1) throw elsewhere(worktree, status, 'and the two have gone different ways');
  const before = old ?? '0'.repeat(status.head.length);
  await git.run({ args: ['update-ref', '-m', 'muster: snapshot', ref, status.head, before] });
  await git.run({ args: ['symbolic-ref', '-m', 'muster: snapshot', 'HEAD', ref] });
  return status.head;
}

/** Files with conflict markers, or half of somebody's rebase, are not work that anyone could want to land. */
async function refuseUnfinished({ gitDir }: WorktreeGit, worktree: WorktreeRef, status: WorktreeStatus): Promise<void> {
  const found: string[] = [];
  for (const [file, what] of operations) if (await exists(join(gitDir, file))) found.push(what);
  const files = status.unmerged;
  const operation = found[0] ?? (files.length > 0 ? 'files in it have conflicts' : undefined);
  if (operation === undefined) return;
  const named = files.length === 0 ? '' : ` (${files.slice(0, 5).join(', ')}${files.length > 5 ? ' and more' : ''})`;
  throw new AppError(
    'worktree.unfinished',
    `The work in ${worktree.path} was not committed: ${operation}${named}. Finish or abort it there, or ask the agent to.`,
    { path: worktree.path, operation, files },
  );
}

/** Puts a lock away that did not change for a while. Returns false if it is younger, or gone. */
async function setLockAside(gitDir: string): Promise<boolean> {
  const lock = join(gitDir, 'index.lock');
  const found = await lookAt(lock);
  if (found === undefined) return true;
  if (Date.now() - found.mtimeMs < staleLockMs) return false;
  await rename(lock, `${lock}.left-over`);
  return true;
}

/** Git has then been waited for as long as `gitCommand.ts` retries; a live git writes an index in less. */
const staleLockMs = 3_000;

function elsewhere(worktree: WorktreeRef, status: WorktreeStatus, how: string): AppError<'worktree.failed'> {
  const where = status.branch === undefined ? `commit ${status.head}` : `branch ${status.branch}`;
  const reason = `it is on ${where} instead of ${worktree.branch}, ${how}`;
  return new AppError(
    'worktree.failed',
    `The worktree ${worktree.path} cannot be brought to its branch: ${reason}. Check out ${worktree.branch} in it.`,
    { path: worktree.path, reason },
  );
}
