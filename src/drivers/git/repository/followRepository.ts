import { join, resolve } from 'node:path';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { findGitDirectory } from '../worktree/openWorktree.js';
import { repairWorktree } from '../worktree/repairWorktree.js';
import { openRepository } from './openRepository.js';
import { lookInto } from '../../../node/looks.js';

/** Longer than any path that a system takes. */
const longestLink = 8192;

/** Makes a worktree's `.git` point to where its repository is now. */
export async function followRepository(context: GitContext, worktree: WorktreeRef, from: string): Promise<void> {
  const { files } = context;
  const { commonDir } = await openRepository(context, worktree);
  const gitDir = await findGitDirectory(context, commonDir, worktree);
  const link = join(worktree.path, '.git');
  const found = await lookInto(link, { maxBytes: longestLink });
  const text = found?.kind === 'file' && !found.truncated ? found.bytes.toString('utf8').replace(/[\r\n]+$/, '') : '';
  const old = worktree.registeredAs === undefined ? undefined : join(from, 'worktrees', worktree.registeredAs);
  // Only the very link that the old place had; what an agent put there is its thread's trouble, which stays until a person has it repaired.
  if (gitDir === undefined || !text.startsWith('gitdir: ') || resolve(worktree.path, text.slice(8)) !== old) return;
  await files.write(link, `gitdir: ${gitDir}\n`);
  await repairWorktree(context, worktree);
}
