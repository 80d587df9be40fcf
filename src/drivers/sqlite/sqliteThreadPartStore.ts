import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { ThreadPart, ThreadPartStore } from '../../core/threads/part.js';
import { EntityTable, fixed, type RowOf, type SqlValue } from './columns.js';

/** A part with its place in the order of the compose file. */
type PlacedPart = ThreadPart & { readonly position: number };

const columns = {
  thread_id: fixed(({ thread }: PlacedPart) => thread),
  whole_id: fixed(({ whole }: PlacedPart) => whole),
  position: fixed(({ position }: PlacedPart) => position),
  name: fixed(({ name }: PlacedPart) => name),
  path: fixed(({ path }: PlacedPart) => path),
  target: fixed(({ target }: PlacedPart) => target ?? null),
};
const table = new EntityTable<PlacedPart>('thread_part', columns);

type PartRow = RowOf<typeof columns>;

export class SqliteThreadPartStore implements ThreadPartStore {
  readonly #of: Statement<[string], PartRow>;
  readonly #ofWhole: Statement<[string], PartRow>;
  readonly #list: Statement<[], PartRow>;
  readonly #insert: Statement<[Readonly<Record<string, SqlValue>>]>;

  constructor(database: Database) {
    this.#of = database.prepare(`SELECT * FROM thread_part WHERE thread_id = ?`);
    this.#ofWhole = database.prepare(`SELECT * FROM thread_part WHERE whole_id = ? ORDER BY position`);
    this.#list = database.prepare(`SELECT * FROM thread_part ORDER BY whole_id, position`);
    this.#insert = database.prepare(table.insert());
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

  insert(part: ThreadPart): void {
    this.#insert.run(table.parameters({ ...part, position: this.#ofWhole.all(part.whole).length }));
  }
}

function toPart({ thread_id, whole_id, name, path, target }: PartRow): ThreadPart {
  return { thread: parseId(thread_id), whole: parseId(whole_id), name, path, ...defined({ target }) };
}
