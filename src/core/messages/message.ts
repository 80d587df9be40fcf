import type { MessageId, RunId, ThreadId } from '../../base/ids.js';

/**
 * `dispatch` (a person or a schedule asks), `handoff` (an agent asks another to look at its work) and `changes-requested` (a
 * reviewer asks the author) and `take-over` (an agent failed, and another does its task) cause at most one run each. The others cause none: `response` and `error` are what came of a run,
 * `completion` and `failure` the note with which somebody closed the thread.
 */
export type MessageIntent =
  'dispatch' | 'handoff' | 'changes-requested' | 'take-over' | 'response' | 'error' | 'completion' | 'failure';

/** Immutable. `from` and `to` are agent names or `you`. */
export interface Message {
  readonly id: MessageId;
  readonly threadId: ThreadId;
  readonly from: string;
  readonly to: string;
  readonly intent: MessageIntent;
  readonly body: string;
  readonly createdAt: number;
  /** The run it caused or came from. */
  readonly runId?: RunId;
  /** Nothing of what it leads to is handed on. */
  readonly skipHandoff?: true;
  /** The same key twice is one dispatch. */
  readonly idempotencyKey?: string;
}

/** Whoever sends the task of a trigger that the clock fired. */
export const scheduler = 'scheduler';

/** The person at the keyboard, in `from` and `to`. */
export const person = 'you';
