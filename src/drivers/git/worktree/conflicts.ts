import type { ConflictRequest, Conflicts, WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { mergeOwnWork } from '../merge/carriedChanges.js';
import { mergeTree } from '../merge/mergeTree.js';
import { tipOf } from '../repository/comparison.js';
import { openRepository } from '../repository/openRepository.js';

/** Whether a commit could be merged into a branch as it is now. Nothing moves; git keeps the merged tree like any loose object. */
export async function conflictsWith(
  context: GitContext,
  place: Pick<WorktreeRef, 'repository' | 'commonDir'>,
  { head, target, carried, landed, knownTarget, signal }: ConflictRequest,
): Promise<Conflicts> {
  const git = await openRepository(context, place);
  const targetCommit = await tipOf(git, target, signal);
  if (targetCommit === undefined) return { kind: 'unknown' };
  if (targetCommit === knownTarget) return { kind: 'unchanged' };
  const merged =
    carried === undefined
      ? await mergeTree(git, [targetCommit, head], signal)
      : await mergeOwnWork({ repository: git, carried, signal }, { head, target: targetCommit, landed });
  if (merged.kind === 'unrelated') return { kind: 'unknown' };
  return { kind: 'known', targetCommit, files: merged.kind === 'conflicts' ? merged.files : [] };
}
