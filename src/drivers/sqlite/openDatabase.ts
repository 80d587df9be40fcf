import { existsSync, renameSync } from 'node:fs';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { AppError, errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { systemCode } from '../../node/systemError.js';
import { migrate, refuseNewer } from './migrations.js';
import { quarantineBadRows } from './quarantine.js';

/**
 * Opens the host's database and migrates it. A corrupt file is set aside beside itself, never deleted, and a new one is made.
 * Errors: `state.newer`, `state.unwritable`.
 */
export function openDatabase(file: string, options: { readonly log: Log; readonly now: () => number }): Database {
  try {
    return openAndMigrate(file, options);
  } catch (error) {
    if (!isCorrupt(error)) throw asUnwritable(file, error);
    const setAside = `${file}.corrupt-${new Date(options.now()).toISOString().replace(/[:.]/g, '-')}`;
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(file + suffix)) renameSync(file + suffix, setAside + suffix);
    }
    options.log.error(
      'The database could not be read. It was set aside and a new one made; worktrees and branches are untouched.',
      {
        file,
        setAside,
        reason: errorMessage(error),
      },
    );
    return openAndMigrate(file, options);
  }
}

function openAndMigrate(file: string, options: { readonly log: Log; readonly now: () => number }): Database {
  const database = new BetterSqlite3(file, { timeout: 5000 });
  try {
    // First of all, so that a file of a newer program is left exactly as it is.
    refuseNewer(database, file);
    database.pragma('journal_mode = WAL');
    // NORMAL: a killed host loses nothing; only a power cut may take the last commits, and the run directories
    // hold what is needed to conclude those runs. FULL would put an fsync into every dispatch.
    database.pragma('synchronous = NORMAL');
    refuseDamaged(database);
    database.pragma('foreign_keys = OFF');
    migrate(database);
    database.pragma('foreign_keys = ON');
    quarantineBadRows(database, options);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Above this size a whole check would hold up every start; damage there shows when the page is read. */
const checkedWholeBelowBytes = 32_000_000;

/** The first read of a damaged file happens here rather than in the middle of somebody's dispatch. */
function refuseDamaged(database: Database): void {
  const bytes = Number(pragma(database, 'page_count')) * Number(pragma(database, 'page_size'));
  const check =
    bytes < checkedWholeBelowBytes ? pragma(database, 'quick_check(1)') : pragma(database, 'schema_version');
  if (typeof check === 'string' && check !== 'ok') throw new CorruptDatabase(check);
}

function pragma(database: Database, name: string): unknown {
  return database.pragma(name, { simple: true });
}

class CorruptDatabase extends Error {
  readonly code = 'SQLITE_CORRUPT';
}

function isCorrupt(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/** `state.unwritable` for what a full, read-only or broken disk does, or another program that holds the file; anything else as it is. */
export function asUnwritable(path: string, error: unknown): unknown {
  const code = systemCode(error) ?? '';
  if (!/^(SQLITE_(BUSY|LOCKED|CANTOPEN|READONLY|PERM|FULL|IOERR)|EACCES|EROFS|ENOSPC)/.test(code)) return error;
  const isHeld = /^SQLITE_(BUSY|LOCKED)/.test(code);
  const advice = isHeld
    ? 'Another program has it open and does not let go: a database browser, a backup, a terminal with sqlite3. Close that and try again'
    : 'Check permissions and free space, or set MUSTER_HOME';
  return new AppError(
    'state.unwritable',
    `Cannot write ${path}: ${errorMessage(error)}. ${advice}.`,
    {
      path,
      reason: errorMessage(error),
    },
    { cause: error },
  );
}
