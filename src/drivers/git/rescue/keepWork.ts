import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rescue } from '../../../core/workspaces/rescue.js';
import type { RepositoryGit, WorktreeGit } from '../command/boundGit.js';
import { binary, pathBytes, pathList } from '../command/gitPath.js';
import { withScratchIndex } from '../worktree/reviewWorktree.js';
import type { WorktreeStatus } from '../worktree/worktreeStatus.js';

/** Rescue commits are Muster's own, whoever works here. */
const identity = ['user.name=Muster', 'user.email=muster@localhost'];
/**
 * Keeping must not depend on what git is willing to add: it goes on after a file that it cannot read, adds outside of a
 * sparse checkout's cone, and does not mind line endings. What it refuses all the same is told by the index afterwards.
 */
const takeWhatYouCan = { config: ['core.safecrlf=false'], accept: [0, 1, 128] } as const;

/** The parts of a rescue that keep uncommitted work. */
export type KeptWork = Pick<Rescue, 'index' | 'files' | 'untracked' | 'conflicts'>;

/** Writes staged, unstaged and untracked work of a worktree as commits, without touching its index or files. */
export async function keepUncommitted(
  git: WorktreeGit,
  head: string,
  status: WorktreeStatus,
): Promise<{ readonly work: KeptWork; /** `binary` paths. */ readonly refused: readonly string[] }> {
  const conflicted = status.unmerged.length > 0;
  const index = status.staged && !conflicted ? await keepIndex(git, head) : undefined;
  const files = status.unstaged || conflicted ? await keepFiles(git, head) : undefined;
  const untracked = status.untracked.length > 0 ? await keepUntracked(git, status.untracked) : undefined;
  const conflicts = conflicted ? await keepConflicts(git) : undefined;
  return {
    work: {
      ...(index === undefined ? {} : { index }),
      ...(files === undefined ? {} : { files: files.commit }),
      ...(untracked?.commit === undefined ? {} : { untracked: untracked.commit }),
      ...(conflicts === undefined ? {} : { conflicts }),
    },
    refused: [...(files?.refused ?? []), ...(untracked?.refused ?? []), ...(await hiddenFiles(git))],
  };
}

