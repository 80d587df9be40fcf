import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { targetOf } from '../../core/merges/mergeTarget.js';
import type { ReviewService } from '../../core/reviews/reviewService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import type { Thread as CoreThread } from '../../core/threads/thread.js';
import { findThread } from '../../core/threads/threadLookup.js';
import { noWorktree, type ThreadService as CoreThreadService } from '../../core/threads/threadService.js';
import type { ThreadView } from '../../core/threads/threadStore.js';
import type { WorktreeDriver } from '../../core/workspaces/worktreeDriver.js';
import { worktreeOf } from '../../core/workspaces/workspaceService.js';
import type { ChangedFile as WireChangedFile, ThreadService } from '../../protocol/gen/muster/v1/threads_pb.js';
import { fail, given } from './requestFields.js';
import { wireChangedFile, wireThread } from './wire.js';

/** A review shows files one by one; the whole patch is for terminals. */
const maxPatchBytes = 8_000_000;
const maxBaseFileBytes = 20_000_000;

type FileCalls = 'reviewThread' | 'approveThread' | 'diffThread' | 'readBaseFile';

/** The calls of the thread service that look at a thread's files, and at what people make of them. */
export function threadFilesApi({
  store,
  threads,
  reviews,
  driver,
}: {
  readonly store: Store<Stores>;
  readonly threads: CoreThreadService;
  readonly reviews: ReviewService;
  readonly driver: WorktreeDriver;
}): Pick<ServiceImpl<typeof ThreadService>, FileCalls> {
  return {
    async reviewThread({ threadId }, { signal }) {
      const { view, live } = await reviews.show(threadId);
      const { thread } = view;
      const target = store.read(stores => comparedTarget(stores, view));
      const { baseCommit, head, files } = await filesOf(driver, { thread, target, signal });
      return { baseCommit, head, files, thread: wireThread(view), live };
    },

    async approveThread({ threadId, shown, edits }) {
      const seen = edits.map(({ path, sha256 }) => ({ path, sha256 }));
      const { view, head } = await reviews.approve(threadId, { edits: seen, ...defined({ shown: given(shown) }) });
      return { thread: wireThread(view), head };
    },

    async diffThread({ threadId, withPatch }, context) {
      const view = await threads.get(threadId);
      const { thread } = view;
      const ref = worktreeOf(thread);
      const target = store.read(stores => comparedTarget(stores, view));
      const found = await filesOf(driver, { thread, target, signal: context.signal });
      if (!withPatch) return found;
      if (!ref) throw noWorktree(thread);
      const patch = await driver.patch(ref, found.baseCommit, maxPatchBytes, context.signal);
      return { ...found, patch: patch.text, patchTruncated: patch.truncated };
    },

    async readBaseFile({ threadId, path, commit }, context) {
      const { thread } = store.read(stores => findThread(stores, threadId));
      const { repository, baseCommit } = thread;
      if (repository === undefined || baseCommit === undefined) throw noWorktree(thread);
      if (commit !== '' && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
        throw fail('commit', 'not a full commit id');
      const file = await driver.show(repository, commit === '' ? baseCommit : commit, path, {
        maxBytes: maxBaseFileBytes,
        signal: context.signal,
      });
      switch (file.kind) {
        case 'file':
          return { exists: true, contents: Uint8Array.from(file.content) };
        case 'missing':
          return { exists: false };
        case 'too_large':
          throw fail('path', `${path} has ${file.bytes} bytes at the base; at most ${maxBaseFileBytes} are shown`);
      }
    },
  };
}

/** What a thread changed: its worktree's files, or what it left in commits when that is gone. */
async function filesOf(
  driver: WorktreeDriver,
  {
    thread,
    target,
    signal,
  }: { readonly thread: CoreThread; readonly target: string | undefined; readonly signal: AbortSignal },
): Promise<{
  readonly baseCommit: string;
  readonly head: string;
  readonly files: WireChangedFile[];
  readonly uncommitted: string[];
}> {
  const ref = worktreeOf(thread);
  const { repository } = thread;
  const state = ref && (await driver.state(ref, thread.baseCommit ?? 'HEAD', signal));
  const head = state?.head ?? thread.head;
  if (repository === undefined || head === undefined) throw noWorktree(thread);
  const base = await driver.comparison(ref ?? { repository }, { head, target, base: thread.baseCommit, signal });
  const files = ref
    ? await driver.changes(ref, base, signal)
    : await driver.committedChanges(repository, { base, head }, signal);
  return { baseCommit: base, head, files: files.map(wireChangedFile), uncommitted: [...(state?.dirty ?? [])] };
}

/** What a thread was merged into, or would be. */
function comparedTarget(stores: Stores, { thread, latestMerge }: ThreadView): string | undefined {
  return latestMerge?.status === 'merged' ? latestMerge.target : targetOf(stores, thread);
}
