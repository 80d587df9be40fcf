import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';

/** What an agent wrote to the host and has no answer to yet. */
export interface Letter {
  /** Its place in the run's mailbox; the answer has the same. */
  readonly number: number;
  /** Written by an agent: anything at all. */
  readonly body: unknown;
}

/** Port: the mailbox of a run directory, `mail/<n>.ask.json` and `mail/<n>.answer.json`. Implemented by `drivers/process`. */
export interface Mailbox {
  /** Letters without an answer, in order; a bounded number of them. What cannot be read as JSON has `undefined` for a body. */
  unanswered(run: RunId): readonly Letter[];
  /** Writes the answer, whole or not at all; once more does no harm. Errors: `state.unwritable`. */
  answer(run: RunId, number: number, answer: Readonly<Record<string, unknown>>): void;
  /** Calls `notify` soon after a letter came, and at times without reason. Look after subscribing. */
  subscribe(run: RunId, notify: () => void): Disposable;
}

/** What the agent-side tools of a run can do; the words are those of `dist/agentMcp.js`. */
export type AgentTool = 'verdict' | 'ask' | 'permission' | 'execute';
