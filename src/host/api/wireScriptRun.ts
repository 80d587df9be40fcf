import { create } from '@bufbuild/protobuf';
import type { ScriptCall, ScriptRun } from '../../core/scripts/scriptRun.js';
import { ScriptRunSchema, type ScriptRun as WireScriptRun } from '../../protocol/gen/muster/v1/schedules_pb.js';

export function wireScriptRun(run: ScriptRun, calls: readonly ScriptCall[]): WireScriptRun {
  return create(ScriptRunSchema, {
    id: run.id,
    projectId: run.projectId,
    agent: run.agent,
    trigger: run.trigger ?? '',
    sourceSha256: run.sourceHash,
    status: run.status,
    startedAt: BigInt(run.startedAt),
    endedAt: BigInt(run.endedAt ?? 0),
    payload: run.payload ?? '',
    result: run.result ?? '',
    error: run.error ?? '',
    eventId: run.eventId ?? '',
    origin: run.origin ?? '',
    parentId: run.parentId ?? '',
    calls: calls.map(call => ({
      number: call.number,
      name: call.name,
      at: BigInt(call.at),
      durationMs: BigInt(call.durationMs),
      given: call.given,
      got: call.got ?? '',
      error: call.error ?? '',
      threadId: call.threadId ?? '',
      runId: call.agentRunId ?? '',
    })),
  });
}
