import { theirRunStatus } from '../../../protocol/theirRunStatus.js';
import type { Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import { fireEvents, fireStatus, startedBy, type FireRecord } from '../../../protocol/fireEvents.js';
import type { PrunedFires, ScheduledTrigger, ScriptRun } from '../../../protocol/gen/muster/v1/schedules_pb.js';
import { optional } from '../wireJson.js';
import { isoTime, orUndefined } from '../wireText.js';
import { schedulerId, timesOf } from './shapes.js';

/** What the newer agent-compose prints of schedulers. A trigger's run there is what we call a fire, with the run that it led to. */

/** The same word everywhere that a trigger is named. */
export function triggerId({ projectId, agent, name }: Pick<ScheduledTrigger, 'projectId' | 'agent' | 'name'>): string {
  return `${projectId}/${agent}/${name}`;
}

export function triggerShape(trigger: ScheduledTrigger) {
  const id = triggerId(trigger);
  const scheduler = schedulerId(trigger.projectId, trigger.agent);
  return {
    agent_name: trigger.agent,
    name: trigger.name,
    trigger_id: id,
    trigger_short_id: id,
    kind: trigger.kind,
    source: trigger.source,
    scheduler_id: scheduler,
    scheduler_short_id: scheduler,
    scheduler_enabled: true,
    trigger_enabled: trigger.enabled,
    ...optional({
      topic: trigger.kind === 'event' ? trigger.source : undefined,
      interval_ms: trigger.kind === 'interval' ? Number(trigger.source.replace(/^interval:/, '')) : undefined,
      next_fire_at: orUndefined(isoTime(trigger.nextFireAt)),
      last_fired_at: orUndefined(isoTime(trigger.lastFiredAt)),
    }),
  };
}

/** One of `runs` of `scheduler runs`. */
export function schedulerRunShape(project: Project, record: FireRecord) {
  const { fire } = record;
  return {
    run_id: startedBy(fire),
    run_short_id: startedBy(fire),
    agent_name: fire.agent,
    scheduler_id: schedulerId(project.id, fire.agent),
    trigger_id: triggerId({ projectId: project.id, ...fire }),
    status: fireStatus(record),
    ...commonFields(record),
    ...optional({ sandbox_ids: fire.threadId === '' ? undefined : [fire.threadId] }),
  };
}

/** What `scheduler trigger` and `scheduler stop` print of a run. */
export function startedRunShape(project: Project, record: FireRecord) {
  const { fire } = record;
  const scheduler = schedulerId(project.id, fire.agent);
  const trigger = triggerId({ projectId: project.id, ...fire });
  return {
    id: startedBy(fire),
    short_id: startedBy(fire),
    project_id: project.id,
    project_name: project.name,
    agent_name: fire.agent,
    scheduler_id: scheduler,
    scheduler_short_id: scheduler,
    trigger_id: trigger,
    trigger_short_id: trigger,
    status: fireStatus(record),
    ...commonFields(record),
    inspect_command: `muster scheduler inspect ${startedBy(fire)}`,
    stop_command: `muster scheduler stop ${startedBy(fire)}`,
    ...optional({ source_script_sha256: orUndefined(record.script?.sourceSha256 ?? '') }),
  };
}

function commonFields({ fire, run, script, trigger }: FireRecord) {
  const work = run ?? script;
  return optional({
    trigger_kind: trigger?.kind,
    trigger_source: trigger?.source,
    started_at: isoTime(fire.at),
    ...(work && timesOf(work)),
    error: orUndefined(run?.error?.message || script?.error || fire.runError || fire.reason),
    result_json: orUndefined(script?.result ?? ''),
    payload_json: orUndefined(script?.payload ?? ''),
  });
}

/** What happened to one fire, as events: it began (or did not), what its script did, and how it ended. */
export function schedulerEventShapes(project: Project, record: FireRecord) {
  const { fire } = record;
  return fireEvents(record).map(({ id, type, level, at, ...more }) => ({
    id,
    run_id: startedBy(fire),
    agent_name: fire.agent,
    scheduler_id: schedulerId(project.id, fire.agent),
    trigger_id: triggerId({ projectId: project.id, ...fire }),
    type,
    level,
    created_at: isoTime(at),
    ...optional({
      message: orUndefined(more.message),
      payload_json: orUndefined(more.payload),
      sandbox_id: orUndefined(more.threadId),
      cell_id: orUndefined(more.runId),
    }),
  }));
}

export function schedulerItemShape(project: Project, agent: string, triggers: readonly ScheduledTrigger[]) {
  return {
    agent_name: agent,
    scheduler_id: schedulerId(project.id, agent),
    enabled: true,
    trigger_count: triggers.length,
  };
}

/** How a script's run ended; what it gave back is JSON. */
export function invocationShape(project: Project, run: ScriptRun) {
  return {
    scheduler: schedulerId(project.id, run.agent),
    status: theirRunStatus(run),
    duration_ms: run.endedAt > 0n ? Number(run.endedAt - run.startedAt) : 0,
    ...optional({ result_json: orUndefined(run.result), warnings: run.error === '' ? undefined : [run.error] }),
  };
}

/** What `scheduler prune` found and did. There are no artifacts: what a run left behind is its thread's. */
export function schedulerPruneShape(
  project: object,
  {
    matched,
    removed,
    force,
    agent,
    trigger,
    statuses,
    olderThan,
  }: {
    readonly matched: PrunedFires;
    readonly removed: PrunedFires;
    readonly force: boolean;
    readonly agent: string;
    readonly trigger: string;
    readonly statuses: readonly string[];
    readonly olderThan: string | undefined;
  },
) {
  return {
    record_scope: 'trigger_runs',
    dry_run: !force,
    project,
    ...optional({
      scheduler: orUndefined(agent),
      trigger_id: orUndefined(trigger),
      statuses: statuses.length === 0 ? undefined : statuses,
      older_than: olderThan,
    }),
    matched: pruneStats(matched),
    removed: pruneStats(removed),
    skipped_runs: 0,
    residues: [],
    warnings: [],
  };
}

function pruneStats({ fires, scriptCalls, deliveries, deliveredThreads }: PrunedFires) {
  return {
    runs: Number(fires),
    scheduler_events: Number(scriptCalls),
    event_deliveries: Number(deliveries),
    event_sandbox_links: Number(deliveredThreads),
    artifact_dirs: 0,
    artifact_bytes: 0,
  };
}
