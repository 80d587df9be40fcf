export type SqlValue = string | number | null;

/** What of an entity stands in a column. `fixed`: it never changes after the row was made. */
export interface Column<E, V extends SqlValue = SqlValue> {
  readonly of: (entity: E) => V;
  readonly fixed: boolean;
}

/** A column that never changes. */
export function fixed<E, V extends SqlValue>(of: (entity: E) => V): Column<E, V> {
  return { of, fixed: true };
}

/** A column that an update writes. */
export function stored<E, V extends SqlValue>(of: (entity: E) => V): Column<E, V> {
  return { of, fixed: false };
}

/** A row of these columns as the database gives it back: whether a text is one of a closed union is for the reader to check. */
export type RowOf<C> = {
  readonly [K in keyof C]: C[K] extends { readonly of: (...entity: never[]) => infer V } ? Widened<V> : never;
};

type Widened<V> = V extends string ? string : V extends number ? number : V;

/** The SQL and the parameters of an entity's table: its columns are named once, in the table of columns. */
export class EntityTable<E> {
  readonly #name: string;
  readonly #columns: readonly (readonly [name: string, column: Column<E>])[];

  constructor(name: string, columns: Readonly<Record<string, Column<E>>>) {
    this.#name = name;
    this.#columns = Object.entries(columns);
  }

  insert(): string {
    const names = this.#columns.map(([name]) => name);
    return `INSERT INTO ${this.#name} (${names.join(', ')}) VALUES (${names.map(name => `:${name}`).join(', ')})`;
  }

  /** The row as it is now, whether or not there was one. Whatever refers to the old row must not go with it: see `upsert`. */
  replace(): string {
    return this.insert().replace('INSERT', 'INSERT OR REPLACE');
  }

  /** A new row, or the changing columns of the one with this key; the row itself stays, and with it what refers to it. */
  upsert(key: string): string {
    const changes = this.#columns.filter(([, column]) => !column.fixed).map(([name]) => `${name} = excluded.${name}`);
    return `${this.insert()} ON CONFLICT (${key}) DO UPDATE SET ${changes.join(', ')}`;
  }

  update(where: string): string {
    const changes = this.#columns.filter(([, column]) => !column.fixed).map(([name]) => `${name} = :${name}`);
    return `UPDATE ${this.#name} SET ${changes.join(', ')} WHERE ${where}`;
  }

  /** The parameters of all of them. */
  parameters(entity: E): Readonly<Record<string, SqlValue>> {
    return Object.fromEntries(this.#columns.map(([name, { of }]) => [name, of(entity)]));
  }
}
