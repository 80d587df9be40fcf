import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import type { CommitFile } from '../../core/workspaces/historyDriver.js';
import { inHeld, readably, withHeldPath, type HeldPath } from './heldPath.js';

/** What makes files of usual modes; the first is taken where nothing speaks for another. */
const umasks = [0o022, 0o002, 0o077, 0o000] as const;

export interface UnchangedFiles {
  /** Relative to the folder. */
  readonly paths: ReadonlySet<string>;
  /** Under which git makes them with the modes that they have. */
  readonly umask: number;
}

/**
 * The files of a worktree that git would make of a commit just as they are, byte for byte and with their modes, if it converted nothing. Links
 * are followed nowhere. Errors: what cannot be read, by its name; the signal's reason.
 */
export async function unchangedFiles(
  folder: string,
  files: ReadonlyMap<string, CommitFile>,
  signal: AbortSignal,
): Promise<UnchangedFiles> {
  const found = new Map<string, number>();
  const folders = foldersOf(files.keys());
  const look = async (held: HeldPath, path: string): Promise<void> => {
    signal.throwIfAborted();
    if (held.stats.isDirectory()) {
      if (!folders.has(path)) return;
      for (const name of await readably(held, () => readdir(held.at)))
        await withHeldPath(inHeld(held, name), inside => look(inside, path === '' ? name : `${path}/${name}`));
      return;
    }
    const file = files.get(path);
    if (!file || !held.stats.isFile()) return;
    const mode = held.stats.mode & 0o7777;
    if (umasks.some(umask => mode === made(file, umask)) && (await idOf(held, file.id.length)) === file.id)
      found.set(path, mode);
  };
  await withHeldPath({ at: folder, path: folder }, held => look(held, ''));
  const under = umasks.map(umask => ({
    umask,
    paths: [...found].flatMap(([path, mode]) => (isMade(files.get(path), umask, mode) ? [path] : [])),
  }));
  const [first] = under.toSorted((a, b) => b.paths.length - a.paths.length);
  return { paths: new Set(first?.paths), umask: first?.umask ?? umasks[0] };
}

function isMade(file: CommitFile | undefined, umask: number, mode: number): boolean {
  return file !== undefined && made(file, umask) === mode;
}

function made({ isExecutable }: CommitFile, umask: number): number {
  return (isExecutable ? 0o777 : 0o666) & ~umask;
}

/** All folders that some of the paths are in, the top as `''`. */
function foldersOf(paths: Iterable<string>): ReadonlySet<string> {
  const folders = new Set(['']);
  for (const path of paths)
    for (
      let end = path.lastIndexOf('/');
      end > 0 && !folders.has(path.slice(0, end));
      end = path.lastIndexOf('/', end - 1)
    )
      folders.add(path.slice(0, end));
  return folders;
}

/** As git counts its bytes. One that changes meanwhile has no commit's. */
async function idOf(held: HeldPath, length: number): Promise<string> {
  const digest = createHash(length === 64 ? 'sha256' : 'sha1').update(`blob ${held.stats.size}\0`);
  const file = await readably(held, () => open(held.at, constants.O_RDONLY));
  for await (const bytes of file.createReadStream()) digest.update(bytes);
  return digest.digest('hex');
}
