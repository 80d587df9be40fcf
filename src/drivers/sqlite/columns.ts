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

  /** `more`: columns that the entity does not have, with the SQL of their values. */
  insert(more: Readonly<Record<string, string>> = {}): string {
    const names = [...this.#columns.map(([name]) => name), ...Object.keys(more)];
    const values = [...this.#columns.map(([name]) => `:${name}`), ...Object.values(more)];
    return `INSERT INTO ${this.#name} (${names.join(', ')}) VALUES (${values.join(', ')})`;
  }

  update(where: string): string {
    const changes = this.#columns.filter(([, column]) => !column.fixed).map(([name]) => `${name} = :${name}`);
    return `UPDATE ${this.#name} SET ${changes.join(', ')} WHERE ${where}`;
  }

  /** The parameters of both statements. */
  parameters(entity: E): Readonly<Record<string, SqlValue>> {
    return Object.fromEntries(this.#columns.map(([name, { of }]) => [name, of(entity)]));
  }
}

/** SQL of the position after the last one; `where` counts within a part of the table. An index holds the last one ready. */
export function nextPosition(table: string, where = '1'): string {
  return `COALESCE((SELECT MAX(position) FROM ${table} WHERE ${where}), 0) + 1`;
}
