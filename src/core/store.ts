import type { Event } from '../base/event.js';
import type { EventLog } from './events/eventLog.js';
import type { RecordedEvent } from './events/domainEvent.js';
import type { MergeStore } from './merges/mergeStore.js';
import type { MessageStore } from './messages/messageStore.js';
import type { ProjectStore } from './projects/projectStore.js';
import type { RunStore } from './runs/runStore.js';
import type { ThreadStore } from './threads/threadStore.js';

/** The stores of one database, seen inside a transaction. */
export interface Stores {
  readonly projects: ProjectStore;
  readonly threads: ThreadStore;
  readonly messages: MessageStore;
  readonly runs: RunStore;
  readonly merges: MergeStore;
  readonly events: EventLog;
}

/** Port: the host's database. The host is its only writer. */
export interface Store {
  /** Changes when the database is replaced, so that clients know that their sequence numbers mean nothing. */
  readonly epoch: string;
  /** Runs `work` in one write transaction: its changes and their events commit together, or neither when it throws. */
  transact<T>(work: (stores: Stores) => T): T;
  /** Reads one consistent state. */
  read<T>(work: (stores: Stores) => T): T;
  /** Fires after a commit, with the events it recorded. */
  readonly onDidCommit: Event<readonly RecordedEvent[]>;
}
