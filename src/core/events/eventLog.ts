import type { DomainEvent, RecordedEvent } from './domainEvent.js';

/** Port: the append-only change feed. */
export interface EventLog {
  append(event: DomainEvent, at: number): void;
  /** Events after `sequence`, oldest first, at most `limit`; `gone` when the feed no longer reaches back that far. */
  since(sequence: number, limit: number): readonly RecordedEvent[] | 'gone';
  /** 0 before the first event. */
  lastSequence(): number;
  /** Drops all but the newest `keep` entries. */
  prune(keep: number): void;
}
