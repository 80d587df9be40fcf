import { create } from '@bufbuild/protobuf';
import { timestampMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import {
  CellType,
  NotebookCellSchema,
  SessionEventSchema,
  SessionSummarySchema,
  type NotebookCell,
  type SessionEvent,
  type SessionSummary,
} from '../../../protocol/gen/agentcompose/v1/types_pb.js';
import type {
  SandboxHistoryCell,
  SandboxHistoryEvent,
  Sandbox,
} from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { SandboxStatus } from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import type { Run, RunDetail } from '../../../protocol/gen/muster/v1/runs_pb.js';

/** The older generation's words: a session is the newer one's sandbox. Times are texts. */

export function text(at: Timestamp | undefined): string {
  return at ? new Date(timestampMs(at)).toISOString() : '';
}

/** A time of ours, ms since the epoch with 0 for none. */
export function textOf(ms: bigint): string {
  return ms > 0n ? new Date(Number(ms)).toISOString() : '';
}

/** What its lists hold when nothing is said, and at most. */
export function pageOf<T>(all: readonly T[], { offset, limit }: { readonly offset: number; readonly limit: number }) {
  const page = all.slice(offset, offset + Math.min(500, limit > 0 ? limit : 100));
  const nextOffset = offset + page.length;
  const hasMore = nextOffset < all.length;
  return { page, totalCount: all.length, hasMore, nextOffset: hasMore ? nextOffset : 0 };
}

export function sessionOf(sandbox: Sandbox): SessionSummary {
  return create(SessionSummarySchema, {
    sessionId: sandbox.sandboxId,
    title: sandbox.title,
    driver: sandbox.driver,
    vmStatus: sandbox.status === SandboxStatus.RUNNING ? 'RUNNING' : 'STOPPED',
    workspacePath: sandbox.workspacePath,
    proxyPath: sandbox.proxyPath,
    createdAt: text(sandbox.createdAt),
    updatedAt: text(sandbox.updatedAt),
    tags: sandbox.tags.map(({ name, value }) => ({ name, value })),
    guestImage: sandbox.image,
    triggerSource: sandbox.triggerSource,
  });
}

export function sessionEventOf({ id, type, level, message, createdAt }: SandboxHistoryEvent): SessionEvent {
  return create(SessionEventSchema, { id, type, level, message, createdAt: text(createdAt) });
}

export function kernelCellOf({ createdAt, ...cell }: SandboxHistoryCell): NotebookCell {
  const { id, source, stdout, stderr, output, exitCode, success, running } = cell;
  const type = CellType.PYTHON;
  return create(NotebookCellSchema, {
    id,
    source,
    stdout,
    stderr,
    output,
    exitCode,
    success,
    running,
    type,
    createdAt: text(createdAt),
  });
}

/** A run as a cell: a task for the agent, or a command. */
export function runCellOf(run: Run, detail: RunDetail | undefined, output = run.answer): NotebookCell {
  const isCommand = run.provider === '(command)';
  return create(NotebookCellSchema, {
    id: run.id,
    source: detail?.prompt ?? '',
    stdout: output,
    output,
    success: run.status === 'succeeded',
    createdAt: textOf(run.startedAt || run.queuedAt),
    type: isCommand ? CellType.SHELL : CellType.AGENT,
    exitCode: run.exitCode ?? 0,
    agent: isCommand ? '' : run.agent,
    agentSessionId: run.conversation,
    stopReason: run.status,
    running: run.endedAt === 0n,
  });
}
