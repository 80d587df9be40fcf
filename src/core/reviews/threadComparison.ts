import { targetOf } from '../merges/mergeTarget.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import type { ChangedFile, WorktreeDriver } from '../workspaces/worktreeDriver.js';

/** What a thread has that what it is compared with has not. */
export interface ThreadComparison {
  readonly baseCommit: string;
  readonly head: string;
  readonly files: readonly ChangedFile[];
  /** Files in the worktree that are not committed on the branch. */
  readonly uncommitted: readonly string[];
  /** Between commits; otherwise with the worktree's files. */
  readonly committed: boolean;
}

export interface ComparedWith {
  /** The branch that it was merged into, or would be. */
  readonly target: string | undefined;
  /** An earlier commit of the thread instead. */
  readonly earlier?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a thread changed: its worktree's files, or what it left in commits when that is gone. Errors: `worktree.missing`. */
export async function compareThread(
  driver: WorktreeDriver,
  { thread }: ThreadView,
  { target, earlier, signal }: ComparedWith,
): Promise<ThreadComparison> {
  const ref = worktreeOf(thread);
  const { repository } = thread;
  const state = ref && (await driver.state(ref, thread.baseCommit ?? 'HEAD', signal));
  const head = state?.head ?? thread.head;
  if (repository === undefined || head === undefined) throw noWorktree(thread);
  const { baseCommit: base, carried } = thread;
  const baseCommit =
    earlier ?? (await driver.comparison(ref ?? { repository }, { head, target, base, carried, signal }));
  // Between two commits: what the agent did to its history since does not matter.
  const files =
    ref && earlier === undefined
      ? await driver.changes(ref, baseCommit, signal)
      : await driver.committedChanges(repository, { base: baseCommit, head }, signal);
  return { baseCommit, head, files, uncommitted: [...(state?.dirty ?? [])], committed: !ref || earlier !== undefined };
}

/** The unified diff of such a comparison, at most `maxBytes`. */
export async function patchOf(
  driver: WorktreeDriver,
  { thread }: ThreadView,
  { baseCommit, head, committed }: ThreadComparison,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly text: string; readonly truncated: boolean }> {
  const ref = worktreeOf(thread);
  if (ref && !committed) return await driver.patch(ref, baseCommit, maxBytes, signal);
  if (thread.repository === undefined) throw noWorktree(thread);
  return await driver.committedPatch(thread.repository, { base: baseCommit, head }, maxBytes, signal);
}

/** What a thread was merged into, or would be. */
export function comparedTarget(
  stores: ProjectStores & Pick<ThreadStores, 'parts'>,
  { thread, latestMerge }: ThreadView,
): string | undefined {
  return latestMerge?.status === 'merged' ? latestMerge.target : targetOf(stores, thread);
}
