import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../base/errors.js';
import type { HandMerge, HandMergeDriver } from '../../../core/merges/handMerge.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { WorktreeGit } from '../command/boundGit.js';
import { createGitContext, type GitContext, type GitDriverOptions } from '../command/gitContext.js';
import { failureOf } from '../command/gitFailure.js';
import { pathList } from '../command/gitPath.js';
import { exists } from '../worktree/gitDirectory.js';
import { ignoredInTheWay } from '../worktree/ignoredInTheWay.js';
import { openWorktree, refuseReplaced } from '../worktree/openWorktree.js';
import { ownIdentityOnly } from '../worktree/snapshotWorktree.js';
import { worktreeStatus } from '../worktree/worktreeStatus.js';

/** Larger files are resolved elsewhere. */
const maxBytes = 20_000_000;
const regular = new Set(['100644', '100755']);
const fallbackIdentity = ['user.name=Muster', 'user.email=muster@localhost'];

/** The port on real git: an ordinary merge that stops in the worktree. */
export function createHandMergeDriver(options: GitDriverOptions): HandMergeDriver {
  const context = createGitContext(options);
  return {
    isUnderWay: async worktree => isUnderWay(await open(context, worktree)),
    begin: (worktree, request) => begin(context, worktree, request),
    finish: worktree => finish(context, worktree),
    abandon: worktree => abandon(context, worktree),
  };
}

async function begin(
  context: GitContext,
  worktree: WorktreeRef,
  { target, message }: { readonly target: string; readonly message: string },
): Promise<HandMerge | undefined> {
  const git = await open(context, worktree);
  if (!(await isUnderWay(git))) {
    const { dirty } = await worktreeStatus(git);
    if (dirty.length > 0) throw failed(worktree, `${dirty[0]} is not committed`);
    const inTheWay = await ignoredInTheWay(git, `refs/heads/${target}`);
    if (inTheWay !== undefined) throw failed(worktree, `${target} has ${inTheWay}, which is an ignored file here`);
    const args = ['merge', '--quiet', '--no-ff', '--no-verify', '--no-gpg-sign', '-m', message];
    const output = await withIdentity(context, config =>
      git.run({
        args: [...args, `refs/heads/${target}`],
        accept: [0, 1],
        config: [...config, 'merge.conflictStyle=merge'],
      }),
    );
    if (output.exitCode === 0) return undefined;
    // Something else than conflicts kept it from beginning.
    if (!(await isUnderWay(git))) throw failed(worktree, output.stderr.trim() || 'git did not merge');
  }
  return await describe(git);
}

async function describe(git: WorktreeGit): Promise<HandMerge> {
  const commits = await git.run({ args: ['rev-parse', 'HEAD', 'MERGE_HEAD'], reads: true });
  const [ours = '', theirs = ''] = commits.text().split('\n');
  const base = (await git.run({ args: ['merge-base', ours, theirs], reads: true, accept: [0, 1] })).text();
  const entries = await unmerged(git);
  const files: string[] = [];
  const others: string[] = [];
  for (const [path, found] of entries) {
    // Both sides have it: 2 is ours, 3 is theirs.
    const inBoth = ['2', '3'].every(side => found.some(({ stage }) => stage === side));
    const isText = inBoth && found.every(({ mode }) => regular.has(mode)) && (await isRegularFile(git, path));
    (isText ? files : others).push(path);
  }
  return { ours, theirs, base, files, others };
}

interface Unmerged {
  readonly mode: string;
  readonly object: string;
  /** 1 is what both sides began with, 2 is ours, 3 is theirs. */
  readonly stage: string;
}

async function unmerged(git: WorktreeGit): Promise<ReadonlyMap<string, readonly Unmerged[]>> {
  const entries = new Map<string, Unmerged[]>();
  for (const entry of (await git.run({ args: ['ls-files', '--unmerged', '-z'], reads: true })).fields()) {
    const [facts = '', path = ''] = entry.split('\t', 2);
    const [mode = '', object = '', stage = ''] = facts.split(' ');
    if (path !== '') entries.set(path, [...(entries.get(path) ?? []), { mode, object, stage }]);
  }
  return entries;
}

/**
 * Neither side's change is in the file: a merge editor that was closed with its conflicts leaves that, without markers, and to
 * commit it would take both changes back. Who means it says so with `git add`.
 */
