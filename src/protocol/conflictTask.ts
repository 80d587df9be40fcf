import type { Merge } from './gen/muster/v1/merges_pb.js';

/** What an agent is asked when its work conflicts with the target: in its own conversation and worktree. */
export function conflictTask({ target, files }: Pick<Merge, 'target' | 'files'>): string {
  const where = files.length === 0 ? '' : ` in ${files.join(', ')}`;
  return `Merge ${target} into this branch and resolve the conflicts${where}. Keep the intent of both sides, then run the tests.`;
}
