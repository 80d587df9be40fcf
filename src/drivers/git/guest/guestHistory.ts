import { copyFile, lstat, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../base/errors.js';
import type { GuestGit } from '../../../core/sandboxes/sandboxDriver.js';
import type { HistoryDriver, HistoryPack, OpenHistory } from '../../../core/workspaces/historyDriver.js';
import { commitFiles } from './commitFiles.js';
import { RepositoryGit } from '../command/boundGit.js';
import { createGitContext, type GitContext, type GitDriverOptions } from '../command/gitContext.js';

const commitPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** A bundle says in lines what it is about before its pack begins; there are few. */
const longestHeader = 256 * 1024;
/** Nobody's: a commit that only carries what is staged. */
const nobody = {
  GIT_AUTHOR_NAME: 'muster',
  GIT_AUTHOR_EMAIL: 'muster',
  GIT_COMMITTER_NAME: 'muster',
  GIT_COMMITTER_EMAIL: 'muster',
};

/** The port on real git. */
export function createHistoryDriver(options: GitDriverOptions): HistoryDriver {
  const context = createGitContext(options);
  return { open: git => openHistory(context, git) };
}

/** An empty repository that borrows the objects of the other one: its settings, replacements and ends of history are not there. */
async function openHistory(context: GitContext, guest: GuestGit): Promise<OpenHistory> {
  const { head, base } = guest.commits;
  // What a killed host left goes first, or with the sandbox.
  const folder = `${guest.gitDir}.history`;
  const dispose = async (): Promise<void> => await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  await dispose();
  await mkdir(folder, { mode: 0o700 });
  try {
    if (await isThere(join(guest.gitDir, 'shallow')))
      throw new AppError('git.failed', 'The repository is a shallow clone.', {
        command: 'git bundle',
        exitCode: undefined,
        stderr: 'a shallow clone',
      });
    const format = head.length === 64 ? 'sha256' : 'sha1';
    const args = ['init', '-q', '--bare', '--template=', `--object-format=${format}`, '--', folder];
    await context.git.run({ cwd: folder, args });
    await mkdir(join(folder, 'objects', 'info'), { recursive: true });
    await writeFile(join(folder, 'objects', 'info', 'alternates'), `${guest.objects.join('\n')}\n`);
    const git = new RepositoryGit(context.git, { commonDir: folder, root: folder });
    const staged = await stagedCommit(git, folder, guest);
    const wanted = [...new Set([head, base, staged].filter(commit => commit !== undefined))];
    let packs = 0;
    return {
      format,
      wanted,
      known: texts => known(git, texts),
      pack: async (commits, without, signal) =>
        await pack(git, { path: join(folder, `${packs++}.bundle`), commits, without, signal }),
      files: signal =>
        commitFiles(git, { commit: head, index: join(folder, 'staged'), isStaged: staged !== undefined, signal }),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Files that were added and never committed are named by the index alone. */
async function stagedCommit(
  git: RepositoryGit,
  folder: string,
  { gitDir, commits: { head } }: GuestGit,
): Promise<string | undefined> {
  const index = join(folder, 'staged');
  // A worktree without one has nothing staged.
  if (!(await isThere(join(gitDir, 'index')))) return undefined;
  await copyFile(join(gitDir, 'index'), index);
  const env = { GIT_INDEX_FILE: index };
  const tree = (await git.run({ args: ['write-tree'], env })).text();
  const own = (await git.run({ args: ['rev-parse', `${head}^{tree}`], reads: true })).text();
  if (tree === own) return undefined;
  return (await git.run({ args: ['commit-tree', tree, '-p', head, '-m', 'staged'], env: nobody })).text();
}

async function known(git: RepositoryGit, texts: readonly string[]): Promise<readonly string[]> {
  const ids = [...new Set(texts.filter(text => commitPattern.test(text)))];
  if (ids.length === 0) return [];
  const args = ['cat-file', '--batch-check=%(objectname) %(objecttype)'];
  const lines = (await git.run({ args, reads: true, input: `${ids.join('\n')}\n` })).text().split('\n');
  const commits = new Set(lines.flatMap(line => (line.endsWith(' commit') ? [line.split(' ', 1)[0] ?? ''] : [])));
  return ids.filter(id => commits.has(id));
}

interface Packing {
  readonly path: string;
  readonly commits: readonly string[];
  readonly without: readonly string[];
  readonly signal: AbortSignal;
}

async function pack(git: RepositoryGit, { path, commits, without, signal }: Packing): Promise<HistoryPack | undefined> {
  const not = without.map(commit => `^${commit}`);
  const any = await git.run({ args: ['rev-list', '--max-count=1', ...commits, ...not], reads: true, signal });
  if (any.text() === '') return undefined;
  // Only refs are bundled.
  const refs = commits.map((_, index) => `refs/heads/${index}`);
  for (const [index, commit] of commits.entries())
    await git.run({ args: ['update-ref', `refs/heads/${index}`, commit], signal });
  await git.run({ args: ['bundle', 'create', '--quiet', path, ...refs, ...not], signal });
  return await packOf(path);
}

async function packOf(path: string): Promise<HistoryPack> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestHeader), 0, longestHeader, 0);
    const end = buffer.subarray(0, bytesRead).indexOf('\n\n');
    const start = end + 2;
    if (end < 0 || buffer.subarray(start, start + 4).toString('latin1') !== 'PACK')
      throw new AppError('git.failed', 'git bundle wrote no pack.', {
        command: 'git bundle',
        exitCode: 0,
        stderr: 'no pack',
      });
    return { path, start, bytes: size - start };
  } finally {
    await file.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    stats => stats.isFile(),
    () => false,
  );
}
