import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { WorktreeGit } from '../command/boundGit.js';
import type { GitOutput } from '../command/gitCommand.js';
import type { GitContext } from '../command/gitContext.js';
import { binary, binaryPath, fileAt, pathBytes } from '../command/gitPath.js';
import { findSubmodules } from '../rescue/submodules.js';
import { isRealFolder } from '../rescue/worktreeFiles.js';
import { exists } from './gitDirectory.js';
import { openWorktree } from './openWorktree.js';
import { lookInto } from '../../../node/looks.js';

/** Deeper ones nobody has. */
const deepest = 5;

/**
 * The submodules of a worktree whose own files have changes that are not committed there: git calls such a worktree unchanged,
 * and no commit of the thread has them. An agent may have written a submodule's configuration (filters, monitors), so git is
 * not run in it: the thread's repository compares the submodule's index with its files and with the commit that is linked.
 */
export async function submodulesWithWork(context: GitContext, worktree: WorktreeRef): Promise<readonly string[]> {
  const git = await openWorktree(context, worktree);
  if (!(await exists(join(git.gitDir, 'modules')))) return [];
  const links = await linksIn(args => git.run({ args, reads: true }));
  return look(context, git, { links, depth: 1 });
}

interface Link {
  /** Relative to the worktree. */
  readonly path: string;
  readonly commit: string;
}

async function look(
  context: GitContext,
  git: WorktreeGit,
  { links, depth }: { readonly links: readonly Link[]; readonly depth: number },
): Promise<readonly string[]> {
  const found: string[] = [];
  const submodules = await findSubmodules(
    git,
    links.map(({ path }) => path),
  );
  for (const { path, directory } of submodules) {
    const commit = links.find(link => link.path === path)?.commit;
    if (commit === undefined || !isRealFolder(git.workTree, binary(pathBytes(path)))) continue;
    await withIndexOf(context, git, { path, directory }, async submodule => {
      if (await hasWork(submodule, commit)) found.push(path);
      if (depth >= deepest) return;
      const inner = (await linksIn(submodule)).map(link => ({ ...link, path: `${path}/${link.path}` }));
      if (inner.length > 0) found.push(...(await look(context, git, { links: inner, depth: depth + 1 })));
    });
  }
  return found;
}

/** Asks git about a submodule with the configuration of the thread's repository. */
type Ask = (args: readonly string[]) => Promise<GitOutput>;

async function hasWork(ask: Ask, commit: string): Promise<boolean> {
  await ask(['update-index', '-q', '--ignore-submodules', '--refresh']);
  const questions = [
    // Git compares what is linked with what is checked out, and starts nothing in submodules for it.
    ['diff-files', '--quiet', '--ignore-submodules=dirty'],
    ['diff-index', '--cached', '--quiet', commit, '--'],
  ];
  for (const args of questions) if ((await ask(args)).exitCode === 1) return true;
  const args = ['ls-files', '--others', '--exclude-standard', '--directory', '--no-empty-directory', '-z'];
  return (await ask(args)).records().length > 0;
}

/** The links to commits of other repositories that an index has. */
async function linksIn(ask: Ask): Promise<Link[]> {
  return (await ask(['ls-files', '--stage', '-z'])).records().flatMap(record => {
    const text = binary(record);
    const [mode, commit = ''] = text.split(' ', 2);
    return mode === '160000' ? [{ path: binaryPath(text.slice(text.indexOf('\t') + 1)), commit }] : [];
  });
}

/** With a copy of the submodule's index, which stays as the agent left it. */
async function withIndexOf(
  context: GitContext,
  git: WorktreeGit,
  { path, directory }: { readonly path: string; readonly directory: string },
  work: (ask: Ask) => Promise<void>,
): Promise<void> {
  const gitDir = join(git.gitDir, 'modules', directory);
  const index = await lookInto(join(gitDir, 'index'), { maxBytes: largestIndex });
  if (index?.kind !== 'file' || index.truncated) return;
  const folder = await mkdtemp(join(git.gitDir, 'muster-index-'));
  try {
    const scratch = join(folder, 'index');
    await writeFile(scratch, index.bytes);
    // Edits of the second in which the index was written are only seen if the copy is no younger.
    const second = Math.floor(index.modifiedAt / 1000);
    await utimes(scratch, second, second);
    const workTree = fileAt(git.workTree, path).toString();
    const submodule = new WorktreeGit(context.git, { repository: git.repository, gitDir: git.gitDir, workTree });
    const env = { GIT_INDEX_FILE: scratch, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(gitDir, 'objects') };
    await work(args => submodule.run({ args, env, reads: true, accept: [0, 1, 128] }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** 100 bytes for each of two million files. */
const largestIndex = 200 * 1024 * 1024;
