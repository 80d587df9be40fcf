import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../../base/errors.js';
import type { WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';

/**
 * Fills the submodules of a new worktree from what the main checkout has of them, without the network. Best effort: what
 * cannot be had is a note, since an agent can often do without, and must know.
 */
export async function populateSubmodules(
  { log }: GitContext,
  git: WorktreeGit,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!(await isThere(join(git.workTree, '.gitmodules')))) return [];
  const without: string[] = [];
  for (const { name, path } of await listSubmodules(git, signal)) {
    const source = join(git.repository.commonDir, 'modules', name);
    try {
      if (!(await isThere(join(source, 'HEAD')))) throw new Error('the main checkout does not have it');
      await populate(git, { name, path, source, signal });
    } catch (error) {
      signal.throwIfAborted();
      log.warn('A submodule could not be filled', { path, reason: errorMessage(error) });
      without.push(path);
    }
  }
  if (without.length === 0) return [];
  return [`Empty in this worktree: ${without.join(', ')}. \`git submodule update --init\` in it fetches them.`];
}

async function populate(
  git: WorktreeGit,
  submodule: { readonly name: string; readonly path: string; readonly source: string; readonly signal: AbortSignal },
): Promise<void> {
  const { name, path, source, signal } = submodule;
  await git.run({
    // The URL of this once is the main checkout's copy; a local path is refused otherwise.
    config: [`submodule.${name}.url=${source}`, `submodule.${name}.active=true`, 'protocol.file.allow=always'],
    args: ['submodule', '--quiet', 'update', '--init', '--checkout', '--', path],
    signal,
  });
  const url = await git.repository.run({
    args: ['config', '--file', join(source, 'config'), '--get', 'remote.origin.url'],
    reads: true,
    accept: [0, 1],
  });
  if (url.text() === '') return;
  const own = join(git.gitDir, 'modules', name, 'config');
  await git.repository.run({ args: ['config', '--file', own, 'remote.origin.url', url.text()] });
}

/** Names and paths from the `.gitmodules` of the base commit; no agent has written into the worktree yet. */
async function listSubmodules(
  git: WorktreeGit,
  signal: AbortSignal,
): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const args = ['config', '--file', '.gitmodules', '--no-includes', '-z', '--get-regexp', '^submodule\\..*\\.path$'];
  const output = await git.run({ args, reads: true, signal, accept: [0, 1, 128] });
  if (output.exitCode !== 0) return [];
  return output.fields().flatMap(field => {
    const [key = '', path = ''] = field.split('\n');
    const name = key.slice('submodule.'.length, -'.path'.length);
    // The name becomes a folder below the git directory; git refuses `..` in it as well.
    return path === '' || name.split('/').includes('..') ? [] : [{ name, path }];
  });
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
