import { chmodSync, constants, existsSync, lstatSync, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { systemCode } from '../../node/systemError.js';

export interface Place {
  /** By this it is read, and what is in it looked for; never shown to anybody. */
  readonly at: string;
  /** What a person calls it. */
  readonly path: string;
}

/** What was found at a path, and stays what it is, whatever somebody puts there meanwhile. */
export interface HeldPath extends Place {
  readonly stats: Stats;
}

/** Each level that is looked through is held; whoever nests more wants to use up what may be open. */
const mostLevels = 1_000;

/** Linux: only names it, so that neither a pipe nor a device notices, and no right to read is needed (`open(2)`, not among Node's constants). */
const onlyNamed = 0o10000000;
const held = '/proc/self/fd';
const canHold = process.platform === 'linux' && existsSync(held);

/**
 * Hands out what stands at a path, of a link the link, and says whether there was anything. An agent that still works could otherwise
 * put a link in the place of a folder between the look at it and the reading, and be sent what is behind it. Where the system cannot
 * hold a path (macOS) only the last part of it is known not to be a link. Errors: the system's, those of `use`, and in words for what is
 * nested too deeply.
 */
export async function withHeldPath(place: Place, use: (found: HeldPath) => Promise<void>): Promise<boolean> {
  const { at, path } = place;
  if (path.split(sep).length > mostLevels)
    throw new Error(`${path.slice(0, 200)}… is nested more than ${mostLevels} folders deep. Remove it.`);
  if (!canHold) {
    const stats = await unlessGone(lstat(at));
    if (stats) await use({ at, path, stats });
    return stats !== undefined;
  }
  const handle = await unlessGone(open(at, onlyNamed | constants.O_NOFOLLOW));
  if (!handle) return false;
  try {
    await use({ at: `${held}/${handle.fd}`, path, stats: await handle.stat() });
  } finally {
    await handle.close();
  }
  return true;
}

/** What is in a folder, by its name there. */
export function inHeld({ at, path }: Place, name: string): Place {
  return { at: join(at, name), path: join(path, name) };
}

/** What was found, or undefined when somebody removed it. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return await work.catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/**
 * Reads a file or a folder also where its mode keeps its owner from that, who this process is: an agent is root where it works, and does
 * not notice what it takes from whoever has its files here. The mode is the same afterwards. Errors: what cannot be read, by its name.
 */
export async function readably<T>(found: HeldPath, read: () => Promise<T>): Promise<T> {
  const { path, stats } = found;
  const wanted = stats.isDirectory() ? 0o500 : 0o400;
  const isKeptFrom = (stats.mode & wanted) !== wanted && stats.uid === process.getuid?.();
  if (isKeptFrom) setMode(found, stats.mode | wanted);
  try {
    return await read();
  } catch (error) {
    if (!refusals.has(systemCode(error) ?? '')) throw error;
    throw new Error(`${path} cannot be read (${systemCode(error)}). Make it readable, or remove it.`, { cause: error });
  } finally {
    if (isKeptFrom) setMode(found, stats.mode);
  }
}

const refusals = new Set(['EACCES', 'EPERM', 'EIO']);

/** Where it is not held: unless something else is there by now. */
function setMode({ at, stats: { dev, ino } }: HeldPath, mode: number): void {
  if (!canHold) {
    const now = lstatSync(at, { throwIfNoEntry: false });
    if (now?.dev !== dev || now.ino !== ino) return;
  }
  chmodSync(at, mode & 0o7777);
}
