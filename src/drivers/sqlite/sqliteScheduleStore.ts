import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ProjectId, type ThreadId } from '../../base/ids.js';
import type {
  AgentKey,
  FireCount,
  FireCountFilter,
  FireFilter,
  HistoryFilter,
  ScheduleStore,
} from '../../core/schedules/scheduleStore.js';
import type { TopicEventId } from '../../core/topics/topicEvent.js';
import type { Fire, FireOutcome, RecordedFire, Trigger, TriggerKey } from '../../core/schedules/trigger.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const triggerColumns = {
  project_id: fixed((trigger: Trigger) => trigger.projectId),
  agent: fixed((trigger: Trigger) => trigger.agent),
  name: fixed((trigger: Trigger) => trigger.name),
  source: stored((trigger: Trigger) => trigger.source),
  enabled: stored((trigger: Trigger) => (trigger.enabled ? 1 : 0)),
  next_fire_at: stored((trigger: Trigger) => trigger.nextFireAt ?? null),
  last_fired_at: stored((trigger: Trigger) => trigger.lastFiredAt ?? null),
  fired: stored((trigger: Trigger) => trigger.fired),
};
type TriggerRow = RowOf<typeof triggerColumns>;
const triggerTable = new EntityTable<Trigger>('schedule_trigger', triggerColumns);

/** The columns of `schedule_fire`, without its sequence. */
const fireColumns = {
  project_id: stored((fire: Fire) => fire.projectId),
  agent: stored((fire: Fire) => fire.agent),
  name: stored((fire: Fire) => fire.name),
  due_at: stored((fire: Fire) => fire.dueAt),
  at: stored((fire: Fire) => fire.at),
  missed: stored((fire: Fire) => fire.missed),
  by: stored((fire: Fire) => fire.by),
  outcome: stored((fire: Fire) => fire.outcome),
  reason: stored((fire: Fire) => fire.reason ?? null),
  thread_id: stored((fire: Fire) => fire.threadId ?? null),
  run_id: stored((fire: Fire) => fire.runId ?? null),
  attempts: stored((fire: Fire) => fire.attempts),
  not_before: stored((fire: Fire) => fire.notBefore ?? null),
  event_id: stored((fire: Fire) => fire.eventId ?? null),
  script_run_id: stored((fire: Fire) => fire.scriptRunId ?? null),
};
const fireTable = new EntityTable<Fire>('schedule_fire', fireColumns);

interface RecordedRow extends RowOf<typeof fireColumns> {
  readonly sequence: number;
}

interface FireParameters {
  readonly project: string;
  readonly agent: string | null;
  readonly name: string | null;
  readonly before: number | null;
  readonly limit: number;
}

const outcomes: readonly FireOutcome[] = ['waiting', 'started', 'skipped', 'missed', 'failed'];
const causes: readonly Fire['by'][] = ['clock', 'person', 'event'];
export class SqliteScheduleStore implements ScheduleStore {
  readonly #database: Database;
  readonly #ofProject: Statement<[string], TriggerRow>;
  readonly #get: Statement<[string, string, string], TriggerRow>;
  readonly #save: Statement<[object]>;
  readonly #remove: Statement<[string, string, string]>;
  readonly #due: Statement<[number, number], TriggerRow>;
  readonly #earliest: Statement<[], { at: number | null }>;
  readonly #record: Statement<[object]>;
  /** By which filters are set, so that each can use the index of its own. */
  readonly #fires = new Map<string, Statement<[FireParameters], RecordedRow>>();
  readonly #amend: Statement<[object]>;
  readonly #countFires: Statement<
    [{ project: string; since: number; span: number }],
    { agent: string; name: string; span: number; outcome: string; count: number }
  >;
  readonly #fire: Statement<[number], RecordedRow>;
  readonly #forget: Statement<[number]>;
  readonly #agentsWaiting: Statement<[number], { project_id: string; agent: string }>;
  readonly #waiting: Statement<[string, string, number, number], RecordedRow>;
  readonly #countWaiting: Statement<[string, string], { count: number }>;
  readonly #nextAttempt: Statement<[], { at: number | null }>;
  readonly #anyWaiting: Statement<[], { found: number }>;
  readonly #ofEvent: Statement<[string], RecordedRow>;
  readonly #hasFiredFor: Statement<[string, string, string, string], { found: number }>;
  readonly #causeOf: Statement<[string], { event_id: string }>;

