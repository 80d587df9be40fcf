import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import { JsonFields } from '../../base/jsonFields.js';
import { severities } from '../../core/chains/agentVerdict.js';
import type { CommentId, CommentSide, CommentState, ReviewComment } from '../../core/reviews/comment.js';
import type { CommentCounts, CommentStore } from '../../core/reviews/commentStore.js';

interface CommentRow {
  readonly id: string;
  readonly thread_id: string;
  readonly reply_to: string | null;
  readonly path: string;
  readonly side: string;
  readonly commit_sha: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly anchor_json: string;
  readonly author: string;
  readonly text: string;
  readonly state: string;
  readonly severity: string | null;
  readonly message_id: string | null;
  readonly run_id: string | null;
  readonly resolved_by: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

const columns: readonly (keyof CommentRow)[] = [
  ...(['id', 'thread_id', 'reply_to', 'path', 'side', 'commit_sha', 'start_line', 'end_line', 'anchor_json'] as const),
  ...([
    'author',
    'text',
    'state',
    'severity',
    'message_id',
    'run_id',
    'resolved_by',
    'created_at',
    'updated_at',
  ] as const),
];
const states: readonly CommentState[] = ['draft', 'open', 'resolved'];
const sides: readonly CommentSide[] = ['changed', 'base'];

export class SqliteCommentStore implements CommentStore {
  readonly #get: Statement<[string], CommentRow>;
  readonly #withPrefix: Statement<[string, string, string], CommentRow>;
  readonly #ofThread: Statement<[string], CommentRow>;
  readonly #save: Statement<[CommentRow]>;
  readonly #remove: Statement<[string]>;
  readonly #counts: Statement<[string], CommentCounts>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM comment WHERE id = ?`);
    this.#withPrefix = database.prepare(`SELECT * FROM comment WHERE thread_id = ? AND id >= ? AND id < ? LIMIT 10`);
    this.#ofThread = database.prepare(`SELECT * FROM comment WHERE thread_id = ? ORDER BY created_at, rowid`);
    // Not OR REPLACE: that would delete the old row, and with it the answers.
    this.#save = database.prepare(`
      INSERT INTO comment (${columns.join(', ')}) VALUES (${columns.map(name => `:${name}`).join(', ')})
      ON CONFLICT (id) DO UPDATE SET text = excluded.text, state = excluded.state, message_id = excluded.message_id,
        resolved_by = excluded.resolved_by, updated_at = excluded.updated_at`);
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
    const { place } = comment;
    const { start, end, lines, before, after } = place.anchor;
    this.#save.run({
      id: comment.id,
      thread_id: comment.threadId,
      reply_to: comment.replyTo ?? null,
      path: place.path,
      side: place.side,
      commit_sha: place.commit,
      start_line: start,
      end_line: end,
      anchor_json: JSON.stringify({ lines, before, after }),
      author: comment.author,
      text: comment.text,
      state: comment.state,
      severity: comment.severity ?? null,
      message_id: comment.messageId ?? null,
      run_id: comment.runId ?? null,
      resolved_by: comment.resolvedBy ?? null,
      created_at: comment.createdAt,
      updated_at: comment.updatedAt,
    });
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
