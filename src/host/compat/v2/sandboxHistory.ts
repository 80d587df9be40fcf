import { create } from '@bufbuild/protobuf';
import {
  SandboxHistoryCellSchema,
  SandboxHistoryEventSchema,
  SandboxWatchEventType,
  type Sandbox,
  type SandboxHistoryCell,
  type SandboxHistoryEvent,
} from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import type { RecordedCell } from '../../../protocol/gen/muster/v1/notebooks_pb.js';
import type { Run } from '../../../protocol/gen/muster/v1/runs_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { described } from './findThread.js';

export interface SandboxHistory {
  readonly thread: Thread;
  readonly cells: readonly SandboxHistoryCell[];
  readonly events: readonly SandboxHistoryEvent[];
}

/** What kernels and agents did on a thread, oldest first. */
export async function historyOf(ours: OurCalls, thread: Thread): Promise<SandboxHistory> {
  const [{ cells }, { runs }] = await Promise.all([
    ours.notebooks.listCells({ threadId: thread.id, limit: 500 }),
    ours.runs.listRuns({ threadId: thread.id }),
  ]);
  const events = runs.flatMap(eventsOf).toSorted((a, b) => Number(a.at - b.at));
  return { thread, cells: cells.map(cellOf), events: events.map(({ event }) => event) };
}

/** What is new of a sandbox: its state, or something that happened. */
export interface SandboxNews {
  readonly eventType: SandboxWatchEventType;
  readonly sandbox?: Sandbox;
  readonly event?: SandboxHistoryEvent;
}

/** A thread now, and what becomes of it: each run that begins and ends, and every other change. */
export async function* watchSandbox(
  ours: OurCalls,
  threadId: string,
  signal: AbortSignal,
): AsyncGenerator<SandboxNews> {
  const known = new Set<string>();
  for await (const { update } of ours.events.watch({}, { signal })) {
    if (update.case !== 'snapshot' && update.case !== 'changes') continue;
    // A thread that is done long since is in no snapshot.
    const thread =
      update.value.threads.find(({ id }) => id === threadId) ??
      (update.case === 'snapshot' ? (await ours.threads.getThread({ threadId })).thread : undefined);
    if (!thread) continue;
    yield { eventType: SandboxWatchEventType.SANDBOX_UPDATED, sandbox: await described(ours, thread) };
    const { events } = await historyOf(ours, thread);
    const fresh = events.filter(({ id }) => !known.has(id));
    for (const event of fresh) known.add(event.id);
    if (update.case === 'changes')
      for (const event of fresh) yield { eventType: SandboxWatchEventType.EVENT_ADDED, event };
  }
}

function eventsOf(run: Run): readonly { readonly at: bigint; readonly event: SandboxHistoryEvent }[] {
  const event = (word: string, at: bigint, message = '') => ({
    at,
    event: create(SandboxHistoryEventSchema, {
      id: `${run.id}:${word}`,
      type: `run.${word}`,
      level: message === '' ? 'info' : 'error',
      message: message || `${run.agent}: run ${run.id}`,
      createdAt: time(at),
    }),
  });
  return [
    ...(run.startedAt > 0n ? [event('started', run.startedAt)] : []),
    ...(run.endedAt > 0n ? [event(run.status, run.endedAt, run.error?.message)] : []),
  ];
}

export function cellOf(cell: RecordedCell): SandboxHistoryCell {
  const running = cell.endedAt === 0n;
  return create(SandboxHistoryCellSchema, {
    id: cell.messageId,
    type: 'python',
    source: cell.source,
    stdout: cell.text,
    output: cell.text,
    stderr: cell.error,
    exitCode: cell.error === '' ? 0 : 1,
    success: !running && cell.error === '',
    running,
    createdAt: time(cell.startedAt),
  });
}