  constructor(database: Database) {
    this.#database = database;
    this.#ofProject = database.prepare(`SELECT * FROM schedule_trigger WHERE project_id = ?`);
    this.#get = database.prepare(`SELECT * FROM schedule_trigger WHERE project_id = ? AND agent = ? AND name = ?`);
    this.#save = database.prepare(triggerTable.replace());
    this.#remove = database.prepare(`DELETE FROM schedule_trigger WHERE project_id = ? AND agent = ? AND name = ?`);
    this.#due = database.prepare(`
      SELECT * FROM schedule_trigger WHERE next_fire_at IS NOT NULL AND next_fire_at <= ? ORDER BY next_fire_at LIMIT ?`);
    this.#earliest = database.prepare(`
      SELECT MIN(next_fire_at) AS at FROM schedule_trigger WHERE next_fire_at IS NOT NULL`);
    this.#record = database.prepare(fireTable.insert());
    this.#amend = database.prepare(fireTable.update('sequence = :sequence'));
    this.#countFires = database.prepare(`
      SELECT f.agent, f.name, CAST((f.due_at - :since) / :span AS INTEGER) AS span, COUNT(*) AS count,
        CASE WHEN COALESCE(r.status, s.status) IN ('failed', 'timed_out', 'lost') THEN 'failed' ELSE f.outcome END AS outcome
      FROM schedule_fire f LEFT JOIN run r ON r.id = f.run_id LEFT JOIN script_run s ON s.id = f.script_run_id
      WHERE f.project_id = :project AND f.due_at >= :since GROUP BY f.agent, f.name, 3, 5`);
    this.#fire = database.prepare(`SELECT * FROM schedule_fire WHERE sequence = ?`);
    this.#forget = database.prepare(`DELETE FROM schedule_fire WHERE sequence = ?`);
    this.#agentsWaiting = database.prepare(`
      SELECT project_id, agent FROM schedule_fire
      WHERE outcome = 'waiting' AND (not_before IS NULL OR not_before <= ?)
      GROUP BY project_id, agent ORDER BY MIN(sequence)`);
    this.#waiting = database.prepare(`
      SELECT * FROM schedule_fire
      WHERE outcome = 'waiting' AND project_id = ? AND agent = ? AND (not_before IS NULL OR not_before <= ?)
      ORDER BY sequence LIMIT ?`);
    this.#countWaiting = database.prepare(`
      SELECT COUNT(*) AS count FROM schedule_fire WHERE outcome = 'waiting' AND project_id = ? AND agent = ?`);
    this.#nextAttempt = database.prepare(`
      SELECT MIN(not_before) AS at FROM schedule_fire WHERE outcome = 'waiting'`);
    this.#ofEvent = database.prepare(`SELECT * FROM schedule_fire WHERE event_id = ? ORDER BY sequence`);
    this.#hasFiredFor = database.prepare(`
      SELECT 1 AS found FROM schedule_fire WHERE event_id = ? AND project_id = ? AND agent = ? AND name = ?`);
    this.#causeOf = database.prepare(`
      SELECT event_id FROM schedule_fire WHERE thread_id = ? AND event_id IS NOT NULL ORDER BY sequence DESC LIMIT 1`);
    this.#anyWaiting = database.prepare(`SELECT 1 AS found FROM schedule_fire WHERE outcome = 'waiting' LIMIT 1`);
  }

  ofProject(project: ProjectId): readonly Trigger[] {
    return this.#ofProject.all(project).map(toTrigger);
  }

  get({ projectId, agent, name }: TriggerKey): Trigger | undefined {
    const row = this.#get.get(projectId, agent, name);
    return row && toTrigger(row);
  }

  save(trigger: Trigger): void {
    this.#save.run(triggerTable.parameters(trigger));
  }

  remove({ projectId, agent, name }: TriggerKey): void {
    this.#remove.run(projectId, agent, name);
  }

  due(now: number, limit: number): readonly Trigger[] {
    return this.#due.all(now, limit).map(toTrigger);
  }

  earliest(): number | undefined {
    return this.#earliest.get()?.at ?? undefined;
  }

  record(fire: Fire): number {
    return Number(this.#record.run(fireTable.parameters(fire)).lastInsertRowid);
  }

  amend(fire: RecordedFire): void {
    this.#amend.run({ ...fireTable.parameters(fire), sequence: fire.sequence });
  }

  fire(sequence: number): RecordedFire | undefined {
    const row = this.#fire.get(sequence);
    return row && toFire(row);
  }

  agentsWaiting(now: number): readonly AgentKey[] {
    return this.#agentsWaiting.all(now).map(row => ({ projectId: parseId(row.project_id), agent: row.agent }));
  }

  waiting(
    { projectId, agent }: AgentKey,
    { now = Number.MAX_SAFE_INTEGER, limit }: { readonly now?: number; readonly limit: number },
  ): readonly RecordedFire[] {
    return this.#waiting.all(projectId, agent, now, limit).map(toFire);
  }

  countWaiting({ projectId, agent }: AgentKey): number {
    return this.#countWaiting.get(projectId, agent)?.count ?? 0;
  }

  nextAttempt(): number | undefined {
    return this.#nextAttempt.get()?.at ?? undefined;
  }

  ofEvent(event: TopicEventId): readonly RecordedFire[] {
    return this.#ofEvent.all(event).map(toFire);
  }

  hasFiredFor({ projectId, agent, name }: TriggerKey, event: TopicEventId): boolean {
    return this.#hasFiredFor.get(event, projectId, agent, name) !== undefined;
  }

  causeOf(thread: ThreadId): TopicEventId | undefined {
    const row = this.#causeOf.get(thread);
    return row && parseId<'topicEvent'>(row.event_id);
  }

  isAnyWaiting(): boolean {
    return this.#anyWaiting.get() !== undefined;
  }

  countFires({ projectId, since, spanMs }: FireCountFilter): readonly FireCount[] {
    return this.#countFires
      .all({ project: projectId, since, span: spanMs })
      .map(row => ({ ...row, outcome: member(outcomes, row.outcome) }));
  }

  fires(filter: FireFilter): readonly RecordedFire[] {
    return this.#select(filter);
  }

  history(filter: HistoryFilter): readonly RecordedFire[] {
    return this.#select(filter);
  }

  forget(sequence: number): void {
    this.#forget.run(sequence);
  }

  #select({ projectId, agent, name, started, beforeSequence, limit }: FireFilter & HistoryFilter): RecordedFire[] {
    const where = [
      'project_id = :project',
      ...(agent === undefined ? [] : ['agent = :agent']),
      ...(name === undefined ? [] : ['name = :name']),
      ...(started ? [`outcome = 'started'`] : []),
      ...(beforeSequence === undefined ? [] : ['sequence < :before']),
    ].join(' AND ');
    let statement = this.#fires.get(where);
    if (!statement) {
      const text = `SELECT * FROM schedule_fire WHERE ${where} ORDER BY sequence DESC LIMIT :limit`;
      statement = this.#database.prepare(text);
      this.#fires.set(where, statement);
    }
    const before = beforeSequence ?? null;
    return statement.all({ project: projectId, agent: agent ?? null, name: name ?? null, before, limit }).map(toFire);
  }
}

function toTrigger(row: TriggerRow): Trigger {
  return {
    projectId: parseId(row.project_id),
    agent: row.agent,
    name: row.name,
    source: row.source,
    enabled: row.enabled === 1,
    fired: row.fired,
    ...defined({ nextFireAt: row.next_fire_at, lastFiredAt: row.last_fired_at }),
  };
}

function toFire(row: RecordedRow): RecordedFire {
  return {
    sequence: row.sequence,
    projectId: parseId(row.project_id),
    agent: row.agent,
    name: row.name,
    dueAt: row.due_at,
    at: row.at,
    missed: row.missed,
    by: member(causes, row.by),
    outcome: member(outcomes, row.outcome),
    attempts: row.attempts,
    ...defined({
      reason: row.reason,
      notBefore: row.not_before,
      scriptRunId: row.script_run_id === null ? undefined : parseId<'scriptRun'>(row.script_run_id),
      eventId: row.event_id === null ? undefined : parseId<'topicEvent'>(row.event_id),
      threadId: row.thread_id === null ? undefined : parseId<'thread'>(row.thread_id),
      runId: row.run_id === null ? undefined : parseId<'run'>(row.run_id),
    }),
  };
}
