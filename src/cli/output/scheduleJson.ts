import type { Fire, ScheduledTrigger, ScriptRun, UpcomingFire } from '../../protocol/gen/muster/v1/schedules_pb.js';
import { triggerShape } from './compose/schedulerShapes.js';
import { optional } from './wireJson.js';
import { isoTime, orUndefined } from './wireText.js';

/** The shapes that the commands of `scheduler` print with `--json`: agent-compose's keys, and ours for what it does not tell. */

export function triggerJson(trigger: ScheduledTrigger) {
  return {
    ...triggerShape(trigger),
    fired: Number(trigger.fired),
    prompt: trigger.prompt,
    sandbox_policy: trigger.sandboxPolicy,
    concurrency_policy: trigger.concurrencyPolicy,
    ...optional({
      misfire: trigger.misfire,
      jitter_ms: trigger.jitterMs === 0n ? undefined : Number(trigger.jitterMs),
      max_runs: trigger.maxRuns === 0n ? undefined : Number(trigger.maxRuns),
      until: orUndefined(trigger.until),
    }),
  };
}

export function fireJson(fire: Fire) {
  return {
    agent_name: fire.agent,
    trigger: fire.name,
    due_at: isoTime(fire.dueAt),
    fired_at: isoTime(fire.at),
    missed: Number(fire.missed),
    by: fire.by,
    status: fire.outcome,
    sequence: Number(fire.sequence),
    ...optional({
      attempts: fire.attempts === 0 ? undefined : fire.attempts,
      reason: orUndefined(fire.reason),
      thread_id: orUndefined(fire.threadId),
      run_id: orUndefined(fire.runId),
      script_run_id: orUndefined(fire.scriptRunId),
      run_status: orUndefined(fire.runStatus),
      run_error: orUndefined(fire.runError),
    }),
  };
}

export function upcomingJson({ agent, name, at }: UpcomingFire) {
  return { agent_name: agent, trigger: name, at: isoTime(at) };
}

/** One evaluation of a script with everything that it called; what it gave and got is JSON, cut to what a person reads. */
export function scriptRunJson(run: ScriptRun) {
  return {
    id: run.id,
    agent_name: run.agent,
    status: run.status,
    started_at: isoTime(run.startedAt),
    source_sha256: run.sourceSha256,
    calls: run.calls.map(call => ({
      name: call.name,
      at: isoTime(call.at),
      duration_ms: Number(call.durationMs),
      given: call.given,
      ...optional({
        got: orUndefined(call.got),
        error: orUndefined(call.error),
        thread_id: orUndefined(call.threadId),
        run_id: orUndefined(call.runId),
      }),
    })),
    ...optional({
      trigger: orUndefined(run.trigger),
      ended_at: run.endedAt === 0n ? undefined : isoTime(run.endedAt),
      payload_json: orUndefined(run.payload),
      result_json: orUndefined(run.result),
      error: orUndefined(run.error),
      origin: orUndefined(run.origin),
    }),
  };
}
