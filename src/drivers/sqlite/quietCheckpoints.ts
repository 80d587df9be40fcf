import type { Database } from 'better-sqlite3';

/** After this long without a commit nobody is waiting for one. */
const quietMs = 300;
/** A host that is never quiet checkpoints by itself all the same: 32 MB of pages, or as much as a busy minute writes. */
const mostPages = 8_000;

/**
 * Moves what was committed from the log into the database while nobody waits for it. That is the one thing that SQLite waits
 * for the disk with (`synchronous = NORMAL`), 5 to 100 ms, and it does it at the end of every thousandth page: in the middle
 * of somebody's dispatch. {@link committed} is called after each commit; at rest there is no timer.
 */
export class QuietCheckpoints {
  readonly #database: Database;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database) {
    this.#database = database;
    database.pragma(`wal_autocheckpoint = ${mostPages}`);
  }

  committed(): void {
    this.#last = performance.now();
    this.#timer ??= this.#wait(quietMs);
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const left = this.#last + quietMs - performance.now();
      this.#timer = left > 1 ? this.#wait(left) : undefined;
      if (this.#timer === undefined) this.#checkpoint();
    }, ms).unref();
  }

  /** A disk that is full, or a reader in the way, leaves it to the next one. */
  #checkpoint(): void {
    try {
      this.#database.pragma('wal_checkpoint(PASSIVE)');
    } catch {
      // Nothing is lost: what was committed is in the log.
    }
  }
}
