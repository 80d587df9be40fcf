import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { AlarmClock } from '../base/clock.js';
import { AppError, errorMessage } from '../base/errors.js';
import { makeId, type Id, type IdSource } from '../base/ids.js';
import type { DisposableStore } from '../base/lifecycle.js';
import { Redactor } from '../base/redactor.js';
import { createNodeClock } from '../drivers/process/nodeClock.js';
import { takeExclusiveLock } from '../drivers/sqlite/exclusiveLock.js';
import { openDatabase } from '../drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../drivers/sqlite/sqliteStore.js';
import { FileLog } from './log/fileLog.js';
import { shiftedClock } from './shiftedClock.js';
import { openStateDirectory, type StateDirectory } from './state/stateDirectory.js';

/** What a host holds before it knows anything of agents: its folder, which no other host has now, and what is kept there. */
export interface HostState {
  readonly directory: StateDirectory;
  readonly clock: AlarmClock;
  readonly redactor: Redactor;
  readonly log: FileLog;
  readonly ids: IdSource;
  readonly store: SqliteStore;
}

/** Takes the state directory and opens log and database. Errors: `host.locked`, `state.*`. */
export function openState(
  options: { readonly stateDir: string; readonly echoLog?: boolean },
  resources: DisposableStore,
): HostState {
  const directory = openStateDirectory(options.stateDir);
  const lock = takeExclusiveLock(directory.lock);
  if (!lock) {
    throw new AppError(
      'host.locked',
      `Another host already serves ${directory.path}, and stays until it is told to end: \`muster daemon stop\` does that.`,
      { stateDir: directory.path },
    );
  }
  resources.add(lock);
  const clock = shiftedClock(createNodeClock());
  const now = (): number => clock.now();
  const redactor = new Redactor();
  const echo = options.echoLog ? { echo: (line: string) => void writeSync(2, line) } : {};
  const log = resources.add(new FileLog(directory.log, { redactor, now, ...echo }));
  const ids = randomIds();
  const store = resources.add(
    new SqliteStore(openDatabase(directory.database, { log, now }), {
      newEpoch: ids.next<'epoch'>(),
      onListenerError: error => log.error('A listener failed', { reason: errorMessage(error) }),
    }),
  );
  return { directory, clock, redactor, log, ids, store };
}

function randomIds(): IdSource {
  return { next: <Kind extends string>(): Id<Kind> => makeId<Kind>(randomBytes(12)) };
}
