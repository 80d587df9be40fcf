import { copyFile, lstat, mkdir, readdir, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../../node/systemError.js';
import type { WorktreeGit } from '../command/boundGit.js';
import { fileAt, pathBytes } from '../command/gitPath.js';
import { changedPaths, indexAgainst, type ChangedPath, type TreeEntry } from './changedPaths.js';
import { originalOf } from './keptOriginals.js';
import { lookAt, lookInto, removeIfEmpty } from '../../../node/looks.js';

/** A filter that hangs must not keep a checkout from being put back. */
const filterSilenceMs = 10_000;
/** What is compared in memory; a larger file is compared by its blob id alone. */
const longestCompared = 64 * 1024 * 1024;

/**
 * A fast-forward writes files one by one, then the index, then the branch. However far it came before it ended, this takes
 * it back: index entries and files that are what it wrote (or the beginning of that) become what they were. Anything else is
 * somebody's edit and stays. Done again after a crash it goes on where it was. Returns the paths that were left as they are.
 */
export async function putCheckoutBack(
  git: WorktreeGit,
  move: { readonly from: string; readonly to: string; readonly originals: string },
): Promise<string[]> {
  const changes = await changedPaths(git, move.from, move.to);
  await putIndexBack(git, move.to, changes);
  const files = await Promise.all(
    changes.map((change, index) => examine(git, change, originalOf(move.originals, index))),
  );
  const touched = files.filter(file => file.state !== 'untouched');
  const written = await writtenByGit(git, touched);
  const left: string[] = [];
  // What was added goes first: a folder may stand where a file was.
  for (const file of touched) {
    if (file.state === 'appeared' && written.has(file)) await removeAdded(git.workTree, file.place);
  }
  for (const file of touched) {
    if (file.state === 'gone' || (file.state === 'replaced' && written.has(file))) await restore(git.workTree, file);
    // It was found under the name of one that was added, where a disk finds names in any case.
    else if (file.state === 'replaced' && (await lookAt(file.place)) === undefined) await restore(git.workTree, file);
    else if (file.state === 'replaced' && !(await isOriginal(file))) left.push(file.change.path);
  }
  return left;
}

/** Entries that are the new commit's become the old one's; what the user staged stays. */
async function putIndexBack(git: WorktreeGit, to: string, changes: readonly ChangedPath[]): Promise<void> {
  const different = new Set((await indexAgainst(git, to)).map(({ path }) => path));
  const lines = changes
    .filter(({ path }) => !different.has(path))
    .flatMap(({ path, before, after }) => [
      Buffer.from(before ? `${before.mode} ${before.blob}\t` : `0 ${'0'.repeat(after?.blob.length ?? 40)}\t`),
      pathBytes(path),
      Buffer.of(0),
    ]);
  if (lines.length === 0) return;
  await git.run({ args: ['update-index', '-z', '--index-info'], input: Buffer.concat(lines) });
}

interface FoundFile {
  readonly change: ChangedPath;
  readonly place: string | Buffer;
  readonly original: string;
  /**
   * - `untouched`: as it was before, or nothing that could be put back;
   * - `gone`: it was there and is not;
   * - `replaced`: something else than the original stands there;
   * - `appeared`: there was nothing.
   */
  readonly state: 'untouched' | 'gone' | 'replaced' | 'appeared';
}

async function examine(git: WorktreeGit, change: ChangedPath, original: string): Promise<FoundFile> {
  const place = fileAt(git.workTree, change.path);
  const [now, kept] = await Promise.all([lookAt(place), lookAt(original)]);
  const found = { change, place, original };
  if (!(await isInside(git.workTree, change.path))) return { ...found, state: 'untouched' };
  if (now === undefined) return { ...found, state: kept === undefined ? 'untouched' : 'gone' };
  if (now.isDirectory()) return { ...found, state: kept === undefined ? 'untouched' : 'gone' };
  if (kept === undefined) return { ...found, state: (await isAnotherName(place)) ? 'untouched' : 'appeared' };
  return { ...found, state: now.ino === kept.ino && now.dev === kept.dev ? 'untouched' : 'replaced' };
}

/** True where a disk finds names in any case, and what it found is called otherwise: it is another path's file. */
async function isAnotherName(place: string | Buffer): Promise<boolean> {
  const bytes = Buffer.from(place);
  const name = bytes.subarray(bytes.lastIndexOf('/') + 1);
  const beside = await readdir(folderOf(place), { encoding: 'buffer' });
  if (beside.some(other => other.equals(name))) return false;
  const letters = name.toString('utf8').toLowerCase();
  return beside.some(other => other.toString('utf8').toLowerCase() === letters);
}

/** Those files that are what the fast-forward wrote, whole or cut off. */
async function writtenByGit(git: WorktreeGit, files: readonly FoundFile[]): Promise<ReadonlySet<FoundFile>> {
  const written = new Set<FoundFile>();
  const asked = files.filter(({ state, change }) => state !== 'gone' && change.after !== undefined);
  const entries = await entriesOf(git, asked);
  for (const file of asked) {
    const { after, before } = file.change;
    const now = entries.get(file);
    if (after === undefined || now === undefined || isSame(now, before)) continue;
    if (isSame(now, after) || (await isBeginning(git, file, after))) written.add(file);
  }
  return written;
}

/** What git would store for the files as they stand there; those that cannot be told are left out. */
async function entriesOf(git: WorktreeGit, files: readonly FoundFile[]): Promise<ReadonlyMap<FoundFile, TreeEntry>> {
  const entries = new Map<FoundFile, TreeEntry>();
  const byName: FoundFile[] = [];
  for (const file of files) {
    const found = await lookAt(file.place);
    if (found?.isSymbolicLink()) {
      const blob = await hash(git, { args: ['--stdin'], input: await readlink(file.place, 'buffer') });
      if (blob !== undefined) entries.set(file, { mode: '120000', blob });
    } else if (found?.isFile()) {
      const mode = (found.mode & 0o100) === 0 ? '100644' : '100755';
      entries.set(file, { mode, blob: '' });
      byName.push(file);
    }
  }
  const blobs = await hashFiles(git, byName);
  for (const file of byName) {
    const [entry, blob] = [entries.get(file), blobs.get(file)];
    if (entry === undefined || blob === undefined) entries.delete(file);
    else entries.set(file, { ...entry, blob });
  }
  return entries;
}

/** One process for all whose names fit on a line, and one each for the others. */
async function hashFiles(git: WorktreeGit, files: readonly FoundFile[]): Promise<ReadonlyMap<FoundFile, string>> {
  const onLines = files.filter(({ place, change }) => typeof place === 'string' && !/^"|\n/.test(change.path));
  const blobs = new Map<FoundFile, string>();
  const input = new TextEncoder().encode(onLines.map(({ change }) => `${change.path}\n`).join(''));
  const answers = (await hash(git, { args: ['--stdin-paths'], input }))?.split('\n') ?? [];
  if (answers.length === onLines.length) onLines.forEach((file, index) => blobs.set(file, answers[index] ?? ''));
  for (const file of files) {
    if (blobs.has(file)) continue;
    const { place, change } = file;
    const read = await lookInto(place, { maxBytes: longestCompared });
    if (read?.kind !== 'file' || read.truncated) continue;
    const blob = await hash(git, { args: [`--path=${change.path}`, '--stdin'], input: read.bytes });
    if (blob !== undefined) blobs.set(file, blob);
  }
  return blobs;
}

/** Undefined when git cannot tell: a filter fails or hangs, or the file is gone by now. */
async function hash(
  git: WorktreeGit,
  { args, input }: { readonly args: readonly string[]; readonly input: Uint8Array },
): Promise<string | undefined> {
  try {
    return (await git.run({ args: ['hash-object', ...args], reads: true, silenceMs: filterSilenceMs, input })).text();
  } catch {
    return undefined;
  }
}

/** True for a file that was being written when git ended. */
async function isBeginning(git: WorktreeGit, { place, change }: FoundFile, after: TreeEntry): Promise<boolean> {
  if (after.mode === '120000' || after.mode === '160000') return false;
  const file = await lookInto(place, { maxBytes: longestCompared });
  if (file?.kind !== 'file' || file.truncated) return false;
  if (file.bytes.length === 0) return true;
  try {
    const args = ['cat-file', '--filters', `--path=${change.path}`, after.blob];
    const whole = await git.run({ args, reads: true, silenceMs: filterSilenceMs, maxBytes: longestCompared });
    return Buffer.compare(file.bytes, whole.stdout.subarray(0, file.bytes.length)) === 0;
  } catch {
    return false;
  }
}

function isSame(now: TreeEntry, other: TreeEntry | undefined): boolean {
  if (other === undefined || now.blob !== other.blob) return false;
  // Where the file system knows no executable files, every file counts as an ordinary one.
  return process.platform === 'win32' ? now.mode.slice(0, 3) === other.mode.slice(0, 3) : now.mode === other.mode;
}

/** True if somebody wrote exactly what was there before. */
async function isOriginal({ place, original }: FoundFile): Promise<boolean> {
  const [a, b] = await Promise.all([lookAt(place), lookAt(original)]);
  if (a?.isSymbolicLink() && b?.isSymbolicLink()) {
    return Buffer.compare(await readlink(place, 'buffer'), await readlink(original, 'buffer')) === 0;
  }
  if (a?.size !== b?.size || (a?.mode ?? 0) !== (b?.mode ?? 0)) return false;
  const [now, kept] = await Promise.all([place, original].map(path => lookInto(path, { maxBytes: longestCompared })));
  return now?.kind === 'file' && kept?.kind === 'file' && Buffer.compare(now.bytes, kept.bytes) === 0;
}

async function restore(workTree: string, { place, original, change }: FoundFile): Promise<void> {
  await mkdir(folderOf(place), { recursive: true });
  // Empty by now if it was git that made it; anything in it is somebody's.
  await removeIfEmpty(place);
  if (await isInside(workTree, change.path)) await moveFile(original, place);
}

/** The git directory may be on another file system than its worktree. */
async function moveFile(from: string, to: string | Buffer): Promise<void> {
  if ((await lookAt(to))?.isDirectory()) return;
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    const found = await lstat(from);
    const beside = Buffer.concat([Buffer.from(to), Buffer.from('.muster-put-back')]);
    await rm(beside, { force: true });
    if (found.isSymbolicLink()) await symlink(await readlink(from, 'buffer'), beside);
    else await copyFile(from, beside);
    await rename(beside, to);
  }
}

async function removeAdded(workTree: string, place: string | Buffer): Promise<void> {
  await rm(place, { force: true });
  for (let folder = folderOf(place); folder.length > workTree.length; folder = folderOf(folder)) {
    try {
      await rmdir(folder);
    } catch {
      // Something of the person is in it, so it stays, and with it the folders above.
      return;
    }
  }
}

/** False when a folder on the way is a link: what stands behind it is not in this checkout. */
async function isInside(workTree: string, path: string): Promise<boolean> {
  const parts = Buffer.from(pathBytes(path)).toString('latin1').split('/').slice(0, -1);
  for (let i = 1; i <= parts.length; i++) {
    const folder = Buffer.concat([Buffer.from(`${workTree}/`), Buffer.from(parts.slice(0, i).join('/'), 'latin1')]);
    const found = await lookAt(folder);
    if (found === undefined) return true;
    if (!found.isDirectory()) return !found.isSymbolicLink();
  }
  return true;
}

function folderOf(place: string): string;
function folderOf(place: string | Buffer): string | Buffer;
function folderOf(place: string | Buffer): string | Buffer {
  return typeof place === 'string' ? dirname(place) : place.subarray(0, place.lastIndexOf('/'));
}
