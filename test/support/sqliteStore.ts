import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/base/log.js';
import { openDatabase } from '../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../src/drivers/sqlite/sqliteStore.js';

/** A real database in a directory of its own; `dispose` removes both. */
export function openTestStore(): { readonly store: SqliteStore; readonly file: string; dispose(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'muster-store-'));
  const file = join(directory, 'muster.db');
  const store = new SqliteStore(openDatabase(file, { log: silentLog, now: () => 0 }), {
    newEpoch: 'epoch',
    onListenerError: error => {
      throw error;
    },
  });
  return {
    store,
    file,
    dispose() {
      store.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
