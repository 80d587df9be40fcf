import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import type { HandMergeService } from '../../core/merges/handMergeService.js';
import type { MergeCheck } from '../../core/merges/mergeCheck.js';
import type { MergeStrategy } from '../../core/merges/mergeDriver.js';
import type { MergeService as CoreMergeService } from '../../core/merges/mergeService.js';
import type { MergePusher } from '../../core/merges/mergePusher.js';
import type { PullRequestService } from '../../core/merges/pullRequestService.js';
import { targetOf } from '../../core/merges/mergeTarget.js';
import type { UpdateService } from '../../core/merges/updateService.js';
import type { UndoService } from '../../core/merges/undoService.js';
import { findProject, projectOfFolder } from '../../core/projects/projectService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThread } from '../../core/threads/threadLookup.js';
import {
  MergeCheckSchema,
  QueuedMergeSchema,
  type MergeCheck as WireCheck,
  type MergeService,
  type QueuedMerge,
} from '../../protocol/gen/muster/v1/merges_pb.js';
import { absolutePath, fail, given, oneOf } from './requestFields.js';
import { wireMerge } from './wire.js';

const strategies: readonly MergeStrategy[] = ['merge', 'squash', 'rebase'];

export function mergesApi({
  store,
  merges,
  undos,
  updates,
  handMerges,
  pullRequests,
  pusher,
}: {
  readonly store: Store<Stores>;
  readonly merges: CoreMergeService;
  readonly undos: UndoService;
  readonly updates: UpdateService;
  readonly handMerges: HandMergeService;
  readonly pullRequests: PullRequestService;
  readonly pusher: Pick<MergePusher, 'again'>;
}): ServiceImpl<typeof MergeService> {
  return {
    async requestMerge(request) {
      const expect = given(request.expect);
      if (expect !== undefined && !/^[0-9a-f]{40,64}$/.test(expect)) throw fail('expect', 'it is not a full commit id');
      await handMerges.lookedAt(request.threadId);
      const merge = await merges.request({
        thread: request.threadId,
        priority: request.priority,
        ...defined({
          target: given(request.target),
          strategy: oneOf(strategies, request.strategy, 'strategy'),
          expect,
          message: given(request.message),
        }),
      });
      return { merge: wireMerge(merge) };
    },
    async preparePullRequest({ threadId, remote }, { signal }) {
      const { forge, ...draft } = await pullRequests.prepare(threadId, defined({ remote: given(remote) }), signal);
      return { ...draft, ...forge };
    },
    async pushThread({ threadId, ...shown }, { signal }) {
      await pullRequests.push(threadId, shown, signal);
      return {};
    },
    async requestApprovedMerges({ project, folder }) {
      const found = store.read(stores => {
        if (project !== '') return findProject(stores, project);
        return folder === '' ? undefined : projectOfFolder(stores, absolutePath(folder, 'folder'));
      });
      return {
        merges: (await merges.requestApproved(defined({ projectId: found?.id }))).map(merge => wireMerge(merge)),
      };
    },
    pushMerge: async ({ threadId }) => ({ merge: wireMerge(await pusher.again(threadId)) }),
    retryMerge: async ({ mergeId }) => ({ merge: wireMerge(await merges.retry(mergeId)) }),
    async undoMerge({ threadId }, context) {
      const { view, undo } = await undos.undo(threadId, context.signal);
      return { kind: undo.kind, commit: undo.commit, target: view.latestMerge?.target ?? '' };
    },
    async updateThread({ threadId }, context) {
      await handMerges.lookedAt(threadId);
      const { view, updated } = await updates.update(threadId, context.signal);
      const target = store.read(stores => targetOf(stores, view.thread));
      return { updated, target: target ?? '', head: view.thread.head ?? '' };
    },
    async beginHandMerge({ threadId }) {
      const { target, merge } = await handMerges.begin(threadId);
      if (merge === undefined) return { target, done: true };
      return { ...merge, target, files: [...merge.files], others: [...merge.others] };
    },
    async endHandMerge({ threadId, abandon }) {
      const { view, target } = abandon ? await handMerges.abandon(threadId) : await handMerges.finish(threadId);
      return { target, head: view.thread.head ?? '' };
    },
    listQueue: async () => ({ queue: wireQueue(store, merges) }),
    async moveMerge({ mergeId, priority, before }) {
      merges.move(mergeId, defined({ priority, before: given(before) }));
      return { queue: wireQueue(store, merges) };
    },
    listMergeChecks: async ({ mergeId }) => ({ checks: merges.checks(mergeId).map(wireCheck) }),
    getMerge: async ({ mergeId }) => ({ merge: wireMerge(merges.get(mergeId)) }),
    waitMerge: async ({ mergeId, seenMessage }, context) => ({
      merge: wireMerge(await merges.wait(mergeId, context.signal, seenMessage)),
    }),
    listMerges: async ({ threadId }) =>
      store.read(stores => ({
        merges: stores.merges
          .ofThread(findThread(stores, threadId).thread.id)
          .map(merge => wireMerge(merge, stores.undos.get(merge.id)?.kind)),
      })),
    cancelMerge: async ({ mergeId }) => ({ merge: wireMerge(merges.cancel(mergeId)) }),
  };
}

function wireQueue(store: Store<Stores>, merges: CoreMergeService): QueuedMerge[] {
  const counts = new Map<string, number>();
  return merges.list().map(({ merge, entry }) => {
    const position = (counts.get(entry.lane) ?? 0) + 1;
    counts.set(entry.lane, position);
    const thread = store.read(stores => stores.threads.get(merge.threadId));
    return create(QueuedMergeSchema, {
      merge: wireMerge(merge),
      threadSummary: thread?.summary ?? '',
      repository: thread?.repository ?? '',
      position,
      priority: entry.priority,
      verify: [...entry.verify],
    });
  });
}

function wireCheck(check: MergeCheck): WireCheck {
  return create(MergeCheckSchema, {
    number: check.number,
    attempt: check.attempt,
    command: check.command,
    candidate: check.candidate,
    exitCode: check.exitCode,
    signal: check.signal ?? '',
    output: check.output,
    truncated: check.truncated,
    startedAt: BigInt(check.startedAt),
    endedAt: BigInt(check.endedAt ?? 0),
  });
}
