import type { RunId, ThreadId } from '../../base/ids.js';
import type { Question, QuestionId } from './question.js';

/** Port: questions of runs to people. */
export interface QuestionStore {
  get(id: QuestionId): Question | undefined;
  /** The one of this letter. */
  ofLetter(run: RunId, number: number): Question | undefined;
  insert(question: Question): void;
  /** Writes its answer. */
  update(question: Question): void;
  /** Those of a run without an answer, oldest first. */
  openOf(run: RunId): readonly Question[];
  /** Those without an answer whose run is still there to hear it, oldest first. */
  open(): readonly Question[];
  /** Newest last; a bounded number of them. */
  ofThread(thread: ThreadId): readonly Question[];
  /** A person has said on this thread that this agent need not ask for this any more. */
  alwaysAllowed(thread: ThreadId, agent: string, rule: string): boolean;
  withPrefix(prefix: string): readonly QuestionId[];
}

/** What a transaction needs that touches questions. */
export interface QuestionStores {
  readonly questions: QuestionStore;
}
