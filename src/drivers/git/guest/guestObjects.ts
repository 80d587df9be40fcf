import { createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openForeignFile } from '../../../node/foreignFile.js';

/** An agent's commits; whoever writes more than this wants to fill the disk. */
const mostBytes = 4 * 1024 ** 3;
const mostFiles = 500_000;

/** Objects were left out, because there are too many of them or a file among them is none. */
export class TooManyObjects extends Error {}

/**
 * Copies what a guest wrote below `objects` of its git directory: loose objects and packs, regular files with git's own names
 * alone. `info` (which may name other directories of this machine) and indexes of packs are not taken; git makes its own.
 */
export async function copyGuestObjects(from: string, to: string): Promise<readonly string[]> {
  const room = { bytes: mostBytes, files: mostFiles };
  const packs: string[] = [];
  for (const fan of await namesIn(from, /^[0-9a-f]{2}$/)) {
    const objects = await namesIn(join(from, fan), /^(?:[0-9a-f]{38}|[0-9a-f]{62})$/);
    if (objects.length > 0) await mkdir(join(to, fan), { recursive: true });
    for (const name of objects) await copy(join(from, fan, name), join(to, fan, name), room);
  }
  await mkdir(join(to, 'pack'), { recursive: true });
  for (const name of await namesIn(join(from, 'pack'), /^pack-(?:[0-9a-f]{40}|[0-9a-f]{64})\.pack$/)) {
    const pack = join(to, 'pack', name);
    if (await copy(join(from, 'pack', name), pack, room)) packs.push(pack);
  }
  return packs;
}

/** Of a folder that is one; a link to another counts as empty. */
async function namesIn(folder: string, pattern: RegExp): Promise<readonly string[]> {
  // A folder that the guest does not have holds no objects.
  const found = await lstat(folder).catch(() => undefined);
  if (!found?.isDirectory()) return [];
  return (await readdir(folder)).filter(name => pattern.test(name));
}

async function copy(from: string, to: string, room: { bytes: number; files: number }): Promise<boolean> {
  const opened = await openForeignFile(from);
  if (opened.kind !== 'file') return false;
  const { file, stats } = opened;
  try {
    room.bytes -= stats.size;
    room.files -= 1;
    if (room.bytes < 0 || room.files < 0) throw new TooManyObjects('An agent wrote too many objects');
    // Not more than was there when it was opened: it may be growing.
    const source = file.createReadStream({ autoClose: false, start: 0, end: Math.max(0, stats.size - 1) });
    await pipeline(source, createWriteStream(to, { mode: 0o600 }));
    return true;
  } finally {
    await file.close();
  }
}
