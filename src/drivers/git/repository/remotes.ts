import { AppError, errorMessage } from '../../../base/errors.js';
import type { Push, RemoteDriver, RemotePlace } from '../../../core/merges/pullRequestService.js';
import type { RepositoryGit } from '../command/boundGit.js';
import { createGitContext, type GitContext, type GitDriverOptions } from '../command/gitContext.js';
import { openRepository } from './openRepository.js';

/** Nobody is there to type a passphrase, and no window may ask for one. */
const unattended = { GIT_ASKPASS: 'true', SSH_ASKPASS_REQUIRE: 'never', GCM_INTERACTIVE: 'never' };

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
    push: async (place, push, signal) => pushCommit(await open(context, place), push, signal),
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

async function pushCommit(git: RepositoryGit, { url, commit, branch }: Push, signal: AbortSignal): Promise<void> {
  try {
    // With the person's hooks, as if they had typed it: that of LFS sends the files themselves.
    const args = ['push', '--porcelain', '--no-recurse-submodules', '--', url, `${commit}:refs/heads/${branch}`];
    await git.run({ args, env: unattended, hooks: true, signal });
  } catch (error) {
    signal.throwIfAborted();
    const reason = errorMessage(error);
    throw new AppError('push.failed', `The branch ${branch} was not pushed to ${url}: ${reason}`, {
      remote: url,
      reason,
    });
  }
}
