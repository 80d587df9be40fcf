import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Headers } from 'tar-stream';
import { errorMessage } from '../../base/errors.js';
import { lookAt } from '../../node/looks.js';

export interface Unpacking {
  /** First part of every path of the tar, which the engine adds: the folder's own name. */
  readonly top: string;
  readonly folder: string;
  /** What at the top of the folder is none of the tar's. */
  readonly keeps?: readonly string[];
}

/**
 * Makes a folder what a tar says, which an agent filled: nothing outside of the folder is written, no link is followed, and what is
 * neither file, folder nor symbolic link is left out. What is in the folder and not in the tar goes.
 */
export async function unpackFolder(tar: Readable, unpacking: Unpacking): Promise<void> {
  const { folder, top, keeps = [] } = unpacking;
  const there = new Set<string>();
  const folders = new Set<string>(['']);
  const reader = extract();
  reader.on('entry', (header: Headers, contents: Readable, next: (error?: unknown) => void) => {
    const path = inside(header.name, top);
    const first = path?.split('/')[0];
    if (path === undefined || path === '' || first === undefined || keeps.includes(first)) {
      contents.resume();
      contents.once('end', () => next());
      return;
    }
    addParents(there, path);
    void place({ folder, folders, path, header, contents }).then(
      () => next(),
      (error: unknown) => next(error instanceof Error ? error : new Error(errorMessage(error))),
    );
  });
  await pipeline(tar, reader);
  await removeOthers({ folder, inside: '', there, keeps });
}

/** The path of an entry inside the folder; undefined for one that would be elsewhere. */
function inside(name: string, top: string): string | undefined {
  const path = posix
    .normalize(name)
    .replace(/^(\.\/)+/, '')
    .replace(/\/+$/, '');
  if (path.includes('\0') || posix.isAbsolute(path) || path === '..' || path.startsWith('../')) return undefined;
  if (path === top || path === '.') return '';
  return path.startsWith(`${top}/`) ? path.slice(top.length + 1) : undefined;
}

function addParents(there: Set<string>, path: string): void {
  for (let at = path; at !== '.' && at !== ''; at = posix.dirname(at)) there.add(at);
}

interface Placing {
  readonly folder: string;
  /** Those that are known to be folders, not links to some. */
  readonly folders: Set<string>;
  readonly path: string;
  readonly header: Headers;
  readonly contents: Readable;
}

async function place({ folder, folders, path, header, contents }: Placing): Promise<void> {
  await makeFolder(folder, folders, posix.dirname(path) === '.' ? '' : posix.dirname(path));
  const target = join(folder, path);
  const mode = (header.mode ?? 0o644) & 0o777;
  switch (header.type) {
    case 'directory':
      await makeFolder(folder, folders, path);
      await chmod(target, mode | 0o700);
      break;
    case 'symlink':
      await clear(target);
      folders.delete(path);
      await symlink(header.linkname ?? '', target);
      break;
    case 'file':
    case 'contiguous-file':
    case undefined:
    case null:
      await clear(target);
      folders.delete(path);
      await pipeline(contents, createWriteStream(target, { flags: 'wx', mode }));
      return;
    default:
      // A hard link's file is in the tar under its first name; devices and pipes are nobody's work.
      break;
  }
  contents.resume();
}

async function makeFolder(folder: string, folders: Set<string>, path: string): Promise<void> {
  if (folders.has(path)) return;
  const parent = posix.dirname(path) === '.' ? '' : posix.dirname(path);
  await makeFolder(folder, folders, parent);
  const target = join(folder, path);
  const stats = await lookAt(target);
  if (!stats?.isDirectory()) {
    await clear(target);
    await mkdir(target, { mode: 0o755 });
  }
  folders.add(path);
}

async function clear(target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
}

async function removeOthers(request: {
  readonly folder: string;
  readonly inside: string;
  readonly there: ReadonlySet<string>;
  readonly keeps: readonly string[];
}): Promise<void> {
  const { folder, inside: at, there, keeps } = request;
  for (const each of await readdir(join(folder, at), { withFileTypes: true })) {
    const path = at === '' ? each.name : `${at}/${each.name}`;
    if (at === '' && keeps.includes(each.name)) continue;
    if (!there.has(path)) await clear(join(folder, path));
    else if (each.isDirectory()) await removeOthers({ ...request, inside: path });
  }
}
