import type { ThreadId } from '../../base/ids.js';

/** `shown`: a person had the commit's changes in front of them. `approved`: they said that it is good. */
export type Verdict = 'shown' | 'approved';

/** What somebody made of one commit of a thread. */
export interface Review {
  readonly threadId: ThreadId;
  readonly commit: string;
  readonly verdict: Verdict;
  /** `you`: the person at this machine. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A verdict as a thread carries it. */
export interface ReviewMark {
  readonly commit: string;
  readonly at: number;
}

/** The latest of each verdict. Whether it still says something depends on the thread's head. */
export interface ReviewMarks {
  readonly shown?: ReviewMark;
  readonly approved?: ReviewMark;
}
