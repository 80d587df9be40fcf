import BetterSqlite3, { type Database } from 'better-sqlite3';
import type { Disposable } from '../../base/lifecycle.js';
import { systemCode } from '../../node/systemError.js';
import { asUnwritable } from './openDatabase.js';

/**
 * Takes an exclusive lock that the kernel frees when this process dies, however it dies. Returns `undefined` when another
 * process has it. The file is created when missing and holds no data. Errors: `state.unwritable`.
 */
export function takeExclusiveLock(file: string): Disposable | undefined {
  const database = open(file);
  try {
    // A rollback journal, not WAL: only there does BEGIN EXCLUSIVE keep everybody else out.
    database.pragma('journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE');
    return { dispose: () => void database.close() };
  } catch (error) {
    database.close();
    if (systemCode(error)?.startsWith('SQLITE_BUSY')) return undefined;
    throw asUnwritable(file, error);
  }
}

function open(file: string): Database {
  try {
    return new BetterSqlite3(file, { timeout: 0 });
  } catch (error) {
    throw asUnwritable(file, error);
  }
}
