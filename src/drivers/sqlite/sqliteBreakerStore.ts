import type { Database, Statement } from 'better-sqlite3';
import type { Breaker, BreakerStore } from '../../core/runs/breaker.js';

interface BreakerRow {
  readonly provider: string;
  readonly failures: number;
  readonly opened_at: number | null;
}

export class SqliteBreakerStore implements BreakerStore {
  readonly #of: Statement<[string], BreakerRow>;
  readonly #all: Statement<[], BreakerRow>;
  readonly #save: Statement<[BreakerRow]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#of = database.prepare(`SELECT * FROM breaker WHERE provider = ?`);
    this.#all = database.prepare(`SELECT * FROM breaker ORDER BY provider`);
    this.#save = database.prepare(
      `INSERT OR REPLACE INTO breaker (provider, failures, opened_at) VALUES (:provider, :failures, :opened_at)`,
    );
    this.#remove = database.prepare(`DELETE FROM breaker WHERE provider = ?`);
  }

  of(provider: string): Breaker | undefined {
    const row = this.#of.get(provider);
    return row && toBreaker(row);
  }

  all(): readonly Breaker[] {
    return this.#all.all().map(toBreaker);
  }

  save({ provider, failures, openedAt }: Breaker): void {
    this.#save.run({ provider, failures, opened_at: openedAt ?? null });
  }

  remove(provider: string): void {
    this.#remove.run(provider);
  }
}

function toBreaker({ provider, failures, opened_at: openedAt }: BreakerRow): Breaker {
  return { provider, failures, ...(openedAt === null ? {} : { openedAt }) };
}
