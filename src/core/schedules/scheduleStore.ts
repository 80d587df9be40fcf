import type { ProjectId, ThreadId } from '../../base/ids.js';
import type { TopicEventId } from '../topics/topicEvent.js';
import type { Fire, FireOutcome, RecordedFire, Trigger, TriggerKey } from './trigger.js';

/** Port: triggers and what came of them. */
export interface ScheduleStore {
  ofProject(project: ProjectId): readonly Trigger[];
  get(key: TriggerKey): Trigger | undefined;
  save(trigger: Trigger): void;
  /** Its fires stay. */
  remove(key: TriggerKey): void;
  /** Triggers that are due at `now`, the earliest first, at most `limit`. */
  due(now: number, limit: number): readonly Trigger[];
  /** When the next trigger is due. */
  earliest(): number | undefined;
  /** Returns its place in the history. */
  record(fire: Fire): number;
  /** What came of one that waited. */
  amend(fire: RecordedFire): void;
  fire(sequence: number): RecordedFire | undefined;
  /** Newest first. Without `name` those of every trigger of the agent, without `agent` those of the project. */
  fires(filter: FireFilter): readonly RecordedFire[];
  /** From the newest back, those before `beforeSequence`; whatever came of them. */
  history(filter: HistoryFilter): readonly RecordedFire[];
  /** Takes a fire out of the history. */
  forget(sequence: number): void;
  /** How many fires came to what, by trigger and span of time; one whose run failed counts as failed. */
  countFires(filter: FireCountFilter): readonly FireCount[];
  /** Agents with fires that wait and may be tried at `now`. */
  agentsWaiting(now: number): readonly AgentKey[];
  /** Fires of the agent that wait, the oldest first; with `now` only those that may be tried then. */
  waiting(agent: AgentKey, options: { readonly now?: number; readonly limit: number }): readonly RecordedFire[];
  /** How many fires of the agent wait. */
  countWaiting(agent: AgentKey): number;
  /** When the next attempt of a fire that waits for its time may be made. */
  nextAttempt(): number | undefined;
  /** What an event led to. */
  ofEvent(event: TopicEventId): readonly RecordedFire[];
  /** The trigger has a fire for the event. */
  hasFiredFor(key: TriggerKey, event: TopicEventId): boolean;
  /** The event that last led to work on the thread. */
  causeOf(thread: ThreadId): TopicEventId | undefined;
  /** Any fire waits. */
  isAnyWaiting(): boolean;
}

/** The agent whose schedule it is. */
export type AgentKey = Pick<TriggerKey, 'projectId' | 'agent'>;

export interface FireFilter {
  readonly projectId: ProjectId;
  readonly agent?: string;
  readonly name?: string;
  /** Only fires that became runs. */
  readonly started?: boolean;
  readonly limit: number;
}

export interface HistoryFilter extends Omit<FireFilter, 'started'> {
  readonly beforeSequence?: number | undefined;
}

export interface FireCountFilter {
  readonly projectId: ProjectId;
  /** Those that were due from then on. */
  readonly since: number;
  readonly spanMs: number;
}

export interface FireCount {
  readonly agent: string;
  readonly name: string;
  /** Which span, from 0. */
  readonly span: number;
  readonly outcome: FireOutcome;
  readonly count: number;
}

/** What a transaction needs that touches schedules. */
export interface ScheduleStores {
  readonly schedules: ScheduleStore;
}
