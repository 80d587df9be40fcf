import type { MessageId, ThreadId } from '../../base/ids.js';
import type { Message } from './message.js';

/** Port: the immutable message log. */
export interface MessageStore {
  get(id: MessageId): Message | undefined;
  insert(message: Message): void;
  /** Oldest first. */
  ofThread(thread: ThreadId): readonly Message[];
  byIdempotencyKey(key: string): Message | undefined;
}

/** What a transaction needs that touches messages. */
export interface MessageStores {
  readonly messages: MessageStore;
}
