import { readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Damaged databases of this state directory that nobody has acknowledged yet; see `openDatabase`. */
export function listSetAside(database: string): readonly string[] {
  const prefix = `${basename(database)}.corrupt-`;
  return readdirSync(dirname(database))
    .filter(name => name.startsWith(prefix) && !/-(?:wal|shm)$/.test(name))
    .map(name => join(dirname(database), name));
}

/** From here on they are only kept. Returns where they are now. */
export function acknowledgeSetAside(database: string): readonly string[] {
  return listSetAside(database).map(path => {
    const kept = path.replace(/\.corrupt-([^/\\]*)$/, '.kept-$1');
    for (const suffix of ['-wal', '-shm', '']) {
      try {
        renameSync(path + suffix, kept + suffix);
      } catch {
        // A database that was closed in order has neither of the two beside it.
      }
    }
    return kept;
  });
}
