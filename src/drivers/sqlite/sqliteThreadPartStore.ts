import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { ThreadPart, ThreadPartStore } from '../../core/threads/part.js';

interface PartRow {
  readonly thread_id: string;
  readonly whole_id: string;
  readonly name: string;
  readonly path: string;
  readonly target: string | null;
}

export class SqliteThreadPartStore implements ThreadPartStore {
  readonly #of: Statement<[string], PartRow>;
  readonly #ofWhole: Statement<[string], PartRow>;
  readonly #list: Statement<[], PartRow>;
  readonly #insert: Statement<[PartRow]>;

  constructor(database: Database) {
    this.#of = database.prepare(`SELECT * FROM thread_part WHERE thread_id = ?`);
    this.#ofWhole = database.prepare(`SELECT * FROM thread_part WHERE whole_id = ? ORDER BY position`);
    this.#list = database.prepare(`SELECT * FROM thread_part ORDER BY whole_id, position`);
    this.#insert = database.prepare(`
      INSERT INTO thread_part (thread_id, whole_id, position, name, path, target) VALUES
        (:thread_id, :whole_id, (SELECT COUNT(*) FROM thread_part WHERE whole_id = :whole_id), :name, :path, :target)`);
  }

  of(thread: ThreadId): ThreadPart | undefined {
    const row = this.#of.get(thread);
    return row && toPart(row);
  }

  ofWhole(whole: ThreadId): readonly ThreadPart[] {
    return this.#ofWhole.all(whole).map(toPart);
  }

  list(): readonly ThreadPart[] {
    return this.#list.all().map(toPart);
  }

  insert({ thread, whole, name, path, target }: ThreadPart): void {
    this.#insert.run({ thread_id: thread, whole_id: whole, name, path, target: target ?? null });
  }
}

function toPart({ thread_id, whole_id, name, path, target }: PartRow): ThreadPart {
  return { thread: parseId(thread_id), whole: parseId(whole_id), name, path, ...defined({ target }) };
}
