import type { NotMerged } from '../../../core/merges/mergeDriver.js';
import { copiesIn, type Carrying } from './copiedChanges.js';
import { madeUpCommit } from './madeUpCommit.js';
import { named } from './mergeOutcomes.js';
import { mergeTree, type TreeMerge } from './mergeTree.js';

/** A thread's head and a commit of the target; `landed` as in a merge's request. */
interface Meeting {
  readonly head: string;
  readonly target: string;
  readonly landed?: string | undefined;
}

/**
 * The files as they would be had the thread done nothing: the newest commit that head and target share, with the person's changes on
 * it. What differs from it is the thread's own, whatever its agent made of its history, and when it has brought in a newer target.
 */
export async function carriedBase(carrying: Carrying, { head, target, landed }: Meeting): Promise<TreeMerge> {
  const { repository, carried, signal } = carrying;
  const common = (
    await repository.run({ args: ['merge-base', '--all', target, head], reads: true, accept: [0, 1], signal })
  )
    .text()
    .split('\n');
  const [first = '', ...more] = common;
  if (first === '') return { kind: 'unrelated' };
  // What has landed since is in no history of the target's.
  if (
    landed !== undefined &&
    (await isAncestor(carrying, landed, head)) &&
    (await isAncestor(carrying, first, landed))
  ) {
    return { kind: 'tree', tree: await treeOf(carrying, landed) };
  }
  let tree = await treeOf(carrying, first);
  for (const other of more) {
    const merged = await mergeTree(repository, [await madeUp(carrying, tree), other], signal);
    if (merged.kind !== 'tree') return merged;
    tree = merged.tree;
  }
  const onto = await treeOf(carrying, `${carried}^1`);
  const changes = await treeOf(carrying, carried);
  return tree === onto
    ? { kind: 'tree', tree: changes }
    : await onTop(carrying, { base: onto, ours: tree, theirs: changes });
}

/** What merging the thread's own work into a target comes to: the tree, without what it began with of the person's. */
export async function mergeOwnWork(carrying: Carrying, { head, target, landed }: Meeting): Promise<TreeMerge> {
  const base = await carriedBase(carrying, { head, target, landed });
  if (base.kind !== 'tree') return base;
  const [ours, theirs] = [await treeOf(carrying, target), await treeOf(carrying, head)];
  const merged = await onTop(carrying, { base: base.tree, ours, theirs });
  if (merged.kind !== 'tree') return merged;
  const files = await copiesIn(carrying, { target: ours, result: merged.tree, head: theirs });
  return files.length === 0
    ? merged
    : { kind: 'conflicts', files, what: `differ in ${named(files)}, a copy of what you have not committed` };
}

/** The commits of a thread that are its own, in order; undefined when they cannot be told from the person's changes. */
export async function ownCommits(
  { repository, carried, signal }: Carrying,
  { head, target, landed = carried }: Meeting,
): Promise<readonly string[] | undefined> {
  const list = async (...args: readonly string[]): Promise<readonly string[]> => {
    const text = (
      await repository.run({
        args: ['rev-list', '--no-merges', ...args, `^${carried}`],
        reads: true,
        signal,
      })
    ).text();
    return text === '' ? [] : text.split('\n');
  };
  const all = await list(head, `^${target}`);
  // One that does not go on from them may have them in itself: an agent that amended or squashed.
  const after = await list(`--ancestry-path=${carried}`, head, `^${target}`);
  if (all.length !== after.length) return undefined;
  return await list('--reverse', '--topo-order', '--right-only', '--cherry-pick', `${target}...${head}`, `^${landed}`);
}

/** What kept a merge of such a thread from being made, for people. */
export function carriedConflict(files: readonly string[], what: string, target: string): NotMerged {
  const message = `The thread and ${target} ${what}. The thread began with uncommitted changes of yours, which do not land with it. If it built on them, commit them on ${target} first; otherwise bring ${target} into the thread's branch, resolve there, review and merge again.`;
  return { kind: 'conflicted', files, message };
}

/** What made `theirs` of `base`, on `ours`; all of them trees. */
async function onTop(
  carrying: Carrying,
  { base, ours, theirs }: { readonly base: string; readonly ours: string; readonly theirs: string },
): Promise<TreeMerge> {
  const from = await madeUp(carrying, base);
  const sides = [await madeUp(carrying, ours, from), await madeUp(carrying, theirs, from)] as const;
  return await mergeTree(carrying.repository, sides, carrying.signal);
}

function madeUp({ repository, signal }: Carrying, tree: string, parent?: string): Promise<string> {
  return madeUpCommit({ repository, signal }, tree, parent);
}

async function treeOf({ repository, signal }: Carrying, commit: string): Promise<string> {
  return (await repository.run({ args: ['rev-parse', '--verify', `${commit}^{tree}`], reads: true, signal })).text();
}

async function isAncestor({ repository, signal }: Carrying, ancestor: string, of: string): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', ancestor, of];
  return (await repository.run({ args, reads: true, signal, accept: [0, 1] })).exitCode === 0;
}
