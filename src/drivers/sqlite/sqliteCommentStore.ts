import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import { JsonFields } from '../../base/jsonFields.js';
import { severities } from '../../core/chains/agentVerdict.js';
import type { CommentId, CommentSide, CommentState, ReviewComment } from '../../core/reviews/comment.js';
import type { CommentCounts, CommentStore } from '../../core/reviews/commentStore.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  id: fixed((comment: ReviewComment) => comment.id),
  thread_id: fixed((comment: ReviewComment) => comment.threadId),
  reply_to: fixed((comment: ReviewComment) => comment.replyTo ?? null),
  path: fixed((comment: ReviewComment) => comment.place.path),
  side: fixed((comment: ReviewComment) => comment.place.side),
  commit_sha: fixed((comment: ReviewComment) => comment.place.commit),
  start_line: fixed((comment: ReviewComment) => comment.place.anchor.start),
  end_line: fixed((comment: ReviewComment) => comment.place.anchor.end),
  anchor_json: fixed(({ place: { anchor } }: ReviewComment) =>
    JSON.stringify({ lines: anchor.lines, before: anchor.before, after: anchor.after }),
  ),
  author: fixed((comment: ReviewComment) => comment.author),
  text: stored((comment: ReviewComment) => comment.text),
  state: stored((comment: ReviewComment) => comment.state),
  severity: fixed((comment: ReviewComment) => comment.severity ?? null),
  message_id: stored((comment: ReviewComment) => comment.messageId ?? null),
  run_id: fixed((comment: ReviewComment) => comment.runId ?? null),
  resolved_by: stored((comment: ReviewComment) => comment.resolvedBy ?? null),
  created_at: fixed((comment: ReviewComment) => comment.createdAt),
  updated_at: stored((comment: ReviewComment) => comment.updatedAt),
};
type CommentRow = RowOf<typeof columns>;
const table = new EntityTable<ReviewComment>('comment', columns);

const states: readonly CommentState[] = ['draft', 'open', 'resolved'];
const sides: readonly CommentSide[] = ['changed', 'base'];

export class SqliteCommentStore implements CommentStore {
  readonly #get: Statement<[string], CommentRow>;
  readonly #withPrefix: Statement<[string, string, string], CommentRow>;
  readonly #ofThread: Statement<[string], CommentRow>;
  readonly #save: Statement<[object]>;
  readonly #remove: Statement<[string]>;
  readonly #counts: Statement<[string], CommentCounts>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM comment WHERE id = ?`);
    this.#withPrefix = database.prepare(`SELECT * FROM comment WHERE thread_id = ? AND id >= ? AND id < ? LIMIT 10`);
    // By the number of its row where two were made in one millisecond. It is no column: nobody but this order needs it.
    this.#ofThread = database.prepare(`SELECT * FROM comment WHERE thread_id = ? ORDER BY created_at, rowid`);
    // Not replace(): that would delete the old row, and with it the answers.
    this.#save = database.prepare(table.upsert('id'));
    this.#remove = database.prepare(`DELETE FROM comment WHERE id = ?`);
    this.#counts = database.prepare(`
      SELECT COALESCE(SUM(state = 'draft'), 0) AS drafts, COALESCE(SUM(state = 'open' AND reply_to IS NULL), 0) AS open
      FROM comment WHERE thread_id = ?`);
  }

  get(id: CommentId): ReviewComment | undefined {
    const row = this.#get.get(id);
    return row && toComment(row);
  }

  withPrefix(threadId: ThreadId, prefix: string): readonly ReviewComment[] {
    return this.#withPrefix.all(threadId, prefix, `${prefix}~`).map(toComment);
  }

  ofThread(threadId: ThreadId): readonly ReviewComment[] {
    return this.#ofThread.all(threadId).map(toComment);
  }

  save(comment: ReviewComment): void {
    this.#save.run(table.parameters(comment));
  }

  remove(id: CommentId): void {
    this.#remove.run(id);
  }

  counts(threadId: ThreadId): CommentCounts {
    return this.#counts.get(threadId) ?? { drafts: 0, open: 0 };
  }
}

function toComment(row: CommentRow): ReviewComment {
  const anchor = JsonFields.parse(row.anchor_json);
  return {
    id: parseId(row.id),
    threadId: parseId(row.thread_id),
    place: {
      path: row.path,
      side: member(sides, row.side),
      commit: row.commit_sha,
      anchor: {
        start: row.start_line,
        end: row.end_line,
        lines: anchor.texts('lines'),
        before: anchor.texts('before'),
        after: anchor.texts('after'),
      },
    },
    author: row.author,
    text: row.text,
    state: member(states, row.state),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...defined({
      replyTo: row.reply_to === null ? undefined : parseId<'comment'>(row.reply_to),
      severity: row.severity === null ? undefined : member(severities, row.severity),
      messageId: row.message_id === null ? undefined : parseId<'message'>(row.message_id),
      runId: row.run_id === null ? undefined : parseId<'run'>(row.run_id),
      resolvedBy: row.resolved_by,
    }),
  };
}
