import { copyFile, lstat, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../../../base/errors.js';
import type { GuestCommits, GuestGit } from '../../../core/sandboxes/sandboxDriver.js';
import type { LendRequest } from '../../../core/workspaces/guestGitDriver.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { RepositoryGit, WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { openWorktree } from '../worktree/openWorktree.js';

/** What of the repository's configuration says how files and commits look; nothing of it can make git run something. */
const passedOn = [
  'user.name',
  'user.email',
  'core.autocrlf',
  'core.eol',
  'core.filemode',
  'core.ignorecase',
  'core.precomposeunicode',
  'core.symlinks',
];

/** Repositories that borrow from each other in a circle must not keep us for ever. */
const mostObjectFolders = 16;

/** Writes a git directory by hand: no git of this machine ever runs in it, neither now nor later. */
export async function lendGit(context: GitContext, worktree: WorktreeRef, request: LendRequest): Promise<GuestGit> {
  const git = await openWorktree(context, worktree);
  const { gitDir, inside, base } = request;
  const facts = await factsOf(git, worktree, base);
  const objects = await objectFolders(git.repository);
  // What stands there was made for a run that never began.
  await rm(gitDir, { recursive: true, force: true });
  await mkdir(gitDir, { recursive: true, mode: 0o700 });
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info'])
    await mkdir(join(gitDir, folder), { recursive: true });
  const texts: readonly (readonly [string, string])[] = [
    ['HEAD', `ref: refs/heads/${worktree.branch}\n`],
    ['config', configText(facts)],
    ['packed-refs', packedRefs(facts.refs)],
    ['objects/info/alternates', `${objects.map((_, index) => inside(index)).join('\n')}\n`],
  ];
  for (const [name, text] of texts) await writeFile(join(gitDir, name), text, { mode: 0o600 });
  await copyIfThere(join(git.gitDir, 'index'), join(gitDir, 'index'));
  await copyIfThere(join(git.gitDir, 'info', 'sparse-checkout'), join(gitDir, 'info', 'sparse-checkout'));
  await copyIfThere(join(git.repository.commonDir, 'info', 'exclude'), join(gitDir, 'info', 'exclude'));
  await copyIfThere(join(git.repository.commonDir, 'shallow'), join(gitDir, 'shallow'));
  return { gitDir, objects, commits: facts.commits };
}

interface LentFacts {
  readonly objectFormat: string;
  readonly settings: readonly (readonly [string, string])[];
  readonly refs: ReadonlyMap<string, string>;
  readonly commits: GuestCommits;
}

async function factsOf(git: WorktreeGit, worktree: WorktreeRef, base: string | undefined): Promise<LentFacts> {
  const [head, format, settings, baseCommit] = await Promise.all([
    git.run({ args: ['rev-parse', '--verify', 'HEAD^{commit}'], reads: true }),
    git.run({ args: ['rev-parse', '--show-object-format'], reads: true }),
    git.run({ args: ['config', '-z', '--get-regexp', `^(${passedOn.join('|')})$`], reads: true, accept: [0, 1] }),
    base === undefined ? undefined : branchCommit(git.repository, base),
  ]);
  const refs = new Map([[`refs/heads/${worktree.branch}`, head.text()]]);
  if (base !== undefined && baseCommit !== undefined) refs.set(`refs/heads/${base}`, baseCommit);
  const pairs = settings.fields().flatMap(field => {
    const [name = '', value] = field.split('\n');
    return value === undefined ? [] : [[name, value] as const];
  });
  return { objectFormat: format.text(), settings: pairs, refs, commits: { head: head.text(), base: baseCommit } };
}

async function branchCommit(repository: RepositoryGit, branch: string): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`];
  const found = await repository.run({ args, reads: true, accept: [0, 1, 128] });
  return found.exitCode === 0 ? found.text() : undefined;
}

function configText({ objectFormat, settings }: LentFacts): string {
  const version = objectFormat === 'sha1' ? 0 : 1;
  const lines = [
    '[core]',
    `\trepositoryformatversion = ${version}`,
    '\tbare = false',
    '\tlogallrefupdates = true',
    '[gc]',
    '\tauto = 0',
  ];
  if (version === 1) lines.push('[extensions]', `\tobjectformat = ${objectFormat}`);
  for (const [name, value] of settings) {
    const dot = name.indexOf('.');
    lines.push(`[${name.slice(0, dot)}]`, `\t${name.slice(dot + 1)} = ${quoted(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** In the quoting of git's configuration files. */
function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function packedRefs(refs: ReadonlyMap<string, string>): string {
  const lines = [...refs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, commit]) => `${commit} ${name}`);
  return `# pack-refs with: peeled fully-peeled sorted \n${lines.join('\n')}\n`;
}

/** The repository's objects and those that it borrows itself. Errors: `worktree.failed`. */
export async function objectFolders({ commonDir, root }: RepositoryGit): Promise<readonly string[]> {
  const found: string[] = [];
  const look = async (folder: string): Promise<void> => {
    // A link to nowhere lends nothing.
    const real = await realpath(folder).catch(() => undefined);
    if (real === undefined || found.includes(real)) return;
    if (found.push(real) > mostObjectFolders)
      throw new AppError('worktree.failed', `The repository ${root} borrows objects from too many others.`, {
        path: root,
        reason: 'too many alternates',
      });
    // Most stores borrow from no other.
    const text = await readFile(join(real, 'info', 'alternates'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) if (line !== '' && !line.startsWith('#')) await look(resolve(real, line));
  };
  await look(join(commonDir, 'objects'));
  return found;
}

async function copyIfThere(from: string, to: string): Promise<void> {
  // What the repository does not have the guest need not have either.
  const there = await lstat(from).catch(() => undefined);
  if (!there?.isFile()) return;
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
