import type { ComputedMerge, NotMerged } from '../../../core/merges/mergeDriver.js';
import { ownCommits } from './carriedChanges.js';
import type { Computation } from './computation.js';
import { copiesIn } from './copiedChanges.js';
import { madeUpCommit } from './madeUpCommit.js';
import { makeCommit } from './makeCommit.js';
import { blocked } from './mergeOutcomes.js';
import { mergeTree } from './mergeTree.js';

/**
 * Replays the thread's own commits onto the target, one by one and without a checkout. `mergedTree` is what a merge would
 * come to: where the thread has merges of its own, their resolutions are in no single commit, and then both must agree.
 */
export async function replayCommits(work: Computation, mergedTree: string): Promise<ComputedMerge> {
  const { repository, request, target, signal } = work;
  const range = ['--reverse', '--topo-order', '--right-only', '--cherry-pick', `${target.commit}...${request.commit}`];
  const list = async (args: readonly string[]): Promise<string[]> => {
    const text = (await repository.run({ args: ['rev-list', ...args], signal, reads: true })).text();
    return text === '' ? [] : text.split('\n');
  };
  const { carried } = request;
  const carrying = carried === undefined ? undefined : { repository, carried, signal };
  const commits = carrying
    ? await ownCommits(carrying, { head: request.commit, target: target.commit, landed: request.landed })
    : await list(['--no-merges', ...range]);
  if (commits === undefined) return notApart(request.target);
  let tip = target;
  for (const commit of commits) {
    const picked = await pick(work, commit, tip.tree);
    if (picked.kind !== 'tree') return picked;
    // The target has it already, in another commit.
    if (picked.tree === tip.tree) continue;
    const landing = { target: target.tree, result: picked.tree, head: commit };
    if (carrying && (await copiesIn(carrying, landing)).length > 0) return notApart(request.target);
    const { author, message } = await readCommit(work, commit);
    const made = await makeCommit(work, { tree: picked.tree, parents: [tip.commit], message, author });
    if (made.kind !== 'commit') return made;
    tip = { commit: made.commit, tree: picked.tree };
  }
  if (tip.commit === target.commit) {
    const message = `${request.target} already has everything that this thread changed.`;
    return { ...blocked('nothing_to_merge', message), target: target.commit };
  }
  if (carrying && tip.tree !== mergedTree) return notApart(request.target);
  if (tip.tree !== mergedTree && (await list(['--merges', ...range])).length > 0) {
    const message = `The thread merged other work into its branch, and replaying its commits alone comes to other files than merging. Merge with strategy merge or squash.`;
    return { kind: 'conflicted', files: [], message };
  }
  return { kind: 'candidate', candidate: { from: target.commit, to: tip.commit, message: request.message } };
}

/** Of a thread that began with uncommitted changes of the person. */
function notApart(target: string): NotMerged {
  const message = `The thread's commits cannot be told apart from the uncommitted changes of yours that it began with, and these do not land on ${target}. Merge with strategy squash.`;
  return { kind: 'conflicted', files: [], message };
}

/**
 * The tree of one commit's change on top of another tree: a merge of two made-up commits whose parent is made up from the
 * picked commit's parent.
 */
async function pick(
  work: Computation,
  commit: string,
  onto: string,
): Promise<{ readonly kind: 'tree'; readonly tree: string } | NotMerged> {
  const { repository, request, signal } = work;
  const base = await madeUpCommit(work, await parentTree(work, commit));
  const [ours, theirs] = [await madeUpCommit(work, onto, base), await madeUpCommit(work, `${commit}^{tree}`, base)];
  const merged = await mergeTree(repository, [ours, theirs], signal);
  if (merged.kind === 'tree') return merged;
  const { files, what } = merged.kind === 'conflicts' ? merged : { files: [], what: 'have nothing in common' };
  const message = `Commit ${commit.slice(0, 10)} of the thread and ${request.target} ${what}. Bring ${request.target} into the thread's branch (ask its agent to), resolve there, and merge with strategy merge or squash.`;
  return { kind: 'conflicted', files, message };
}

async function parentTree({ repository, signal }: Computation, commit: string): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', `${commit}^1^{tree}`];
  const parent = await repository.run({ args, signal, reads: true, accept: [0, 1] });
  if (parent.exitCode === 0) return parent.text();
  return (await repository.run({ args: ['mktree', '-z'], input: '', signal })).text();
}

async function readCommit(
  { repository, signal }: Computation,
  commit: string,
): Promise<{ readonly author: Record<string, string>; readonly message: string }> {
  const args = [
    'log',
    '-1',
    '--no-show-signature',
    '--encoding=UTF-8',
    '--date=raw',
    '--format=%an%n%ae%n%ad%n%B',
    commit,
  ];
  const [name = '', email = '', date = '', ...message] = (await repository.run({ args, signal, reads: true }))
    .text()
    .split('\n');
  return {
    author: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` },
    message: `${message.join('\n').trimEnd()}\n`,
  };
}
