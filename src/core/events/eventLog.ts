import type { DomainEvent, RecordedEvent } from './domainEvent.js';

/** Port: the append-only change feed. */
export interface EventLog {
  append(event: DomainEvent, at: number): void;
  /** Events after `sequence`, oldest first, at most `limit`; `gone` when the feed no longer reaches back that far. */
  since(sequence: number, limit: number): readonly RecordedEvent[] | 'gone';
  /** 0 before the first event. */
  lastSequence(): number;
  /** Drops the oldest entries beyond the newest `keep`, at most `limit` of them; returns how many went. */
  prune(keep: number, limit: number): number;
}

/** What a transaction needs that touches the change feed. */
export interface EventStores {
  readonly events: EventLog;
}