/** Makes the rescue's commit. `extra` are commits that nothing else keeps. */
export async function makeRescueCommit(
  git: RepositoryGit,
  kept: KeptWork & Pick<Rescue, 'head' | 'branch' | 'path' | 'createdAt'>,
  extra: readonly string[],
): Promise<string> {
  const { head, index, files, untracked, conflicts } = kept;
  const parents = [...new Set([head, index, files, untracked, conflicts, ...extra])].filter(sha => sha !== undefined);
  const args = ['commit-tree', ...parents.flatMap(sha => ['-p', sha]), '-F', '-', `${head}^{tree}`];
  const input = `Rescue of ${kept.branch}\n\n${JSON.stringify(kept)}\n`;
  return (await git.run({ config: identity, args, input })).text();
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

/** An agent that rewrites its branch more often in one run is kept from its newest 500 on. */
const longestReflog = 500;

async function keepIndex(git: WorktreeGit, head: string): Promise<string> {
  return keepTree(git, (await git.run({ args: ['write-tree'] })).text(), [head]);
}

/** Tracked files as they are, as a commit. `scratchIn`: where the scratch index goes, if not into the git directory. */
export async function keepFiles(
  git: WorktreeGit,
  head: string,
  scratchIn?: string,
): Promise<{ readonly commit: string; readonly refused: readonly string[] }> {
  const keep = async (env: {
    readonly GIT_INDEX_FILE: string;
  }): Promise<{ commit: string; refused: readonly string[] }> => {
    await git.run({ ...takeWhatYouCan, args: ['add', '--update', '--sparse', '--ignore-errors', '--', ':/'], env });
    const refused = await unmergedOrDifferent(git, env);
    if (refused.unmerged.length > 0) await dropUnmerged(git, refused.unmerged, env);
    const tree = await git.run({ args: ['write-tree'], env });
    return { commit: await keepTree(git, tree.text(), [head]), refused: refused.all };
  };
  return withScratchIndex(git, keep, scratchIn);
}

/** Conflicts that git did not resolve to the file's text cannot be written as a tree; their sides are kept elsewhere. */
async function dropUnmerged(
  git: WorktreeGit,
  paths: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const input = Buffer.from(paths.map(path => `0 ${'0'.repeat(40)}\t${path}\0`).join(''), 'latin1');
  await git.run({ args: ['update-index', '-z', '--index-info'], input, env });
}

/** What a scratch index that should have all files lacks. */
async function unmergedOrDifferent(
  git: WorktreeGit,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly all: readonly string[]; readonly unmerged: readonly string[] }> {
  const list = ['ls-files', '--unmerged', '-z'];
  const entries = (await git.run({ args: list, env, reads: true })).records().map(binary);
  const unmerged = [...new Set(entries.map(entry => entry.slice(entry.indexOf('\t') + 1)))];
  const differ = ['diff-files', '--name-only', '--ignore-submodules=all', '-z'];
  const changed = (await git.run({ args: differ, env, reads: true })).records().map(binary);
  return { all: [...new Set([...unmerged, ...changed])], unmerged };
}

async function keepUntracked(
  git: WorktreeGit,
  untracked: readonly string[],
): Promise<{ readonly commit: string | undefined; readonly refused: readonly string[] }> {
  return withEmptyIndex(git, async env => {
    const args = ['add', '--force', '--sparse', '--ignore-errors', '--pathspec-from-file=-', '--pathspec-file-nul'];
    await git.run({ ...takeWhatYouCan, args, input: pathList(untracked, ':(top,literal)'), env });
    const taken = new Set((await git.run({ args: ['ls-files', '-z'], env, reads: true })).records().map(binary));
    const refused = untracked.map(path => binary(pathBytes(path))).filter(path => !taken.has(path));
    if (taken.size === 0) return { commit: undefined, refused };
    const tree = await git.run({ args: ['write-tree'], env });
    return { commit: await keepTree(git, tree.text(), []), refused };
  });
}

/** Files of whose changes git was told to say nothing (assume-unchanged, skip-worktree). */
async function hiddenFiles(git: WorktreeGit): Promise<readonly string[]> {
  const entries = (await git.run({ args: ['ls-files', '-v', '-z'], reads: true })).records().map(binary);
  return entries.filter(entry => /^[a-zS] /.test(entry)).map(entry => entry.slice(2).replace(/\/$/, ''));
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
  return withEmptyIndex(git, async env => {
    await git.run({ args: ['update-index', '-z', '--index-info'], input, env });
    const tree = await git.run({ args: ['write-tree'], env });
    return keepTree(git, tree.text(), []);
  });
}

async function keepTree(git: RepositoryGit | WorktreeGit, tree: string, parents: readonly string[]): Promise<string> {
  const args = ['commit-tree', ...parents.flatMap(sha => ['-p', sha]), '-m', 'Kept by Muster', tree];
  return (await git.run({ config: identity, args })).text();
}

/** An index of its own that starts empty, in the worktree's git directory: what a killed host leaves goes with that. */
export async function withEmptyIndex<T>(
  { gitDir }: WorktreeGit,
  work: (env: { readonly GIT_INDEX_FILE: string }) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(gitDir, 'muster-index-'));
  try {
    return await work({ GIT_INDEX_FILE: join(folder, 'index') });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The state that a worktree without its folder can still have: an index with staged work. */
export async function keepOrphanIndex(orphan: WorktreeGit, head: string): Promise<KeptWork> {
  const tree = await orphan.run({ args: ['write-tree'], accept: [0, 128] });
  const headTree = await orphan.repository.run({ args: ['rev-parse', `${head}^{tree}`], reads: true });
  if (tree.exitCode !== 0 || tree.text() === headTree.text()) return {};
  return { index: await keepTree(orphan.repository, tree.text(), [head]) };
}
