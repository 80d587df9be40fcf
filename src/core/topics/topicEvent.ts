import type { Id, ProjectId } from '../../base/ids.js';

export type TopicEventId = Id<'topicEvent'>;

/** Who published it. `muster`: the host itself; `webhook`; `script` of a scheduler; `person`; `run`: an agent at work. */
export type TopicSource = 'muster' | 'webhook' | 'script' | 'person' | 'run';

/** A fact that somebody published under a topic. Immutable and append-only; what came of it are the fires that name it. */
export interface TopicEvent {
  readonly id: TopicEventId;
  /** Its place among all events. */
  readonly sequence: number;
  readonly topic: string;
  readonly source: TopicSource;
  /** Only triggers of this project hear it; missing: those of every project. */
  readonly projectId?: ProjectId;
  /** JSON. */
  readonly payload: string;
  /** SHA-256 of the payload, hexadecimal. */
  readonly payloadHash: string;
  readonly createdAt: number;
  /** Shared by everything that one event led to; its own id for the first. */
  readonly correlationId: string;
  /** The event that led to it. */
  readonly parentId?: TopicEventId;
  /** The same topic and key twice is one event. */
  readonly idempotencyKey?: string;
}

export interface TopicFilter {
  /** Exact, or the beginning of it followed by `*`. */
  readonly topic?: string;
  readonly correlationId?: string;
  readonly source?: string;
  /** Only later ones, the oldest first; missing: the newest first. */
  readonly after?: number;
  readonly limit: number;
  readonly offset?: number;
}

export interface TopicCount {
  readonly topic: string;
  readonly count: number;
  /** Of its newest event. */
  readonly lastSequence: number;
}

/** Port: published events. */
export interface TopicStore {
  /** Returns its place in the order of all. */
  append(event: Omit<TopicEvent, 'sequence'>): number;
  get(id: string): TopicEvent | undefined;
  byKey(topic: string, idempotencyKey: string): TopicEvent | undefined;
  list(filter: TopicFilter): readonly TopicEvent[];
  /** Every topic that has events, by name. */
  counts(): readonly TopicCount[];
  /** 0 before the first one. */
  lastSequence(): number;
  /** How far internal events were made from the change feed. */
  cursor(): number | undefined;
  moveCursor(sequence: number): void;
  /** Drops the oldest beyond the newest `keep` that nothing waits for, at most `limit`; returns how many went. */
  prune(keep: number, limit: number): number;
}

/** What a transaction needs that touches published events. */
export interface TopicStores {
  readonly topics: TopicStore;
}
