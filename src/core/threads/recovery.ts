import type { Clock } from '../../base/clock.js';
import type { IdSource, RunId, ThreadId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { RunLifecycle } from '../runs/runLifecycle.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { RescueDriver } from '../workspaces/rescueDriver.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import type { WorkspaceService } from '../workspaces/workspaceService.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import type { ThreadStores } from './threadStore.js';

/** What stands in the state directory of a thread that the database may not know. */
export interface Leftover {
  readonly threadId: ThreadId;
  /** Its worktree's folder. */
  readonly path: string;
  readonly directory: string;
  /** Oldest first. What they say of themselves an agent may have written: it chooses nothing that runs. */
  readonly runs: readonly LeftoverRun[];
}

export interface LeftoverRun {
  readonly id: RunId;
  readonly agent: string;
  readonly prompt: string;
  readonly at: number;
}

/** Port: worktrees and run directories below the state directory. */
export interface Leftovers {
  list(): Promise<readonly Leftover[]>;
  /** Run directories by the thread that they name. */
  runs(): Promise<ReadonlyMap<string, readonly LeftoverRun[]>>;
}

export interface Recovery {
  readonly recovered: readonly ThreadId[];
  /** What could not be brought back, and why. */
  readonly left: readonly { readonly path: string; readonly reason: string }[];
}

type RecoveryStores = ProjectStores & ThreadStores & MessageStores & RunStores & RescueStores & EventStores;

/** What bringing threads back needs. */
export interface RecoveryOptions {
  readonly store: Store<RecoveryStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly workspaces: Pick<WorkspaceService, 'repository' | 'branchPrefix'>;
  readonly driver: Pick<WorktreeDriver, 'ensure' | 'state' | 'comparison'>;
  readonly rescueDriver: Pick<RescueDriver, 'list'>;
  readonly runs: Pick<RunLifecycle, 'adopt'>;
  readonly leftovers: Leftovers;
}
