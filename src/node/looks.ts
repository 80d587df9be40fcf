import { accessSync, constants, lstatSync, opendirSync, statSync, type BigIntStats, type Stats } from 'node:fs';
import type { Clock } from '../base/clock.js';
import { lstat, readdir, rmdir } from 'node:fs/promises';
import { readForeignFile, readForeignFileSync, type ForeignFile } from './foreignFile.js';

/**
 * Looks at what may not be there, for whoever goes on without it. What the system does not let us look at (no permission, a
 * disk that does not answer) is no better than nothing to them, and is answered the same.
 */

/** What stands at a path; a link is not followed. */
export async function lookAt(path: string | Buffer): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined);
}

/** How long a place that answered is taken for one that answers at once. */
const answersForMs = 2_000;
/** More places than anybody works in at a time. */
const mostPlaces = 4_096;

/**
 * Looks at the same places again and again, for whoever waits. A place that has answered just now is looked at where we stand; any
 * other through the thread pool, because a disk that does not answer must not hold up everybody. The answer is always a new one.
 */
export class RepeatedLooks {
  readonly #clock: Pick<Clock, 'awake'>;
  readonly #answered = new Map<string, number>();

  constructor(clock: Pick<Clock, 'awake'>) {
    this.#clock = clock;
  }

  /** As {@link lookAt}. */
  async at(path: string): Promise<Stats | undefined> {
    const last = this.#answered.get(path);
    if (last !== undefined && this.#clock.awake() - last < answersForMs) return glanceAt(path);
    const found = await lookAt(path);
    if (this.#answered.size >= mostPlaces) this.#answered.clear();
    this.#answered.set(path, this.#clock.awake());
    return found;
  }
}

/** The names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** As {@link readForeignFile}. */
export async function lookInto(
  path: string | Buffer,
  options: { readonly maxBytes: number },
): Promise<ForeignFile | undefined> {
  return readForeignFile(path, options).catch(() => undefined);
}

/**
 * As {@link lookInto}, for small files of a folder that has just answered, when somebody waits for many of them: each takes a
 * few microseconds this way, and a tenth of a millisecond for each of its six calls through the thread pool.
 */
export function glanceInto(path: string, options: { readonly maxBytes: number }): ForeignFile | undefined {
  try {
    return readForeignFileSync(path, options);
  } catch {
    return undefined;
  }
}

/** As {@link lookAt}, where {@link glanceInto} may be used. */
export function glanceAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** As {@link glanceAt}, with times in nanoseconds. */
export function glanceClosely(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false, bigint: true });
  } catch {
    return undefined;
  }
}

/** As {@link namesIn}, where {@link glanceInto} may be used; `most` names, because somebody may have made any number. */
export function glanceNames(folder: string, { most }: { readonly most: number }): string[] {
  try {
    const opened = opendirSync(folder, { bufferSize: 64 });
    try {
      const names: string[] = [];
      for (let entry = opened.readSync(); entry !== null && names.length < most; entry = opened.readSync())
        names.push(entry.name);
      return names;
    } finally {
      opened.closeSync();
    }
  } catch {
    return [];
  }
}

/** Tidies up: a folder that has something in it, or is gone already, is left as it is. */
export async function removeIfEmpty(folder: string | Buffer): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}

/** A file that the system would start. What cannot be looked at cannot be started either. */
export function isExecutable(path: string, windows = process.platform === 'win32'): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    // Windows goes by the name, which the caller chose.
    if (!windows) accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
