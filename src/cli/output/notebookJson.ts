import type { NotebookServer, RecordedCell } from '../../protocol/gen/muster/v1/notebooks_pb.js';
import { isoTime, orUndefined } from './wireText.js';

/** What `muster jupyter … --json` prints; `docs/cli.md` documents it. */
export function serverJson(server: NotebookServer) {
  return {
    thread_id: server.threadId,
    state: server.state,
    path: server.path,
    started_at: time(server.startedAt),
    ready_at: time(server.readyAt),
    ended_at: time(server.endedAt),
    reason: orUndefined(server.reason) ?? null,
    kernels: server.kernels ?? null,
    last_activity: time(server.lastActivity),
  };
}

export function cellJson(cell: RecordedCell) {
  return {
    message_id: cell.messageId,
    kernel_id: cell.kernelId,
    source: cell.source,
    execution_count: cell.executionCount === 0 ? null : cell.executionCount,
    started_at: time(cell.startedAt),
    ended_at: time(cell.endedAt),
    error: orUndefined(cell.error) ?? null,
    text: cell.text,
    outputs: cell.outputs,
  };
}

function time(at: bigint): string | null {
  return at === 0n ? null : isoTime(at);
}
