import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { quietly, type GitContext } from '../command/gitContext.js';
import { rescueMessage, type RescueRecord } from './rescueRefs.js';
import { withScratchIndex } from '../worktree/reviewWorktree.js';
import type { WorktreeStatus } from '../worktree/worktreeStatus.js';

/** Rescue commits are Muster's own, whoever works here. */
const identity = ['user.name=Muster', 'user.email=muster@localhost'];

/** The parts of a {@link RescueRecord} that keep uncommitted work. */
export type KeptWork = Pick<RescueRecord, 'index' | 'files' | 'untracked' | 'conflicts'>;

/** Writes staged, unstaged and untracked work of a worktree as commits, without touching its index or files. */
export async function keepUncommitted(
  context: GitContext,
  path: string,
  head: string,
  status: WorktreeStatus,
): Promise<KeptWork> {
  const { git } = context;
  const conflicted = status.unmerged.length > 0;
  const index =
    status.staged && !conflicted
      ? await keepTree(context, path, (await git.run({ cwd: path, args: ['write-tree'] })).text(), [head])
      : undefined;
  const files = status.unstaged || conflicted ? await keepFiles(context, path, head) : undefined;
  const untracked = status.untracked.length > 0 ? await keepUntracked(context, path, status.untracked) : undefined;
  const conflicts = conflicted ? await keepConflicts(context, path) : undefined;
  return {
    ...(index === undefined ? {} : { index }),
    ...(files === undefined ? {} : { files }),
    ...(untracked === undefined ? {} : { untracked }),
    ...(conflicts === undefined ? {} : { conflicts }),
  };
}

/** Makes the rescue's commit. `extra` are commits that nothing else keeps. */
export async function makeRescueCommit(
  { git }: GitContext,
  cwd: string,
  record: RescueRecord,
  extra: readonly string[],
): Promise<string> {
  const { head, index, files, untracked, conflicts } = record;
  const parents = [...new Set([head, index, files, untracked, conflicts, ...extra])].filter(sha => sha !== undefined);
  const args = ['commit-tree', ...parents.flatMap(sha => ['-p', sha]), '-F', '-', `${head}^{tree}`];
  return (await git.run({ cwd, config: [...quietly, ...identity], args, input: rescueMessage(record) })).text();
}

/** Commits that only a reflog of this worktree or branch still knows: made and then reset or rebased away. */
export async function forgottenCommits(
  { git }: GitContext,
  cwd: string,
  refs: { readonly reflogOf: string; readonly head: string; readonly checkedOut: string },
): Promise<string[]> {
  const log = await git.run({
    cwd,
    args: ['log', '--walk-reflogs', `--max-count=${longestReflog}`, '--format=%H', refs.reflogOf, '--'],
    reads: true,
    accept: [0, 128],
  });
  const seen = [...new Set([...log.text().split('\n'), refs.checkedOut])].filter(
    sha => sha !== '' && sha !== refs.head,
  );
  if (seen.length === 0) return [];
  const list = await git.run({
    cwd,
    args: ['rev-list', '--ignore-missing', ...seen, '--not', refs.head, '--branches', '--tags', '--remotes', '--'],
    reads: true,
  });
  const lost = new Set(list.text().split('\n'));
  return seen.filter(sha => lost.has(sha));
}

const longestReflog = 500;

async function keepFiles(context: GitContext, path: string, head: string): Promise<string> {
  return withScratchIndex(path, async env => {
    await context.git.run({ cwd: path, config: quietly, args: ['add', '--update', '--', ':/'], env });
    const tree = await context.git.run({ cwd: path, args: ['write-tree'], env });
    return keepTree(context, path, tree.text(), [head]);
  });
}

async function keepUntracked(context: GitContext, path: string, untracked: readonly string[]): Promise<string> {
  return withEmptyIndex(async env => {
    await context.git.run({
      cwd: path,
      config: quietly,
      args: ['add', '--force', '--pathspec-from-file=-', '--pathspec-file-nul'],
      input: untracked.map(file => `:(top,literal)${file}\0`).join(''),
      env,
    });
    const tree = await context.git.run({ cwd: path, args: ['write-tree'], env });
    return keepTree(context, path, tree.text(), []);
  });
}

/** An index with conflicts cannot be written as a tree, so each side goes into a folder named after its stage. */
async function keepConflicts(context: GitContext, path: string): Promise<string> {
  const entries = await context.git.run({ cwd: path, args: ['ls-files', '--unmerged', '-z'], reads: true });
  const input = entries
    .fields()
    .map(entry => entry.replace(/ ([123])\t/, (_, stage: string) => `\t${stage}/`))
    .map(entry => `${entry}\0`)
    .join('');
  return withEmptyIndex(async env => {
    await context.git.run({ cwd: path, args: ['update-index', '-z', '--index-info'], input, env });
    const tree = await context.git.run({ cwd: path, args: ['write-tree'], env });
    return keepTree(context, path, tree.text(), []);
  });
}

async function keepTree({ git }: GitContext, cwd: string, tree: string, parents: readonly string[]): Promise<string> {
  const args = ['commit-tree', ...parents.flatMap(sha => ['-p', sha]), '-m', 'Kept by Muster', tree];
  return (await git.run({ cwd, config: [...quietly, ...identity], args })).text();
}

/** An index of its own that starts empty. */
export async function withEmptyIndex<T>(work: (env: { readonly GIT_INDEX_FILE: string }) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-index-'));
  try {
    return await work({ GIT_INDEX_FILE: join(folder, 'index') });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The state that a worktree without its folder can still have: an index with staged work. */
export async function keepOrphanIndex(
  context: GitContext,
  worktree: WorktreeRef,
  gitDirectory: string,
  head: string,
): Promise<KeptWork> {
  const env = { GIT_DIR: gitDirectory };
  const cwd = worktree.repository;
  const tree = await context.git.run({ cwd, args: ['write-tree'], env, accept: [0, 128] });
  const headTree = await context.git.run({ cwd, args: ['rev-parse', `${head}^{tree}`], reads: true });
  if (tree.exitCode !== 0 || tree.text() === headTree.text()) return {};
  return { index: await keepTree(context, cwd, tree.text(), [head]) };
}
