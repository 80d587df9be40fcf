import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorMessage } from '../../../base/errors.js';
import type { Push, RemoteDriver, RemotePlace } from '../../../core/merges/pullRequestService.js';
import { readForeignFile } from '../../../node/foreignFile.js';
import { RepositoryGit } from '../command/boundGit.js';
import { createGitContext, type GitContext, type GitDriverOptions } from '../command/gitContext.js';
import { openRepository } from './openRepository.js';

/** Nobody is there to type a passphrase, and no window may ask for one. */
const unattended = { GIT_ASKPASS: 'true', SSH_ASKPASS_REQUIRE: 'never', GCM_INTERACTIVE: 'never' };

const longestShallow = 1_000_000;

/** The port on real git. */
export function createRemoteDriver(options: GitDriverOptions): RemoteDriver {
  const context = createGitContext(options);
  return {
    async pushPlace(place, { remote: wanted, branch }, signal) {
      const git = await open(context, place);
      const remote = wanted ?? (await remoteOf(git, branch, signal));
      if (remote === undefined || remote === '' || remote.startsWith('-')) return undefined;
      const args = ['remote', 'get-url', '--push', '--', remote];
      const found = await git.run({ args, reads: true, signal, accept: [0, 2, 128] });
      const url = found.exitCode === 0 ? found.text() : '';
      return url === '' ? undefined : { remote, url, rewritten: await isRewritten(git, url, signal) };
    },
    push: async (place, push, signal) => pushCommit(await open(context, place), push, { hooks: true, signal }),
    pushApart: async (place, push, signal) => pushApart(context, await open(context, place), { push, signal }),
  };
}

async function open(context: GitContext, { repository, commonDir }: RemotePlace): Promise<RepositoryGit> {
  return openRepository(context, { repository, ...(commonDir !== undefined && { commonDir }) });
}

/** The one that the branch belongs to, the only one, or `origin`. */
async function remoteOf(git: RepositoryGit, branch: string, signal: AbortSignal): Promise<string | undefined> {
  const config = ['config', '--get', `branch.${branch}.remote`];
  const own = (await git.run({ args: config, reads: true, signal, accept: [0, 1] })).text();
  if (own !== '' && own !== '.') return own;
  const all = (await git.run({ args: ['remote'], reads: true, signal })).text().split('\n');
  return all.length === 1 ? all[0] : all.find(name => name === 'origin');
}

/** Git rewrites addresses that it is given once more: one that a rule fits is not where the push would go. */
async function isRewritten(git: RepositoryGit, url: string, signal: AbortSignal): Promise<boolean> {
  const args = ['config', '--null', '--get-regexp', '^url\\..*\\.(insteadof|pushinsteadof)$'];
  const rules = (await git.run({ args, reads: true, signal, accept: [0, 1] })).fields();
  return rules.some(rule => {
    const prefix = rule.slice(rule.indexOf('\n') + 1);
    return rule.includes('\n') && url.startsWith(prefix);
  });
}

/** From an empty repository that borrows the objects of the other one: what stands in its `.git` steers nothing. */
async function pushApart(
  context: GitContext,
  { commonDir }: RepositoryGit,
  { push, signal }: { readonly push: Push; readonly signal: AbortSignal },
): Promise<void> {
  const pushes = join(context.stateDir, 'pushes');
  await mkdir(pushes, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(pushes, 'push-'));
  try {
    const format = push.commit.length === 64 ? 'sha256' : 'sha1';
    const args = ['init', '-q', '--bare', '--template=', `--object-format=${format}`, '--', folder];
    await context.git.run({ cwd: folder, args, signal });
    await writeFile(join(folder, 'objects', 'info', 'alternates'), `${join(commonDir, 'objects')}\n`);
    // Where the history of a shallow clone ends.
    const shallow = await readForeignFile(join(commonDir, 'shallow'), { maxBytes: longestShallow });
    if (shallow?.kind === 'file') await writeFile(join(folder, 'shallow'), shallow.bytes);
    const apart = new RepositoryGit(context.git, { commonDir: folder, root: folder });
    await pushCommit(apart, push, { hooks: false, signal }).catch(async (error: unknown) => {
      if (!(await isBelow(apart, push, signal))) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** True when something newer has been pushed, which has the commit in its history: git refuses to go back to it. */
async function isBelow(git: RepositoryGit, { url, commit, branch }: Push, signal: AbortSignal): Promise<boolean> {
  const ref = `refs/heads/${branch}`;
  try {
    const args = ['ls-remote', '--', url, ref];
    const listed = (await git.run({ args, env: unattended, reads: true, signal })).text().split('\n');
    const tip = listed.find(line => line.endsWith(`\t${ref}`))?.split('\t', 1)[0] ?? '';
    if (!/^[0-9a-f]{40,64}$/.test(tip)) return false;
    const contains = ['merge-base', '--is-ancestor', commit, tip];
    return (await git.run({ args: contains, reads: true, accept: [0, 1, 128], signal })).exitCode === 0;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

async function pushCommit(
  git: RepositoryGit,
  { url, commit, branch }: Push,
  { hooks, signal }: { readonly hooks: boolean; readonly signal: AbortSignal },
): Promise<void> {
  try {
    // With the person's hooks, as if they had typed it: that of LFS sends the files themselves.
    const args = ['push', '--porcelain', '--no-recurse-submodules', '--', url, `${commit}:refs/heads/${branch}`];
    await git.run({ args, env: unattended, hooks, signal });
  } catch (error) {
    signal.throwIfAborted();
    const reason = errorMessage(error);
    throw new AppError('push.failed', `The branch ${branch} was not pushed to ${url}: ${reason}`, {
      remote: url,
      reason,
    });
  }
}
