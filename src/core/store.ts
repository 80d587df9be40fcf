import type { Event } from '../base/event.js';
import type { RecordedEvent } from './events/domainEvent.js';

/**
 * Port: the host's database. The host is its only writer. `S` names the stores that its holder uses, as an intersection of
 * what the nouns export (`RunStores & EventStores`): what a service touches is seen in its constructor.
 */
export interface Store<S> {
  /** Changes when the database is replaced, so that clients know that their sequence numbers mean nothing. */
  readonly epoch: string;
  /** Runs `work` in one write transaction: its changes and their events commit together, or neither when it throws. */
  transact<T>(work: (stores: S) => T): T;
  /** Reads one consistent state. */
  read<T>(work: (stores: S) => T): T;
  /** Fires after a commit, with the events it recorded. */
  readonly onDidCommit: Event<readonly RecordedEvent[]>;
}
