import type { ChangedFile } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { parseChanges } from './parseChanges.js';
import { diffArgs, diffConfig, patchText } from './reviewWorktree.js';

/** Files that differ between two commits. Neither a worktree nor anything that an agent can write takes part. */
export async function committedChanges(
  context: GitContext,
  request: {
    readonly repository: string;
    readonly base: string;
    readonly head: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<readonly ChangedFile[]> {
  const { repository, base, head, signal } = request;
  const args = ['diff', ...diffArgs, '--raw', '--numstat', '-z', base, head, '--'];
  const git = await openRepository(context, { repository });
  const output = await git.run({ config: diffConfig, args, signal, reads: true });
  return parseChanges(output.records(), new Set());
}

/** The unified diff between two commits. */
export async function committedPatch(
  context: GitContext,
  request: {
    readonly repository: string;
    readonly base: string;
    readonly head: string;
    readonly maxBytes: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly text: string; readonly truncated: boolean }> {
  const { repository, base, head, maxBytes, signal } = request;
  const args = ['diff', ...diffArgs, '--patch', base, head, '--'];
  const git = await openRepository(context, { repository });
  return patchText(await git.run({ config: diffConfig, args, signal, reads: true, maxBytes }), maxBytes);
}
