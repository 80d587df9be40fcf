import { truncateSync } from 'node:fs';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import type { Disposable } from '../../base/lifecycle.js';
import { systemCode } from '../../node/systemError.js';
import { asUnwritable } from './openDatabase.js';

/**
 * Takes an exclusive lock that the kernel frees when this process dies, however it dies. Returns `undefined` when another
 * process has it. The file is created when missing and holds no data. Errors: `state.unwritable`.
 */
export function takeExclusiveLock(file: string): Disposable | undefined {
  return lock(file, () => {
    // Somebody wrote something into it. Emptied, not exchanged: whoever holds the lock holds it on this very file.
    truncateSync(file);
    return lock(file);
  });
}

function lock(file: string, onGarbage?: () => Disposable | undefined): Disposable | undefined {
  const database = open(file);
  try {
    // A rollback journal, not WAL: only there does BEGIN EXCLUSIVE keep everybody else out.
    database.pragma('journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE');
    return { dispose: () => void database.close() };
  } catch (error) {
    database.close();
    const code = systemCode(error) ?? '';
    if (code.startsWith('SQLITE_BUSY')) return undefined;
    if (onGarbage && /^SQLITE_(NOTADB|CORRUPT)/.test(code)) return onGarbage();
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