async function isAsBothBegan(git: WorktreeGit, path: string, entries: readonly Unmerged[]): Promise<boolean> {
  const base = entries.find(({ stage }) => stage === '1');
  if (base === undefined || !(await isRegularFile(git, path))) return false;
  return (await git.run({ args: ['hash-object', '--', path], reads: true })).text() === base.object;
}

async function finish(context: GitContext, worktree: WorktreeRef): Promise<string> {
  const git = await open(context, worktree);
  if (!(await isUnderWay(git))) throw notUnderWay(worktree);
  const { files, others } = await describe(git);
  // Git cannot see whether what lies there of the others was chosen: whoever resolves them tells it with `git add` or `git rm`.
  const left = [...others];
  const entries = await unmerged(git);
  const untouched: string[] = [];
  for (const path of files) {
    if (await hasMarkers(join(git.workTree, path))) left.push(path);
    else if (await isAsBothBegan(git, path, entries.get(path) ?? [])) untouched.push(path);
  }
  if (left.length === 0 && untouched.length > 0) {
    throw new AppError(
      'worktree.unfinished',
      `Not resolved yet: ${untouched.slice(0, 5).join(', ')} is as it was before either side changed it, so that the changes of both would be lost. Take what shall stay, or say that this is meant with \`git add\`.`,
      { path: worktree.path, operation: 'a merge is in progress in it', files: untouched },
    );
  }
  if (left.length > 0) {
    const named = `${left.slice(0, 5).join(', ')}${left.length > 5 ? ' and more' : ''}`;
    throw new AppError(
      'worktree.unfinished',
      `Not resolved yet: ${named}. Take the conflict markers out, and tell git of deleted files and links with \`git add\` or \`git rm\`.`,
      { path: worktree.path, operation: 'a merge is in progress in it', files: left },
    );
  }
  await git.run({
    args: ['add', '--all', '--sparse', '--pathspec-from-file=-', '--pathspec-file-nul'],
    input: pathList(files, ':(top,literal)'),
  });
  const commit = ['commit', '--quiet', '--no-verify', '--no-gpg-sign', '--no-edit'];
  await withIdentity(context, config => git.run({ args: commit, config }));
  return (await git.run({ args: ['rev-parse', 'HEAD'], reads: true })).text();
}

async function abandon(context: GitContext, worktree: WorktreeRef): Promise<void> {
  const git = await open(context, worktree);
  if (!(await isUnderWay(git))) throw notUnderWay(worktree);
  await git.run({ args: ['merge', '--abort'] });
}

async function open(context: GitContext, worktree: WorktreeRef): Promise<WorktreeGit> {
  const git = await openWorktree(context, worktree);
  refuseReplaced(git, worktree.path);
  return git;
}

function isUnderWay({ gitDir }: WorktreeGit): Promise<boolean> {
  return exists(join(gitDir, 'MERGE_HEAD'));
}

async function withIdentity<T>(context: GitContext, run: (config: readonly string[]) => Promise<T>): Promise<T> {
  try {
    return await run([ownIdentityOnly]);
  } catch (error) {
    if (failureOf(error) !== 'identity_missing') throw error;
    return await run(context.personIdentity() ?? fallbackIdentity);
  }
}

async function isRegularFile({ workTree }: WorktreeGit, path: string): Promise<boolean> {
  return lstat(join(workTree, path)).then(
    found => found.isFile(),
    () => false,
  );
}

async function hasMarkers(file: string): Promise<boolean> {
  // Resolved by removing it: there are no markers in what is gone.
  const found = await lstat(file).catch(() => undefined);
  if (found?.isFile() !== true || found.size > maxBytes) return false;
  const text = await readFile(file, 'latin1');
  return /^<{7} /m.test(text) && /^={7}\r?$/m.test(text) && /^>{7} /m.test(text);
}

/** It was completed or given up elsewhere. */
function notUnderWay({ path }: WorktreeRef): AppError<'worktree.failed'> {
  return new AppError('worktree.failed', `No merge is under way any more in ${path}.`, {
    path,
    reason: 'no merge is under way in it',
  });
}

function failed({ path }: WorktreeRef, reason: string): AppError<'worktree.failed'> {
  return new AppError('worktree.failed', `This merge is not possible: ${reason} (in ${path}).`, { path, reason });
}
