import type { ThreadId } from '../../base/ids.js';
import type { Verdict } from '../../base/verdict.js';

/**
 * The hand-offs that followed one message of a person (or of a schedule) on a thread.
 *
 *   going ──(all have said what they think)──► approved | commented | undecided
 *   going ──(somebody asks for changes)──► going, with the author at work again
 *   going ──(as deep as it may get)──► exhausted
 *   going ──(the author fails, or a person stops it)──► undecided | off
 *   any ──(a person's next message)──► none: the next chain begins at depth 0
 *
 * `handed`: the author failed, and somebody else took the task over. `off`: the message said that nothing is to be handed on. `undecided` and `exhausted` need a person.
 */
export type ChainState = 'going' | 'handed' | 'approved' | 'commented' | 'undecided' | 'exhausted' | 'off';

export interface Chain {
  readonly threadId: ThreadId;
  readonly state: ChainState;
  /** Whose work is looked at; empty for one that is `off`. */
  readonly author: string;
  /** Hand-offs so far. */
  readonly depth: number;
  /** Agents that have not said what they think of the present work. */
  readonly waiting: readonly string[];
  /** What the others think of it. */
  readonly said: readonly Said[];
  /** Why it needs a person, one sentence. */
  readonly note: string;
}

/** What one agent thinks of the present work; without a verdict when it gave none. */
export interface Said {
  readonly agent: string;
  readonly verdict?: Verdict;
  readonly text: string;
  /** What it looked at; missing where there was no commit, and in what an earlier version wrote. */
  readonly commit?: string;
}

/** True when nobody but a person can go on. */
export function needsPerson({ state }: Chain): boolean {
  return state === 'undecided' || state === 'exhausted';
}

/** A chain that never begins: the message asked for no hand-off. */
export function chainOff(threadId: ThreadId): Chain {
  return { threadId, state: 'off', author: '', depth: 0, waiting: [], said: [], note: '' };
}
