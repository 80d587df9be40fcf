import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorktreeGit, type RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { binary, pathList } from '../command/gitPath.js';
import { rescueMessage, type RescueRecord } from './rescueRefs.js';
import { withScratchIndex } from '../worktree/reviewWorktree.js';
import type { WorktreeStatus } from '../worktree/worktreeStatus.js';

/** Rescue commits are Muster's own, whoever works here. */
const identity = ['user.name=Muster', 'user.email=muster@localhost'];

/** The parts of a {@link RescueRecord} that keep uncommitted work. */
export type KeptWork = Pick<RescueRecord, 'index' | 'files' | 'untracked' | 'conflicts'>;

/** Writes staged, unstaged and untracked work of a worktree as commits, without touching its index or files. */
export async function keepUncommitted(git: WorktreeGit, head: string, status: WorktreeStatus): Promise<KeptWork> {
  const conflicted = status.unmerged.length > 0;
  const index =
    status.staged && !conflicted
      ? await keepTree(git, (await git.run({ args: ['write-tree'] })).text(), [head])
      : undefined;
  const files = status.unstaged || conflicted ? await keepFiles(git, head) : undefined;
  const untracked = status.untracked.length > 0 ? await keepUntracked(git, status.untracked) : undefined;
  const conflicts = conflicted ? await keepConflicts(git) : undefined;
  return {
    ...(index === undefined ? {} : { index }),
    ...(files === undefined ? {} : { files }),
    ...(untracked === undefined ? {} : { untracked }),
    ...(conflicts === undefined ? {} : { conflicts }),
  };
}

/** Makes the rescue's commit. `extra` are commits that nothing else keeps. */
export async function makeRescueCommit(
  git: RepositoryGit,
  record: RescueRecord,
  extra: readonly string[],
): Promise<string> {
  const { head, index, files, untracked, conflicts } = record;
  const parents = [...new Set([head, index, files, untracked, conflicts, ...extra])].filter(sha => sha !== undefined);
  const args = ['commit-tree', ...parents.flatMap(sha => ['-p', sha]), '-F', '-', `${head}^{tree}`];
  return (await git.run({ config: identity, args, input: rescueMessage(record) })).text();
}

/** Commits that only a reflog of this worktree or branch still knows: made and then reset or rebased away. */
export async function forgottenCommits(
  git: RepositoryGit | WorktreeGit,
  refs: { readonly reflogOf: string; readonly head: string; readonly checkedOut: string },
): Promise<string[]> {
  const log = await git.run({
    args: ['log', '--walk-reflogs', `--max-count=${longestReflog}`, '--format=%H', refs.reflogOf, '--'],
    reads: true,
    accept: [0, 128],
  });
  const seen = [...new Set([...log.text().split('\n'), refs.checkedOut])].filter(
    sha => sha !== '' && sha !== refs.head,
  );
  if (seen.length === 0) return [];
  const list = await git.run({
    args: ['rev-list', '--ignore-missing', ...seen, '--not', refs.head, '--branches', '--tags', '--remotes', '--'],
    reads: true,
  });
  const lost = new Set(list.text().split('\n'));
  return seen.filter(sha => lost.has(sha));
}

const longestReflog = 500;

async function keepFiles(git: WorktreeGit, head: string): Promise<string> {
  return withScratchIndex(git, async env => {
    await git.run({ args: ['add', '--update', '--', ':/'], env });
    const tree = await git.run({ args: ['write-tree'], env });
    return keepTree(git, tree.text(), [head]);
  });
}

async function keepUntracked(git: WorktreeGit, untracked: readonly string[]): Promise<string> {
  return withEmptyIndex(async env => {
    await git.run({
      args: ['add', '--force', '--pathspec-from-file=-', '--pathspec-file-nul'],
      input: pathList(untracked, ':(top,literal)'),
      env,
    });
    const tree = await git.run({ args: ['write-tree'], env });
    return keepTree(git, tree.text(), []);
  });
}

/** An index with conflicts cannot be written as a tree, so each side goes into a folder named after its stage. */
async function keepConflicts(git: WorktreeGit): Promise<string> {
  const entries = await git.run({ args: ['ls-files', '--unmerged', '-z'], reads: true });
  const lines = entries
    .records()
    .map(entry => binary(entry).replace(/ ([123])\t/, (_, stage: string) => `\t${stage}/`))
    .map(entry => `${entry}\0`)
    .join('');
  const input = Buffer.from(lines, 'latin1');
  return withEmptyIndex(async env => {
    await git.run({ args: ['update-index', '-z', '--index-info'], input, env });
    const tree = await git.run({ args: ['write-tree'], env });
    return keepTree(git, tree.text(), []);
  });
}

async function keepTree(git: RepositoryGit | WorktreeGit, tree: string, parents: readonly string[]): Promise<string> {
  const args = ['commit-tree', ...parents.flatMap(sha => ['-p', sha]), '-m', 'Kept by Muster', tree];
  return (await git.run({ config: identity, args })).text();
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
  repository: RepositoryGit,
  gitDir: string,
  head: string,
): Promise<KeptWork> {
  const orphan = new WorktreeGit(context.git, { repository, gitDir, workTree: gitDir });
  const tree = await orphan.run({ args: ['write-tree'], accept: [0, 128] });
  const headTree = await repository.run({ args: ['rev-parse', `${head}^{tree}`], reads: true });
  if (tree.exitCode !== 0 || tree.text() === headTree.text()) return {};
  return { index: await keepTree(repository, tree.text(), [head]) };
}
