import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { inPart } from '../../base/partPath.js';
import type { ReviewService } from '../../core/reviews/reviewService.js';
import { comparedTarget, compareThread, patchOf } from '../../core/reviews/threadComparison.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThread } from '../../core/threads/threadLookup.js';
import { noWorktree, type ThreadService as CoreThreadService } from '../../core/threads/threadService.js';
import type { PartOfThread } from '../../core/threads/part.js';
import type { Thread } from '../../core/threads/thread.js';
import type { ChangedFile, WorktreeDriver } from '../../core/workspaces/worktreeDriver.js';
import type { ThreadView } from '../../core/threads/threadStore.js';
import type { ThreadService } from '../../protocol/gen/muster/v1/threads_pb.js';
import { fail, given, requireCommit } from './requestFields.js';
import { wireChangedFile, wireThread } from './wire.js';

interface ComparedAsAsked {
  /** Of another thread. */
  readonly other?: string;
  readonly withTarget: boolean;
  readonly sinceLast: boolean;
  readonly signal: AbortSignal;
}

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
  /** What it is compared with, if not with where it began: what another thread has come to, its target, or what was looked at last. */
  const earlierOf = async (
    view: ThreadView,
    target: string | undefined,
    { other, withTarget, sinceLast, signal }: ComparedAsAsked,
  ): Promise<string | undefined> => {
    const tip = withTarget ? await targetNow(driver, { view, target, signal }) : undefined;
    return other ?? tip ?? (sinceLast ? reviews.earlierOf(view) : undefined);
  };
  const filesOfPart = async ({ part, thread }: PartOfThread, asked: ComparedAsAsked) => {
    if (thread.repository === undefined) return [];
    const { signal } = asked;
    const view = await threads.get(thread.id);
    const target = store.read(stores => comparedTarget(stores, view));
    const earlier = await earlierOf(view, target, asked);
    const { files } = await compareThread(driver, view, { target, earlier, signal });
    return files.map(file => wireChangedFile(namedAfter(part.name, file)));
  };
  return {
    async reviewThread({ threadId, sinceLast }, { signal }) {
      const { view, live, earlier } = await reviews.show(threadId);
      const target = store.read(stores => comparedTarget(stores, view));
      const compared = await compareThread(driver, view, {
        target,
        earlier: sinceLast ? earlier : undefined,
        signal,
      });
      const { baseCommit, head, files } = compared;
      return {
        baseCommit,
        head,
        files: files.map(wireChangedFile),
        thread: wireThread(view),
        live,
        earlierCommit: earlier ?? '',
      };
    },

    async approveThread({ threadId, shown, edits }) {
      const seen = edits.map(({ path, sha256 }) => ({ path, sha256 }));
      const { view, head } = await reviews.approve(threadId, { edits: seen, ...defined({ shown: given(shown) }) });
      return { thread: wireThread(view), head };
    },

    async diffThread({ threadId, withPatch, sinceLast, compareWith, withTarget, allRepositories }, context) {
      const view = await threads.get(threadId);
      const { signal } = context;
      const target = store.read(stores => comparedTarget(stores, view));
      if (withTarget && compareWith !== '') throw fail('compare_with', 'compare with one thing at a time');
      const other = compareWith === '' ? undefined : await threads.get(compareWith);
      const asked = { withTarget, sinceLast, signal };
      const earlier = await earlierOf(view, target, { ...asked, ...(other && { other: headOfOther(view, other) }) });
      const compared = await compareThread(driver, view, { target, earlier, signal });
      const found = {
        baseCommit: compared.baseCommit,
        head: compared.head,
        files: compared.files.map(wireChangedFile),
        uncommitted: [...compared.uncommitted],
      };
      for (const part of allRepositories ? view.parts : []) {
        const theirs = other && partLike(part, other)?.head;
        found.files.push(...(await filesOfPart(part, { ...asked, ...defined({ other: theirs }) })));
      }
      if (!withPatch) return found;
      const patch = await patchOf(driver, view, compared, { maxBytes: maxPatchBytes, signal });
      return { ...found, patch: patch.text, patchTruncated: patch.truncated };
    },

    async readBaseFile({ threadId, path, commit }, context) {
      const { thread } = store.read(stores => findThread(stores, threadId));
      const { repository, baseCommit } = thread;
      if (repository === undefined || baseCommit === undefined) throw noWorktree(thread);
      if (commit !== '') requireCommit(commit, 'commit');
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

function namedAfter(name: string, { oldPath, ...file }: ChangedFile): ChangedFile {
  return {
    ...file,
    path: inPart(name, file.path),
    ...(oldPath === undefined ? {} : { oldPath: inPart(name, oldPath) }),
  };
}

/** Where a thread's target is now. Errors: `request.invalid`. */
async function targetNow(
  driver: Pick<WorktreeDriver, 'tipOf'>,
  asked: { readonly view: ThreadView; readonly target: string | undefined; readonly signal: AbortSignal },
): Promise<string> {
  const { thread } = asked.view;
  const { repository, commonDir } = thread;
  if (repository === undefined) throw noWorktree(thread);
  if (asked.target === undefined) throw fail('with_target', 'the thread has no branch that it would be merged into');
  const tip = await driver.tipOf({ repository, ...defined({ commonDir }) }, asked.target, asked.signal);
  if (tip === undefined) throw fail('with_target', `there is no branch ${asked.target}`);
  return tip;
}

/** What another thread has of the same repository; one that has nothing of it has done nothing there. */
function partLike({ part, thread }: PartOfThread, other: ThreadView): Thread | undefined {
  return other.parts.find(each => each.part.name === part.name && each.thread.repository === thread.repository)?.thread;
}

/** What another thread has come to, for a comparison. Errors: `request.invalid`. */
function headOfOther({ thread }: ThreadView, { thread: other }: ThreadView): string {
  if (thread.repository !== other.repository) throw fail('compare_with', 'it is a thread of another repository');
  if (other.head === undefined) throw fail('compare_with', 'it has no commit');
  return other.head;
}
