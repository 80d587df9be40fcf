import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NotMerged } from '../../../core/merges/mergeDriver.js';
import { binary, pathText } from '../command/gitPath.js';
import { findGitDirectory } from '../worktree/openWorktree.js';
import type { Computation } from './computation.js';
import { blocked, named } from './mergeOutcomes.js';

/** Where commits of submodules are kept that came with a merge: nothing else in their repository points to them yet. */
const keptUnder = 'refs/muster/submodules';
/** Where refs of what others have lie. */
const published = ['refs/remotes', 'refs/tags'];

interface Link {
  readonly path: string;
  readonly commit: string;
}

/**
 * A tree that links to a commit of another repository is only worth something to those who can get that commit. One that
 * only the thread's worktree has is brought into the main checkout's submodule; where that is not possible the merge would
 * land a link that nobody can follow. Returns why not to merge.
 */
export async function bringLinkedCommits(work: Computation, tree: string): Promise<NotMerged | undefined> {
  const lost: string[] = [];
  for (const link of await newLinks(work, tree)) {
    const name = await submoduleName(work, tree, link.path);
    if (name === undefined || !(await bring(work, name, link.commit))) lost.push(link.path);
  }
  if (lost.length === 0) return undefined;
  const message = `${named(lost)}: the thread links to a commit of a repository that only its worktree has, so nobody could check it out after the merge. Push that commit (and add the repository as a submodule), or commit its files instead of the link; then review and merge again.`;
  return blocked('submodule_missing', message, lost);
}

/** Links that the merge would bring to the target. */
async function newLinks({ repository, target, signal }: Computation, tree: string): Promise<Link[]> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', target.tree, tree];
  const records = (await repository.run({ args, signal, reads: true })).records();
  const links: Link[] = [];
  for (let i = 0; i + 1 < records.length; i += 2) {
    const [, mode, , commit = ''] = binary(records[i] ?? new Uint8Array()).split(' ');
    if (mode === '160000') links.push({ path: pathText(records[i + 1] ?? new Uint8Array()), commit });
  }
  return links;
}

/** The name under which `.gitmodules` of the tree knows the path; names that would lead elsewhere count as none. */
async function submoduleName(
  { repository, signal }: Computation,
  tree: string,
  path: string,
): Promise<string | undefined> {
  const args = ['config', '--blob', `${tree}:.gitmodules`, '-z', '--get-regexp', String.raw`^submodule\..*\.path$`];
  const output = await repository.run({ args, signal, reads: true, accept: [0, 1, 128] });
  if (output.exitCode !== 0) return undefined;
  for (const entry of output.fields()) {
    const [key = '', ...value] = entry.split('\n');
    if (value.join('\n') !== path) continue;
    const name = key.slice('submodule.'.length, -'.path'.length);
    return name.split('/').some(part => part === '' || part === '.' || part === '..') ? undefined : name;
  }
  return undefined;
}

/** True when others can get the commit afterwards: a remote has it, or the main checkout's submodule does by now. */
async function bring(work: Computation, name: string, commit: string): Promise<boolean> {
  const { context, repository, request } = work;
  const main = join(repository.commonDir, 'modules', name);
  const worktree = await findGitDirectory(context, repository.commonDir, request.worktree);
  const own = worktree === undefined ? undefined : join(worktree, 'modules', name);
  if (!(await isFolder(main))) {
    // Added by the thread: nobody has it here yet, and everybody else gets it from where it came from.
    return own !== undefined && (await isFolder(own)) && (await isReachable(work, own, { commit, under: published }));
  }
  if (await isReachable(work, main, { commit })) return true;
  if (own === undefined || !(await isFolder(join(own, 'objects')))) return false;
  // The objects are read where they lie; what else stands in that git directory is the agent's and is not asked.
  const borrowed = { GIT_DIR: main, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(own, 'objects') };
  const common = { cwd: main, signal: work.signal, config: ['core.hooksPath=/dev/null', 'gc.auto=0'] };
  const there = await context.git.run({
    ...common,
    env: borrowed,
    args: ['cat-file', '-e', `${commit}^{commit}`],
    accept: [0, 1, 128],
  });
  if (there.exitCode !== 0) return false;
  const known = await context.git.run({
    ...common,
    env: { GIT_DIR: main },
    args: ['for-each-ref', '--format=^%(objectname)'],
  });
  const pack = await context.git.run({
    ...common,
    env: borrowed,
    args: ['pack-objects', '--revs', '--stdout', '--quiet'],
    input: `${commit}\n${known.text()}\n`,
    maxBytes: 512 * 1024 * 1024,
  });
  const kept = { ...common, env: { GIT_DIR: main } };
  await context.git.run({ ...kept, args: ['index-pack', '--stdin', '--fix-thin', '--strict'], input: pack.stdout });
  await context.git.run({ ...kept, args: ['update-ref', `${keptUnder}/${commit}`, commit] });
  return true;
}

/**
 * True when a ref under one of the prefixes (without any: any ref) has the commit. Only refs and objects are looked at; no program
 * of that repository's configuration runs for it.
 */
async function isReachable(
  { context, signal }: Computation,
  gitDir: string,
  { commit, under = [] }: { readonly commit: string; readonly under?: readonly string[] },
): Promise<boolean> {
  const args = ['for-each-ref', '--count=1', '--format=%(refname)', `--contains=${commit}`, ...under];
  const output = await context.git.run({
    cwd: gitDir,
    env: { GIT_DIR: gitDir },
    args,
    signal,
    reads: true,
    accept: [0, 1, 128, 129],
  });
  return output.exitCode === 0 && output.text() !== '';
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}
