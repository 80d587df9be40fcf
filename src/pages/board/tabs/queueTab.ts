import type { QueuedMerge } from '../../../protocol/gen/muster/v1/merges_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import type { EndedMergeView, QueuedMergeView, QueueTab } from '../../../protocol/webview/boardTabs/queueTab.js';
import { cut, defined } from '../../../protocol/webview/viewFields.js';
import type { TabServices } from '../boardServices.js';
import type { BoardTabSource } from '../boardTabSource.js';

/** How long a merge is told of after it ended; one that nothing came of, longer. */
const mergedForMs = 10 * 60_000;
const failedForMs = 24 * 60 * 60_000;
const endedAtMost = 50;

/** The merge queue of the threads that the board shows. */
export function queueTab({ live, client }: TabServices): BoardTabSource {
  return {
    async read(signal) {
      const { queue } = await (await client(signal)).merges.listQueue({}, { signal });
      return queueContent({ queue, threads: live.threads(), now: Date.now() });
    },
    async act(action, signal) {
      if (action.tab !== 'queue') return;
      const { merges } = await client(signal);
      switch (action.action.kind) {
        case 'cancel':
          await merges.cancelMerge({ mergeId: action.action.mergeId }, { signal });
          return;
        case 'move':
          await merges.moveMerge({ mergeId: action.action.mergeId, before: action.action.before }, { signal });
      }
    },
  };
}

/** What the tab shows of a queue. */
export function queueContent(options: {
  readonly queue: readonly QueuedMerge[];
  readonly threads: readonly Thread[];
  readonly now: number;
}): QueueTab {
  const { queue, threads, now } = options;
  const shown = new Map(threads.map(thread => [thread.id, thread]));
  return {
    tab: 'queue',
    queue: queue.flatMap(queued => {
      const thread = shown.get(queued.merge?.threadId ?? '');
      return thread ? [queuedView(queued, { thread, queue })] : [];
    }),
    ended: threads
      .flatMap(thread => endedView(thread, now))
      .toSorted((a, b) => b.endedAt - a.endedAt)
      .slice(0, endedAtMost),
  };
}

function queuedView(
  queued: QueuedMerge,
  { thread, queue }: { readonly thread: Thread; readonly queue: readonly QueuedMerge[] },
): QueuedMergeView {
  const { merge, position, priority, repository, threadSummary, verify } = queued;
  const line = queue.filter(
    other =>
      other.repository === repository && other.merge?.target === merge?.target && other.merge?.status === 'queued',
  );
  const at = line.indexOf(queued);
  return {
    id: merge?.id ?? '',
    threadId: thread.id,
    summary: cut(threadSummary),
    agent: cut(thread.agent),
    repository: cut(basename(repository)),
    target: cut(merge?.target ?? ''),
    strategy: merge?.strategy ?? '',
    status: merge?.status ?? '',
    message: cut(merge?.message ?? ''),
    position,
    priority,
    checks: verify.length,
    createdAt: Number(merge?.createdAt ?? 0n),
    ...(at >= 0 && {
      ...defined('earlier', line[at - 1]?.merge?.id),
      ...defined('later', line[at + 1]?.merge?.id),
    }),
  };
}

function endedView(thread: Thread, now: number): readonly EndedMergeView[] {
  const merge = thread.latestMerge;
  const run = thread.latestRun;
  if (!merge || merge.endedAt === 0n || (run && run.queuedAt > merge.createdAt)) return [];
  const endedAt = Number(merge.endedAt);
  if (now - endedAt > (merge.status === 'merged' ? mergedForMs : failedForMs)) return [];
  return [
    {
      threadId: thread.id,
      summary: cut(thread.summary),
      target: cut(merge.target),
      status: merge.undone === '' ? merge.status : 'undone',
      message: cut(merge.message),
      files: merge.files.slice(0, 20).map(cut),
      endedAt,
    },
  ];
}

/** The last part of a path of the host's machine, whichever system that has. */
function basename(path: string): string {
  return path.split(/[\\/]/).findLast(part => part !== '') ?? path;
}
