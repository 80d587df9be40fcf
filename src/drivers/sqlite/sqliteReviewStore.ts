import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import type { ThreadId } from '../../base/ids.js';
import type { Review, ReviewMark, ReviewMarks, Verdict } from '../../core/reviews/review.js';
import type { ReviewStore } from '../../core/reviews/reviewStore.js';
import { EntityTable, fixed, type RowOf } from './columns.js';

const columns = {
  thread_id: fixed((review: Review) => review.threadId),
  commit_sha: fixed((review: Review) => review.commit),
  verdict: fixed((review: Review) => review.verdict),
  by: fixed((review: Review) => review.by),
  at: fixed((review: Review) => review.at),
};
type MarkRow = Pick<RowOf<typeof columns>, 'commit_sha' | 'at'>;
const table = new EntityTable<Review>('review', columns);

export class SqliteReviewStore implements ReviewStore {
  readonly #record: Statement<[object]>;
  readonly #latest: Statement<[string, string], MarkRow>;
  readonly #earlier: Statement<[string, string], { commit_sha: string }>;
  readonly #withdraw: Statement<[string]>;
  readonly #reviewed: Statement<[string], { hunk: string }>;
  readonly #setReviewed: Statement<[string, string, number]>;
  readonly #setUnreviewed: Statement<[string, string]>;
  readonly #staged: Statement<[string], { hunk: string }>;
  readonly #stage: Statement<[string, string, number]>;
  readonly #unstage: Statement<[string, string]>;

  constructor(database: Database) {
    this.#record = database.prepare(table.replace());
    // The latest is the one with the highest row: a mark that is set again is a new row. Its time does not say so, two may share it.
    this.#latest = database.prepare(`
      SELECT commit_sha, at FROM review WHERE thread_id = ? AND verdict = ? ORDER BY rowid DESC LIMIT 1`);
    this.#earlier = database.prepare(`
      SELECT commit_sha FROM review WHERE thread_id = ? AND commit_sha <> ? ORDER BY rowid DESC LIMIT 1`);
    this.#withdraw = database.prepare(`DELETE FROM review WHERE thread_id = ? AND verdict = 'approved'`);
    this.#reviewed = database.prepare(`SELECT hunk FROM reviewed_hunk WHERE thread_id = ?`);
    this.#setReviewed = database.prepare(`
      INSERT INTO reviewed_hunk (thread_id, hunk, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`);
    this.#setUnreviewed = database.prepare(`DELETE FROM reviewed_hunk WHERE thread_id = ? AND hunk = ?`);
    this.#staged = database.prepare(`SELECT hunk FROM staged_hunk WHERE thread_id = ?`);
    this.#stage = database.prepare(`
      INSERT INTO staged_hunk (thread_id, hunk, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`);
    this.#unstage = database.prepare(`DELETE FROM staged_hunk WHERE thread_id = ? AND hunk = ?`);
  }

  record(review: Review): void {
    this.#record.run(table.parameters(review));
  }

  marks(threadId: ThreadId): ReviewMarks {
    return defined({ shown: this.#mark(threadId, 'shown'), approved: this.#mark(threadId, 'approved') });
  }

  withdrawApprovals(threadId: ThreadId): void {
    this.#withdraw.run(threadId);
  }

  earlierCommit(threadId: ThreadId, head: string): string | undefined {
    return this.#earlier.get(threadId, head)?.commit_sha;
  }

  reviewedHunks(threadId: ThreadId): ReadonlySet<string> {
    return new Set(this.#reviewed.all(threadId).map(row => row.hunk));
  }

  setReviewed(threadId: ThreadId, hunks: readonly string[], at: number | undefined): void {
    for (const hunk of hunks) {
      if (at === undefined) this.#setUnreviewed.run(threadId, hunk);
      else this.#setReviewed.run(threadId, hunk, at);
    }
  }

  stagedHunks(threadId: ThreadId): ReadonlySet<string> {
    return new Set(this.#staged.all(threadId).map(row => row.hunk));
  }

  setStaged(threadId: ThreadId, hunks: Iterable<string>, at: number | undefined): void {
    for (const hunk of hunks) {
      if (at === undefined) this.#unstage.run(threadId, hunk);
      else this.#stage.run(threadId, hunk, at);
    }
  }

  #mark(threadId: ThreadId, verdict: Verdict): ReviewMark | undefined {
    const row = this.#latest.get(threadId, verdict);
    return row && { commit: row.commit_sha, at: row.at };
  }
}
