import { join } from 'node:path';
import type { RepositoryGit } from '../command/boundGit.js';
import { exists } from '../worktree/gitDirectory.js';
import { registeredAt } from '../worktree/openWorktree.js';
import type { ListedWorktree } from '../worktree/worktreeList.js';
import { lookInto, namesIn } from '../../../node/looks.js';

/** Files of a git directory that say which branch an operation will come back to; read from git's own state, not its output. */
const returnsTo: readonly (readonly [string, string])[] = [
  ['rebase-merge/head-name', 'rebased'],
  ['rebase-apply/head-name', 'rebased'],
  ['rebase-merge/update-refs', 'rebased'],
  ['BISECT_START', 'bisected'],
];
/** Files that say that a checkout is in the middle of something. */
const unfinished: readonly (readonly [string, string])[] = [
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['sequencer', 'cherry-pick or revert'],
];
/** Files of a rebase or bisect are some lines; what is longer is none of git’s. */
const longestState = 1024 * 1024;

/** Why the target must not move now: a clause such as "it is being rebased"; undefined if it may. */
export async function whyBusy(
  { commonDir }: RepositoryGit,
  target: string,
  checkouts: readonly ListedWorktree[],
): Promise<string | undefined> {
  const names = await namesIn(join(commonDir, 'worktrees'));
  for (const directory of [commonDir, ...names.map(name => join(commonDir, 'worktrees', name))]) {
    for (const [file, doing] of returnsTo) {
      // Agents can write here, so that it may be anything.
      const found = await lookInto(join(directory, file), { maxBytes: longestState });
      if (found?.kind !== 'file') continue;
      const lines = found.bytes
        .toString('utf8')
        .split('\n')
        .map(line => line.trim());
      if (lines.includes(`refs/heads/${target}`) || lines.includes(target)) return `it is being ${doing}`;
    }
  }
  if (checkouts.length > 1) return `it is checked out in ${checkouts.map(({ path }) => path).join(' and ')}`;
  for (const { path } of checkouts) {
    const directory = (await registeredAt(commonDir, path)) ?? commonDir;
    for (const [file, name] of unfinished) {
      if (await exists(join(directory, file))) return `a ${name} is in progress in ${path}`;
    }
  }
  return undefined;
}
