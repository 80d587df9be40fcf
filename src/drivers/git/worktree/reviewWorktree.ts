import { copyFile, mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangedFile, FileAtCommit, WorktreeRef, WorktreeState } from '../../../core/workspaces/worktreeDriver.js';
import type { GitOutput } from '../command/gitCommand.js';
import type { WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { failureOf } from '../command/gitFailure.js';
import { pathBytes, pathList } from '../command/gitPath.js';
import { openRepository } from '../repository/openRepository.js';
import { openWorktree } from './openWorktree.js';
import { parseChanges } from './parseChanges.js';
import { worktreeStatus } from './worktreeStatus.js';

export const diffArgs = ['--no-color', '--no-ext-diff', '--no-textconv', '--find-renames', '--ignore-submodules=dirty'];
export const diffConfig = ['diff.noprefix=false', 'diff.mnemonicPrefix=false', 'core.quotePath=true'];

/** HEAD, uncommitted files, distance to a branch or commit. */
export async function worktreeState(
  context: GitContext,
  worktree: WorktreeRef,
  compareTo: string,
  signal?: AbortSignal,
): Promise<WorktreeState> {
  const git = await openWorktree(context, worktree);
  const args = ['rev-list', '--left-right', '--count', `HEAD...${await revision(git, compareTo)}`, '--'];
  const [status, counts] = await Promise.all([worktreeStatus(git, signal), git.run({ args, signal, reads: true })]);
  const [ahead = '0', behind = '0'] = counts.text().split('\t');
  return { head: status.head, dirty: status.dirty, ahead: Number(ahead), behind: Number(behind) };
}

/** A branch before a tag of the same name, without asking git: full commit ids are taken as they are. */
async function revision(git: WorktreeGit, name: string): Promise<string> {
  if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(name)) return name;
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${name}^{commit}`];
  const output = await git.run({ args, reads: true, accept: [0, 1] });
  return output.exitCode === 0 ? output.text() : name;
}

export async function changedFiles(
  context: GitContext,
  worktree: WorktreeRef,
  base: string,
  signal?: AbortSignal,
): Promise<readonly ChangedFile[]> {
  const { untracked, output } = await diff(context, { worktree, base, signal, args: ['--raw', '--numstat', '-z'] });
  return parseChanges(output.records(), new Set(untracked));
}

export async function unifiedPatch(
  context: GitContext,
  worktree: WorktreeRef,
  base: string,
  limits: { readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly text: string; readonly truncated: boolean }> {
  const { maxBytes, signal } = limits;
  const { output } = await diff(context, { worktree, base, signal, args: ['--patch'], maxBytes });
  return patchText(output, maxBytes);
}

/** What git printed as a patch. A cut one ends with a whole line. */
export function patchText(output: GitOutput, maxBytes: number): { readonly text: string; readonly truncated: boolean } {
  const text = new TextDecoder().decode(output.stdout.subarray(0, maxBytes));
  const truncated = output.truncated || output.stdout.length > maxBytes;
  return { text: truncated ? text.slice(0, text.lastIndexOf('\n') + 1) : text, truncated };
}

/** A file's bytes at a commit. */
export async function fileAtCommit(
  context: GitContext,
  request: {
    readonly repository: string;
    readonly commit: string;
    readonly path: string;
    readonly maxBytes: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<FileAtCommit> {
  const { repository, commit, path, maxBytes, signal } = request;
  if (path.includes('\0') || commit.startsWith('-')) return { kind: 'missing' };
  const git = await openRepository(context, { repository });
  const output = await git.run({
    args: ['cat-file', '--batch', '-z'],
    input: Buffer.concat([Buffer.from(`${commit}:`), pathBytes(path), Buffer.of(0)]),
    maxBytes: maxBytes + longestHeader,
    signal,
    reads: true,
  });
  const end = output.stdout.indexOf(10);
  const header = new TextDecoder().decode(output.stdout.subarray(0, end < 0 ? 0 : end));
  const size = Number(/^[0-9a-f]+ blob (\d+)$/.exec(header)?.[1] ?? '-1');
  if (size < 0) return { kind: 'missing' };
  if (size > maxBytes) return { kind: 'too_large', bytes: size };
  return { kind: 'file', content: output.stdout.slice(end + 1, end + 1 + size) };
}

/** As much of the function’s head as a row shows. */
const longestHeader = 200;

/** Diffs the merge base with `base` against the worktree's files, untracked ones included. */
async function diff(
  context: GitContext,
  request: {
    readonly worktree: WorktreeRef;
    readonly base: string;
    readonly args: readonly string[];
    readonly maxBytes?: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly untracked: readonly string[]; readonly output: GitOutput }> {
  const { signal } = request;
  const git = await openWorktree(context, request.worktree);
  const [status, base] = await Promise.all([worktreeStatus(git, signal), revision(git, request.base)]);
  const show = async (env: Readonly<Record<string, string>>): Promise<GitOutput> => {
    const run = (from: readonly string[]): Promise<GitOutput> =>
      git.run({
        config: diffConfig,
        args: ['diff', ...diffArgs, ...request.args, ...from, '--'],
        env,
        signal,
        reads: true,
        ...(request.maxBytes === undefined ? {} : { maxBytes: request.maxBytes }),
      });
    return run(['--merge-base', base]).catch(async (error: unknown) => {
      // Unrelated histories, or more than one merge base: git's diff asks for exactly one.
      if (failureOf(error) !== 'no_merge_base') throw error;
      const found = await git.run({ args: ['merge-base', base, 'HEAD'], signal, reads: true, accept: [0, 1] });
      return run([found.text() || base]);
    });
  };
  if (status.untracked.length === 0) return { untracked: [], output: await show({}) };
  return withScratchIndex(git, async env => {
    // "Intent to add" makes git show the files as new without writing their contents anywhere.
    await git.run({
      args: ['add', '--intent-to-add', '--sparse', '--pathspec-from-file=-', '--pathspec-file-nul'],
      input: pathList(status.untracked, ':(top,literal)'),
      env,
      signal,
    });
    return { untracked: status.untracked, output: await show(env) };
  });
}

/** A copy of the index, so that the worktree's own stays as the agent or person left it. It goes into the git directory. */
export async function withScratchIndex<T>(
  { gitDir }: WorktreeGit,
  work: (env: { readonly GIT_INDEX_FILE: string }) => Promise<T>,
  scratchIn = gitDir,
): Promise<T> {
  const folder = await mkdtemp(join(scratchIn, 'muster-index-'));
  try {
    const scratch = join(folder, 'index');
    const index = join(gitDir, 'index');
    await copyFile(index, scratch);
    // Git takes a file of unchanged size and second for unchanged, unless the index is no younger than the file. A copy
    // with a time of its own would hide an edit that was made in the second in which the index was written.
    const { atimeMs, mtimeMs } = await stat(index);
    await utimes(scratch, Math.floor(atimeMs / 1000), Math.floor(mtimeMs / 1000));
    return await work({ GIT_INDEX_FILE: scratch });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
