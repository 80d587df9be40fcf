import type { ComputedMerge, UndoRequest } from '../../../core/merges/mergeDriver.js';
import type { Making } from './computation.js';
import { makeCommit } from './makeCommit.js';
import { blocked, named } from './mergeOutcomes.js';
import { mergeTree } from './mergeTree.js';
import { madeUpCommit } from './madeUpCommit.js';

/** Where a merged commit is kept that is no longer on its target. */
export const undoneRefs = 'refs/muster/undone';

/**
 * What would take a merge back: the commit from before it where nothing came on top, otherwise a commit that changes the
 * other way what the merge changed.
 */
export async function computeUndo(work: Making, undo: UndoRequest): Promise<ComputedMerge> {
  const { repository, target, signal } = work;
  if (target.commit === undo.to) {
    await repository.run({ args: ['update-ref', `${undoneRefs}/${undo.id}`, undo.to], signal });
    return { kind: 'candidate', candidate: { from: undo.to, to: undo.from, message: '' } };
  }
  const contains = ['merge-base', '--is-ancestor', undo.to, target.commit];
  if ((await repository.run({ args: contains, signal, reads: true, accept: [0, 1, 128] })).exitCode !== 0) {
    return blocked('nothing_to_merge', `${undo.target} does not have this merge any more.`);
  }
  if (undo.exactly === true) return blocked('target_moved', `Something came on top of it in ${undo.target}.`);
  const base = await madeUpCommit(work, `${undo.to}^{tree}`);
  const ours = await madeUpCommit(work, target.tree, base);
  const theirs = await madeUpCommit(work, `${undo.from}^{tree}`, base);
  const merged = await mergeTree(repository, [ours, theirs], signal);
  if (merged.kind !== 'tree') {
    const files = merged.kind === 'conflicts' ? merged.files : [];
    const message = `What came after the merge changed the same places in ${named(files)}. Revert ${undo.to.slice(0, 10)} by hand.`;
    return { kind: 'conflicted', files, message };
  }
  if (merged.tree === target.tree) {
    return blocked('nothing_to_merge', `Nothing of this merge is left in ${undo.target}.`);
  }
  const made = await makeCommit(work, { tree: merged.tree, parents: [target.commit], message: undo.message });
  if (made.kind !== 'commit') return made;
  return { kind: 'candidate', candidate: { from: target.commit, to: made.commit, message: undo.message } };
}
