import type { ComputedMerge, UpdateRequest } from '../../../core/merges/mergeDriver.js';
import type { Making } from './computation.js';
import { makeCommit } from './makeCommit.js';
import { blocked } from './mergeOutcomes.js';
import { mergeTree } from './mergeTree.js';

/** The commit that brings the target's work into a thread's branch: a merge, or the target itself where the thread has nothing of its own. */
export async function computeUpdate(work: Making, { head, target, message }: UpdateRequest): Promise<ComputedMerge> {
  const { repository, signal } = work;
  const theirs = work.target.commit;
  const contains = async (ancestor: string, commit: string): Promise<boolean> => {
    const args = ['merge-base', '--is-ancestor', ancestor, commit];
    return (await repository.run({ args, signal, reads: true, accept: [0, 1] })).exitCode === 0;
  };
  if (await contains(theirs, head)) return blocked('nothing_to_merge', `The thread has all of ${target} already.`);
  if (await contains(head, theirs)) return { kind: 'candidate', candidate: { from: head, to: theirs, message } };
  const merged = await mergeTree(repository, [head, theirs], signal);
  switch (merged.kind) {
    case 'unrelated':
      return blocked('unrelated_histories', `The thread's branch and ${target} have no commit in common.`);
    case 'conflicts':
      return {
        kind: 'conflicted',
        files: merged.files,
        message: `The thread and ${target} ${merged.what}.`,
      };
    case 'tree': {
      const made = await makeCommit(work, { tree: merged.tree, parents: [head, theirs], message });
      if (made.kind !== 'commit') return made;
      return { kind: 'candidate', candidate: { from: head, to: made.commit, message } };
    }
  }
}
