import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryGit } from '../command/boundGit.js';
import { glanceAt } from '../../../node/looks.js';

/** What `git sparse-checkout` writes into a worktree's own configuration: none of it names a program. */
const harmless = new Set([
  'core.sparsecheckout',
  'core.sparsecheckoutcone',
  'index.sparse',
  'core.bare',
  'core.worktree',
]);

/**
 * With `extensions.worktreeConfig` git reads `config.worktree` of a worktree's git directory, and whoever can write there
 * would choose filters for the host to run. So it may say what the main checkout's says (git copies that when it makes a
 * worktree) and what cannot start anything. Returns what else it says, in words; undefined if nothing.
 */
export async function ownConfigurationProblem(repository: RepositoryGit, gitDir: string): Promise<string | undefined> {
  const file = join(gitDir, 'config.worktree');
  const found = glanceAt(file);
  if (found === undefined) return undefined;
  if (!found.isFile()) return 'the configuration in its git directory is not a file';
  const allowed = new Set(await settingsOf(repository, join(repository.commonDir, 'config.worktree')));
  for (const setting of await settingsOf(repository, file)) {
    const name = setting.split('\n', 1)[0] ?? '';
    if (!harmless.has(name) && !allowed.has(setting)) return `the configuration in its git directory sets ${name}`;
  }
  return undefined;
}

/** Names and values of one file, as git reads it; files that it includes are named, not followed. */
async function settingsOf(repository: RepositoryGit, file: string): Promise<string[]> {
  if (!(await isThere(file))) return [];
  const args = ['config', '--file', file, '--no-includes', '--list', '-z'];
  const output = await repository.run({ args, reads: true, accept: [0, 1, 128] });
  // What git cannot read it does not obey either, but says so in each command.
  return output.exitCode === 0 ? output.fields() : [];
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
