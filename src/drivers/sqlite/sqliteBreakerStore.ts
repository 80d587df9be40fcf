import type { Database, Statement } from 'better-sqlite3';
import type { Breaker, BreakerStore } from '../../core/runs/breaker.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  provider: fixed((breaker: Breaker) => breaker.provider),
  failures: stored((breaker: Breaker) => breaker.failures),
  opened_at: stored((breaker: Breaker) => breaker.openedAt ?? null),
};
type BreakerRow = RowOf<typeof columns>;
const table = new EntityTable<Breaker>('breaker', columns);

export class SqliteBreakerStore implements BreakerStore {
  readonly #of: Statement<[string], BreakerRow>;
  readonly #all: Statement<[], BreakerRow>;
  readonly #save: Statement<[object]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#of = database.prepare(`SELECT * FROM breaker WHERE provider = ?`);
    this.#all = database.prepare(`SELECT * FROM breaker ORDER BY provider`);
    this.#save = database.prepare(table.replace());
    this.#remove = database.prepare(`DELETE FROM breaker WHERE provider = ?`);
  }

  of(provider: string): Breaker | undefined {
    const row = this.#of.get(provider);
    return row && toBreaker(row);
  }

  all(): readonly Breaker[] {
    return this.#all.all().map(toBreaker);
  }

  save(breaker: Breaker): void {
    this.#save.run(table.parameters(breaker));
  }

  remove(provider: string): void {
    this.#remove.run(provider);
  }
}

function toBreaker({ provider, failures, opened_at: openedAt }: BreakerRow): Breaker {
  return { provider, failures, ...(openedAt === null ? {} : { openedAt }) };
}
