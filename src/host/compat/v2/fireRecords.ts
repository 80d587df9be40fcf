import { create } from '@bufbuild/protobuf';
import { TriggerKind } from '../../../protocol/gen/agentcompose/v2/spec_pb.js';
import {
  SchedulerEventSchema,
  SchedulerRunSchema,
  SchedulerRunStatus,
  type SchedulerEvent,
  type SchedulerRun,
} from '../../../protocol/gen/agentcompose/v2/schedulers_pb.js';
import { fireEvents, fireStatus, startedBy, type FireRecord } from '../../../protocol/fireEvents.js';
import type { Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import { notFound, time } from '../answers.js';
import type { OurCalls } from '../ours.js';

export interface FireFilter {
  readonly agent?: string;
  /** As `triggerKey` makes it of an id. */
  readonly trigger?: string;
  /** The run of an agent or a script that a fire started. */
  readonly run?: string;
}

/** As many as a host gives at once. */
const most = 500;

/** What triggers did, newest first, each with its run and its trigger as far as they are there. */
export async function readFires(
  { schedules, runs }: OurCalls,
  { id: project }: Project,
  { agent = '', trigger = '', run }: FireFilter = {},
): Promise<readonly FireRecord[]> {
  const scope = { project, agent };
  const [{ fires: all }, listed, { triggers }] = await Promise.all([
    schedules.listFires({ ...scope, name: trigger, limit: most }),
    runs.listRuns({ ...scope, limit: most }),
    // Of a project that was removed only the history is left.
    schedules.listTriggers(scope).catch(() => ({ triggers: [] })),
  ]);
  const fires = run === undefined ? all : all.filter(fire => startedBy(fire) === run);
  const known = new Map(listed.runs.map(each => [each.id, each]));
  const agents = new Set(fires.filter(fire => fire.scriptRunId !== '').map(fire => fire.agent));
  const scripts = await Promise.all(
    [...agents].map(name => schedules.listScriptRuns({ project, agent: name, limit: most })),
  );
  const evaluated = new Map(scripts.flatMap(answer => answer.runs.map(each => [each.id, each])));
  return fires.map(fire => ({
    fire,
    run: known.get(fire.runId),
    script: evaluated.get(fire.scriptRunId),
    trigger: triggers.find(each => each.agent === fire.agent && each.name === fire.name),
  }));
}

/** The fire that started a run. */
export async function findFire(ours: OurCalls, project: Project, run: string): Promise<FireRecord> {
  const [found] = await readFires(ours, project, { run });
  if (found) return found;
  throw notFound(`run ${JSON.stringify(run)} that a trigger of project ${project.name} started`);
}

/** What happened to fires, the oldest first, with what their scripts did. */
export async function eventsOfFires(
  { schedules }: OurCalls,
  project: Project,
  records: readonly FireRecord[],
): Promise<readonly SchedulerEvent[]> {
  const whole = await Promise.all(
    records.map(async record => {
      if (!record.script) return record;
      const { run: script } = await schedules.getScriptRun({ id: record.script.id });
      return { ...record, script };
    }),
  );
  return whole
    .flatMap(record => fireEvents(record).map(event => ({ record, event })))
    .toSorted((a, b) => Number(a.event.at - b.event.at))
    .map(({ record: { fire }, event }) =>
      create(SchedulerEventSchema, {
        id: event.id,
        type: event.type,
        level: event.level,
        message: event.message,
        payloadJson: event.payload,
        runId: startedBy(fire),
        triggerId: fire.name,
        createdAt: time(event.at),
        agentName: fire.agent,
        schedulerId: schedulerId(project, fire.agent),
        linkedSandboxId: event.threadId,
        linkedCellId: event.runId,
      }),
    );
}

const statuses = {
  running: SchedulerRunStatus.RUNNING,
  succeeded: SchedulerRunStatus.SUCCEEDED,
  failed: SchedulerRunStatus.FAILED,
  canceled: SchedulerRunStatus.CANCELED,
  skipped: SchedulerRunStatus.SKIPPED,
} as const;

export function schedulerRunOf(project: Project, record: FireRecord): SchedulerRun {
  const { fire, run, script, trigger } = record;
  const work = run ?? script;
  const startedAt = work && work.startedAt > 0n ? work.startedAt : fire.at;
  const endedAt = work?.endedAt ?? 0n;
  const wasStarted = startedBy(fire) !== '';
  return create(SchedulerRunSchema, {
    runId: startedBy(fire),
    projectId: project.id,
    agentName: fire.agent,
    schedulerId: schedulerId(project, fire.agent),
    triggerId: fire.name,
    triggerKind: kindOf(trigger?.kind ?? ''),
    triggerSource: fire.by === 'person' ? 'manual' : (trigger?.source ?? 'scheduler'),
    status: statuses[fireStatus(record)],
    startedAt: time(startedAt),
    completedAt: time(wasStarted ? endedAt : fire.at),
    durationMs: endedAt > 0n ? endedAt - startedAt : 0n,
    error: run?.error?.message || script?.error || fire.runError || (wasStarted ? '' : fire.reason),
    resultJson: script?.result ?? '',
    payloadJson: script?.payload ?? '',
    sourceScriptSha256: script?.sourceSha256 ?? '',
    sandboxIds: fire.threadId === '' ? [] : [fire.threadId],
  });
}

export function schedulerId({ id }: Pick<Project, 'id'>, agent: string): string {
  return `${id}/${agent}/scheduler`;
}

/** The word by which our calls know a trigger: its own, or the last part of the id that the command line prints. */
export function triggerKey(id: string): string {
  return id.split('/').at(-1) ?? '';
}

function kindOf(word: string): TriggerKind {
  switch (word) {
    case 'cron':
      return TriggerKind.CRON;
    case 'interval':
      return TriggerKind.INTERVAL;
    case 'timeout':
      return TriggerKind.TIMEOUT;
    case 'event':
      return TriggerKind.EVENT;
    default:
      return TriggerKind.UNSPECIFIED;
  }
}
