import type { Id, RunId, ThreadId } from '../../base/ids.js';

export type QuestionId = Id<'question'>;

/**
 * Something that a run asks a person.
 *
 *   open ──(a person answers)──► answered
 *   open ──(its run ends)──► over: nobody waits for it any more; derived, not stored
 *
 * While one of a run's questions is open the run is `waiting` and its clock stands.
 */
export interface Question {
  readonly id: QuestionId;
  readonly runId: RunId;
  /** Its letter in the run's mailbox. */
  readonly number: number;
  readonly threadId: ThreadId;
  readonly agent: string;
  /** `permission`: may it use a tool; `text`: something to answer in words, or to choose from `options`. */
  readonly kind: 'permission' | 'text';
  /** One line. */
  readonly title: string;
  /** All of it. */
  readonly detail: string;
  readonly options: readonly string[];
  /** What *always* would allow for the rest of the thread, exactly; empty: nothing. */
  readonly rule: string;
  readonly askedAt: number;
  readonly answer?: Answer;
}

/** `always`: allow, and do not ask for the same again on this thread. `answer`: in words. */
export type Decision = 'allow' | 'deny' | 'always' | 'answer';
export const decisions: readonly Decision[] = ['allow', 'deny', 'always', 'answer'];

export interface Answer {
  readonly decision: Decision;
  /** The words of an `answer`, or why something is denied. */
  readonly text: string;
  readonly at: number;
}

/** What the agent gets to read. */
export function answerLetter({ decision, text }: Answer): Readonly<Record<string, unknown>> {
  return { decision: decision === 'always' ? 'allow' : decision, text };
}
