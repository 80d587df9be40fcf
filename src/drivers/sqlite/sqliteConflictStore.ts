import type { Database, Statement } from 'better-sqlite3';
import { parseId, type ThreadId } from '../../base/ids.js';
import { parseTexts } from '../../base/jsonFields.js';
import type { ConflictPrediction, ConflictStore } from '../../core/merges/conflictPrediction.js';

interface ConflictRow {
  readonly thread_id: string;
  readonly head: string;
  readonly target: string;
  readonly target_commit: string;
  readonly files_json: string;
}

export class SqliteConflictStore implements ConflictStore {
  readonly #get: Statement<[string], ConflictRow>;
  readonly #save: Statement<[ConflictRow]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM conflict_prediction WHERE thread_id = ?`);
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO conflict_prediction (thread_id, head, target, target_commit, files_json)
      VALUES (:thread_id, :head, :target, :target_commit, :files_json)`);
  }

  ofThread(thread: ThreadId): ConflictPrediction | undefined {
    const row = this.#get.get(thread);
    return (
      row && {
        threadId: parseId(row.thread_id),
        head: row.head,
        target: row.target,
        targetCommit: row.target_commit,
        files: parseTexts(row.files_json),
      }
    );
  }

  save({ threadId, head, target, targetCommit, files }: ConflictPrediction): void {
    this.#save.run({
      thread_id: threadId,
      head,
      target,
      target_commit: targetCommit,
      files_json: JSON.stringify(files),
    });
  }
}
