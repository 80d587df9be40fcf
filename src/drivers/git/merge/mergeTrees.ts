import type { NotMerged } from '../../../core/merges/mergeDriver.js';
import { carriedConflict, mergeOwnWork } from './carriedChanges.js';
import type { Computation } from './computation.js';
import { blocked } from './mergeOutcomes.js';
import { mergeTree } from './mergeTree.js';

/** Merges two trees in the object store. */
export async function mergeTrees({
  repository,
  request,
  target,
  signal,
}: Computation): Promise<{ readonly kind: 'tree'; readonly tree: string } | NotMerged> {
  const { carried, landed } = request;
  const merged =
    carried === undefined
      ? await mergeTree(repository, [target.commit, request.commit], signal)
      : await mergeOwnWork({ repository, carried, signal }, { head: request.commit, target: target.commit, landed });
  switch (merged.kind) {
    case 'tree':
      return merged;
    case 'unrelated': {
      const message = `The thread's branch and ${request.target} have no commit in common, so there is nothing to merge on.`;
      return blocked('unrelated_histories', message);
    }
    case 'conflicts': {
      const { files, what } = merged;
      if (carried !== undefined) return carriedConflict(files, what, request.target);
      const message = `The thread and ${request.target} ${what}. Bring ${request.target} into the thread's branch (ask its agent to), resolve there, review and merge again.`;
      return { kind: 'conflicted', files, message };
    }
  }
}
