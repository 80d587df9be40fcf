import { createReadStream, createWriteStream } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readFile,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { AppError } from '../../../base/errors.js';
import { exists } from '../worktree/gitDirectory.js';
import type { WorktreeGit } from '../command/boundGit.js';
import { tarEnd, tarHeader, tarPadding, TarReader, type TarEntry } from './tarFormat.js';

/** Above it a person decides: this is the size of dependencies and build output, not of configuration. */
export const ignoredLimitBytes = 10 * 1024 * 1024;

/**
 * Ignored files of a worktree that its repository's own checkout does not have in the same form, and repositories inside
 * it. Never stored as git objects: what is ignored is often secret.
 */
export async function changedIgnored(
  git: WorktreeGit,
  source: {
    readonly path: string;
    readonly repository: string;
    readonly nested: readonly string[];
    /** Stop looking beyond it. */
    readonly limitBytes: number;
  },
): Promise<{ readonly entries: readonly TarEntry[]; readonly tooLarge: boolean }> {
  const args = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];
  const ignored = (await git.run({ args, reads: true })).fields();
  const entries: TarEntry[] = [];
  let bytes = 0;
  const visit = async (path: string, compare: boolean): Promise<boolean> => {
    const found = await lstat(join(source.path, path));
    const mode = found.mode & 0o777;
    if (found.isDirectory()) {
      entries.push({ kind: 'folder', path, mode, size: 0 });
      for (const name of (await readdir(join(source.path, path))).toSorted()) {
        if (!(await visit(`${path}/${name}`, compare))) return false;
      }
      return true;
    }
    if (compare && (await isSameFile(join(source.path, path), join(source.repository, path)))) return true;
    if (found.isSymbolicLink()) {
      entries.push({ kind: 'link', path, mode, size: 0, target: await readlink(join(source.path, path)) });
    } else if (found.isFile()) {
      bytes += found.size;
      entries.push({ kind: 'file', path, mode, size: found.size });
    }
    return bytes <= source.limitBytes;
  };
  let folder: string | undefined;
  // Sorted, a folder comes before what is in it; git lists both when a pattern matches the files and not the folder.
  for (const path of ignored.toSorted()) {
    if (folder !== undefined && path.startsWith(folder)) continue;
    if (path.endsWith('/')) folder = path;
    if (!(await visit(path.replace(/\/$/, ''), true))) return { entries, tooLarge: true };
  }
  for (const path of source.nested) if (!(await visit(path, false))) return { entries, tooLarge: true };
  return { entries: withoutEmptied(entries), tooLarge: false };
}

/** Writes the archive, 0600, complete or not at all. */
export async function writeArchive(archive: string, root: string, entries: readonly TarEntry[]): Promise<void> {
  await mkdir(dirname(archive), { recursive: true, mode: 0o700 });
  const unfinished = `${archive}.new`;
  try {
    const target = createWriteStream(unfinished, { mode: 0o600, flush: true });
    await pipeline(Readable.from(tarBytes(root, entries)), createGzip(), target);
    await rename(unfinished, archive);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Writes an archive's files into a worktree; what is there already stays. */
export async function extractArchive(archive: string, root: string): Promise<void> {
  const reader = new TarReader();
  let file: FileHandle | undefined;
  try {
    for await (const chunk of createReadStream(archive).pipe(createGunzip())) {
      if (!(chunk instanceof Uint8Array)) continue;
      for (const part of reader.push(chunk)) {
        if ('data' in part) await file?.write(part.data);
        else {
          await file?.close();
          file = await extractEntry(root, part.entry);
        }
      }
    }
  } finally {
    await file?.close();
  }
}

async function extractEntry(root: string, entry: TarEntry): Promise<FileHandle | undefined> {
  if (entry.path.split('/').some(segment => segment === '..' || segment === '') || entry.path.includes('\\')) {
    throw new AppError('worktree.failed', `The archive names a file outside of the worktree: ${entry.path}.`, {
      path: root,
      reason: 'unsafe archive',
    });
  }
  const path = join(root, entry.path);
  const parent = entry.kind === 'folder' ? path : dirname(path);
  await mkdir(parent, { recursive: true });
  const inside = await realpath(parent);
  const top = await realpath(root);
  if (inside !== top && !inside.startsWith(top + sep)) return undefined;
  if (entry.kind === 'folder') {
    await chmod(path, entry.mode | 0o700);
    return undefined;
  }
  if (await exists(path)) return undefined;
  if (entry.kind === 'file') return open(path, 'wx', entry.mode);
  await symlink(entry.target ?? '', path).catch(() => undefined);
  return undefined;
}

async function* tarBytes(root: string, entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    if (entry.kind !== 'file') {
      yield tarHeader(entry);
      continue;
    }
    const file = await open(join(root, entry.path), 'r');
    try {
      // The size may have changed since the file was listed; header and bytes must agree.
      const { size } = await file.stat();
      yield tarHeader({ ...entry, size });
      if (size > 0) for await (const chunk of file.createReadStream({ end: size - 1, autoClose: false })) yield chunk;
      yield tarPadding(size);
    } finally {
      await file.close();
    }
  }
  yield tarEnd;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(a), lstat(b).catch(() => undefined)]);
  if (other === undefined) return false;
  if (one.isSymbolicLink() && other.isSymbolicLink()) return (await readlink(a)) === (await readlink(b));
  if (!one.isFile() || !other.isFile() || one.size !== other.size || (one.mode & 0o777) !== (other.mode & 0o777)) {
    return false;
  }
  if (one.size > ignoredLimitBytes) return false;
  const [bytesA, bytesB] = await Promise.all([readFile(a), readFile(b)]);
  return bytesA.equals(bytesB);
}

/** Drops folders all of whose files turned out to be unchanged. */
function withoutEmptied(entries: readonly TarEntry[]): TarEntry[] {
  const used = new Set<string>();
  for (const { kind, path } of entries) {
    if (kind === 'folder') continue;
    for (let at = dirname(path); at !== '.'; at = dirname(at)) used.add(at);
  }
  return entries.filter(({ kind, path }) => kind !== 'folder' || used.has(path));
}
