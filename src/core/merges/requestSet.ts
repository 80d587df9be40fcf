import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { reposOf } from '../projects/repositories.js';
import type { Store } from '../store.js';
import type { PartOfThread } from '../threads/part.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { Merge } from './merge.js';
import type { MergeSetMember } from './mergeSet.js';
import type { MergeStores } from './mergeStore.js';
import { targetOf } from './mergeTarget.js';

/** What is to be merged of one of a thread's other repositories. */
export interface OtherMerge {
  readonly part: PartOfThread;
  readonly target: string;
  readonly expect: string;
  readonly verify: readonly string[];
}

/**
 * What lands with a thread's own merge, as it is now; all of it is committed first. `isReviewed`: the request names a commit that a
 * person saw, so that they must have seen these too. Errors: `worktree.missing`, `merge.refused` (not reviewed; no target), those of
 * the snapshot.
 */
export async function othersToMerge(
  {
    store,
    settler,
  }: {
    readonly store: Store<ProjectStores & ThreadStores>;
    readonly settler: Pick<ThreadSettler, 'snapshot'>;
  },
  { thread: whole, parts }: ThreadView,
  { isReviewed }: { readonly isReviewed: boolean },
): Promise<readonly OtherMerge[]> {
  const others: OtherMerge[] = [];
  for (const { part, thread } of parts) {
    // No run got that far.
    if (thread.worktree === undefined && thread.rescue === undefined) continue;
    const message = `${thread.summary}\n\nWork kept by Muster before a merge.`;
    const expect = thread.worktree === undefined ? undefined : await settler.snapshot(thread, message);
    if (expect === undefined) throw noWorktree(whole);
    const { target, shown, repos } = store.read(stores => ({
      target: targetOf(stores, thread),
      shown: findThread(stores, thread.id).shown?.commit,
      repos: reposOf(stores.projects.get(whole.projectId)?.spec.agents.find(({ name }) => name === whole.agent)),
    }));
    const hasWork = expect !== thread.baseCommit;
    if (isReviewed && hasWork && shown !== expect)
      throw refused(
        whole,
        `What it changed in ${part.name} was not reviewed: look at ${whole.id}/${part.name}, then merge.`,
      );
    if (target !== undefined) {
      const verify = repos.find(({ name }) => name === part.name)?.verify ?? [];
      others.push({ part: { part, thread }, target, expect, verify });
    } else if (hasWork)
      throw refused(whole, `In ${part.name} it did not start from a branch. Name one in the compose file: \`target\`.`);
  }
  return others;
}

/** Writes down the merges of the other repositories with the one of the project's. Nothing for a thread of one repository. */
export function insertSet(
  stores: MergeStores & EventStores,
  ids: IdSource,
  {
    merge,
    verify,
    others,
  }: { readonly merge: Merge; readonly verify: readonly string[]; readonly others: readonly OtherMerge[] },
): void {
  if (others.length === 0) return;
  const own = { merge: merge.id, name: '', verify, undo: ids.next<'merge'>(), landed: false };
  const members = others.map((other): MergeSetMember => {
    const { part, thread } = other.part;
    const id = ids.next<'merge'>();
    stores.merges.insert({ ...merge, id, threadId: thread.id, target: other.target, expect: other.expect });
    return { merge: id, name: part.name, verify: other.verify, undo: ids.next<'merge'>(), landed: false };
  });
  stores.mergeSets.save({ id: merge.id, step: 'asked', members: [own, ...members] });
}

function refused(thread: ThreadView['thread'], reason: string): AppError<'merge.refused'> {
  return new AppError('merge.refused', `Thread ${thread.id} was not merged. ${reason}`, { thread: thread.id, reason });
}
