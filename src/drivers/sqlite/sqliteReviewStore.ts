import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import type { ThreadId } from '../../base/ids.js';
import type { Review, ReviewMark, ReviewMarks, Verdict } from '../../core/reviews/review.js';
import type { ReviewStore } from '../../core/reviews/reviewStore.js';

interface MarkRow {
  readonly commit_sha: string;
  readonly at: number;
}

export class SqliteReviewStore implements ReviewStore {
  readonly #record: Statement<[string, string, string, string, number]>;
  readonly #latest: Statement<[string, string], MarkRow>;

  constructor(database: Database) {
    this.#record = database.prepare(`
      INSERT OR REPLACE INTO review (thread_id, commit_sha, verdict, by, at) VALUES (?, ?, ?, ?, ?)`);
    this.#latest = database.prepare(`
      SELECT commit_sha, at FROM review WHERE thread_id = ? AND verdict = ? ORDER BY rowid DESC LIMIT 1`);
  }

  record({ threadId, commit, verdict, by, at }: Review): void {
    this.#record.run(threadId, commit, verdict, by, at);
  }

  marks(threadId: ThreadId): ReviewMarks {
    return defined({ shown: this.#mark(threadId, 'shown'), approved: this.#mark(threadId, 'approved') });
  }

  #mark(threadId: ThreadId, verdict: Verdict): ReviewMark | undefined {
    const row = this.#latest.get(threadId, verdict);
    return row && { commit: row.commit_sha, at: row.at };
  }
}
