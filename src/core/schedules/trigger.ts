import type { ProjectId, RunId, ThreadId } from '../../base/ids.js';
import type {
  AgentSpec,
  Misfire,
  Overlap,
  RegisteredScript,
  SandboxPolicy,
  SchedulerSpec,
  TriggerSpec,
} from '../../compose/projectSpec.js';
import type { ScriptRunId } from '../scripts/scriptRun.js';
import type { TopicEventId } from '../topics/topicEvent.js';
import type { Project } from '../projects/project.js';

/** What names a trigger: its agent, and its own name or, without one, its kind and place in the file (`cron-1`). */
export interface TriggerKey {
  readonly projectId: ProjectId;
  readonly agent: string;
  readonly name: string;
}

/**
 * What is remembered of a trigger between two hosts and two applies. Times are ms since the epoch.
 *
 *   armed ──(due)──► armed again (cron, interval) | spent (timeout, `until`, `max_runs`)
 *   any ──disable──► off ──enable──► armed
 *   any ──(its schedule in the file changed)──► armed anew, with the same history
 */
export interface Trigger extends TriggerKey {
  /** `cron:0 * * * *@Europe/Berlin`, `interval:60000`, `timeout:15000` or an event's topic: another one arms it anew. */
  readonly source: string;
  /** A person switched it off when false; the file's own `enabled: false` removes it. */
  readonly enabled: boolean;
  /** Missing: it is off, spent, or waits for an event. */
  readonly nextFireAt?: number;
  readonly lastFiredAt?: number;
  /** Fires that became runs. */
  readonly fired: number;
}

/**
 * What came of a moment.
 *
 *   waiting (behind a run of the schedule, or for another attempt) ──► started | skipped | failed
 *   started: it became a run · skipped: its policy said no · missed: nobody could fire then, and its policy lets that pass
 *   failed: no run could be queued; a person may let it be tried again (waiting)
 */
export type FireOutcome = 'waiting' | 'started' | 'skipped' | 'missed' | 'failed';

/** One moment at which a trigger was due, and what came of it. */
export interface Fire extends TriggerKey {
  /** When it should have fired. */
  readonly dueAt: number;
  /** When it did; while it waits, when it began to. */
  readonly at: number;
  /** Moments that passed without a host and that this fire stands for as well. */
  readonly missed: number;
  readonly by: 'clock' | 'person' | 'event';
  readonly outcome: FireOutcome;
  /** Why it waits, was skipped, missed or failed, or what it ended, one sentence. */
  readonly reason?: string;
  readonly threadId?: ThreadId;
  readonly runId?: RunId;
  /** What its script did. */
  readonly scriptRunId?: ScriptRunId;
  /** The event that it is for. */
  readonly eventId?: TopicEventId;
  /** Attempts that failed while it waited. */
  readonly attempts: number;
  /** While it waits: no attempt before this. */
  readonly notBefore?: number;
}

/** A fire with its place in the history. */
export interface RecordedFire extends Fire {
  readonly sequence: number;
}

/** A trigger as the applied file declares it. */
export interface DeclaredTrigger extends TriggerKey {
  readonly source: string;
  readonly spec: TriggerSpec;
  /** Task of the run; the file's own words, or a default. */
  readonly prompt: string;
  /** `sticky`: its fires go on in one thread. */
  readonly sandboxPolicy: SandboxPolicy;
  readonly overlap: Overlap;
  /** Whose callback it is; missing: its prompt is dispatched. */
  readonly script?: RegisteredScript;
  readonly misfire: Misfire;
}

/** Triggers of a project that the clock or an event may fire: those of enabled agents with an enabled scheduler. */
export function declaredTriggers(project: Project): readonly DeclaredTrigger[] {
  if (project.removedAt !== undefined) return [];
  return project.spec.agents.filter(({ enabled }) => enabled).flatMap(agent => triggersOf(project, agent));
}

function triggersOf(project: Project, agent: AgentSpec): readonly DeclaredTrigger[] {
  const { scheduler } = agent;
  if (!scheduler?.enabled) return [];
  const { registered } = scheduler;
  return [...scheduler.triggers, ...(registered?.triggers ?? [])].map((spec, index) => ({
    projectId: project.id,
    agent: agent.name,
    name: spec.name ?? `${spec.kind}-${index + 1}`,
    source: sourceOf(spec),
    spec,
    prompt: spec.prompt ?? `Run agent ${agent.name}.`,
    sandboxPolicy: spec.sandboxPolicy ?? scheduler.sandboxPolicy,
    overlap: overlapOf(spec, scheduler),
    misfire: spec.misfire ?? scheduler.misfire ?? 'run_once',
    ...(registered ? { script: registered } : {}),
  }));
}

/** A moment of the clock comes again and may be left out; an event does not, so that it waits unless the file says otherwise. */
function overlapOf(spec: TriggerSpec, scheduler: SchedulerSpec): Overlap {
  const chosen = spec.overlap ?? scheduler.overlap;
  if (chosen !== undefined) return chosen;
  return spec.kind === 'event' && scheduler.concurrencyPolicy === 'skip' ? 'queue' : scheduler.concurrencyPolicy;
}

/** The schedule as one text, as agent-compose writes it. */
export function sourceOf(spec: TriggerSpec): string {
  switch (spec.kind) {
    case 'cron':
      return `cron:${spec.cron}${spec.timezone === undefined ? '' : `@${spec.timezone}`}`;
    case 'interval':
      return `interval:${spec.intervalMs}`;
    case 'timeout':
      return `timeout:${spec.timeoutMs}`;
    case 'event':
      return spec.topic;
  }
}

/** True when both name one trigger. */
export function isSameTrigger(a: TriggerKey, b: TriggerKey): boolean {
  return a.projectId === b.projectId && a.agent === b.agent && a.name === b.name;
}

/** What names a trigger, and nothing else of it. */
export function keyOf({ projectId, agent, name }: TriggerKey): TriggerKey {
  return { projectId, agent, name };
}
