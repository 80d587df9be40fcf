import type { ProjectId } from '../../base/ids.js';
import type { Fire, Trigger, TriggerKey } from './trigger.js';

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
  record(fire: Fire): void;
  /** Newest first. Without `name` those of every trigger of the agent, without `agent` those of the project. */
  fires(filter: FireFilter): readonly Fire[];
}

export interface FireFilter {
  readonly projectId: ProjectId;
  readonly agent?: string;
  readonly name?: string;
  /** Only fires that became runs. */
  readonly started?: boolean;
  readonly limit: number;
}

/** What a transaction needs that touches schedules. */
export interface ScheduleStores {
  readonly schedules: ScheduleStore;
}
