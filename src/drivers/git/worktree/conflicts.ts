import type { ConflictRequest, Conflicts, WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { mergeTree } from '../merge/mergeTrees.js';
import { openRepository } from '../repository/openRepository.js';

/** Whether a commit could be merged into a branch as it is now. Nothing moves; git keeps the merged tree like any loose object. */
export async function conflictsWith(
  context: GitContext,
  place: Pick<WorktreeRef, 'repository' | 'commonDir'>,
  { head, target, knownTarget, signal }: ConflictRequest,
): Promise<Conflicts> {
  const git = await openRepository(context, place);
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${target}^{commit}`];
  const found = await git.run({ args, reads: true, accept: [0, 1], signal });
  if (found.exitCode !== 0) return { kind: 'unknown' };
  const targetCommit = found.text();
  if (targetCommit === knownTarget) return { kind: 'unchanged' };
  const merged = await mergeTree(git, [targetCommit, head], signal);
  if (merged.kind === 'unrelated') return { kind: 'unknown' };
  return { kind: 'known', targetCommit, files: merged.kind === 'conflicts' ? merged.files : [] };
}
