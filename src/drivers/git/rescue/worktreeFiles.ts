import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { readFolder } from '../../../node/removeTree.js';
import { TimeSlice } from '../../../node/timeSlice.js';
import type { TarEntry } from './tarFormat.js';
import { lookAt, lookInto } from '../../../node/looks.js';

/** Larger files are not compared with the checkout's: reading both takes longer than keeping one. */
const comparedBytes = 10 * 1024 * 1024;

/** Which files of a worktree git does not keep. Paths are `binary` texts, relative to the worktree, without a final slash. */
export interface FilesToKeep {
  readonly root: string;
  /** The repository's own checkout: ignored files that it has in the same form need not be kept. */
  readonly checkout: string;
  /** Repositories inside the worktree: always kept whole. */
  readonly nested: readonly string[];
  /** What git would not take. */
  readonly refused: readonly string[];
  readonly ignored: readonly string[];
  /** Stop looking when changed ignored files are more in sum. */
  readonly limitBytes: number;
}

export interface FoundFiles {
  /** Folders before what is in them. */
  readonly entries: readonly TarEntry[];
  /** Ignored files that were looked at when the limit was passed. */
  readonly tooLarge: readonly string[] | undefined;
  /** Pipes, sockets, devices: they hold nothing. */
  readonly special: readonly string[];
}

/** Lists what an archive of the worktree has to hold. */
export async function findFiles(wanted: FilesToKeep): Promise<FoundFiles> {
  const search = new Search(wanted);
  for (const path of wanted.nested) await search.visit(path, 'whole');
  for (const path of wanted.refused) await search.visit(path, 'whole');
  for (const path of wanted.ignored.toSorted()) {
    if (!(await search.visit(path, 'changed'))) return search.found(true);
  }
  return search.found(false);
}

/** Repositories below a folder (anything with a `.git`, and bare ones), outermost only. */
export async function findRepositories(root: string): Promise<readonly string[]> {
  const slice = new TimeSlice();
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const entries = readFolder(bytesOf(root, path));
    const names = new Set(entries.map(entry => entry.name.toString('latin1')));
    const isRepository = names.has('.git') || (names.has('HEAD') && names.has('objects') && names.has('refs'));
    if (path !== '' && isRepository) {
      found.push(path);
      return;
    }
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      await slice.breathe();
      const name = entry.name.toString('latin1');
      if (path !== '' || name !== '.git') await visit(path === '' ? name : `${path}/${name}`);
    }
  };
  await visit('');
  return found.toSorted();
}

/** The path of a file for the system. */
export function bytesOf(root: string, path: string): Buffer {
  return path === '' ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

/** True if every folder on the way from a root is one, and none of them a link. */
export function isRealFolder(root: string, path: string): boolean {
  return path
    .split('/')
    .every((_, i, names) =>
      lstatSync(bytesOf(root, names.slice(0, i + 1).join('/')), { throwIfNoEntry: false })?.isDirectory(),
    );
}

class Search {
  readonly #wanted: FilesToKeep;
  readonly #slice = new TimeSlice();
  readonly #entries = new Map<string, TarEntry>();
  /** Folders that are kept although nothing is in them: a repository without `refs` is none. */
  readonly #whole = new Set<string>();
  readonly #special: string[] = [];
  readonly #ignored = new Set<string>();
  /** What the checkout has in a folder, so that most files need not be looked for in it. */
  readonly #checkoutNames = new Map<string, Promise<ReadonlySet<string>>>();
  #bytes = 0;

  constructor(wanted: FilesToKeep) {
    this.#wanted = wanted;
  }

  found(tooLarge: boolean): FoundFiles {
    const used = new Set<string>(this.#whole);
    for (const [path, { kind }] of this.#entries) {
      if (kind === 'folder' && !this.#whole.has(path)) continue;
      for (let at = parentOf(path); at !== '' && !used.has(at); at = parentOf(at)) used.add(at);
    }
    const entries = [...this.#entries.values()].filter(({ kind, path }) => kind !== 'folder' || used.has(path));
    return {
      entries: entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      tooLarge: tooLarge ? [...this.#ignored] : undefined,
      special: this.#special,
    };
  }

  /** False when the limit is passed. */
  async visit(path: string, which: 'whole' | 'changed'): Promise<boolean> {
    await this.#slice.breathe();
    if (this.#entries.has(path) && (which === 'changed' || this.#entries.get(path)?.kind !== 'folder')) return true;
    const file = bytesOf(this.#wanted.root, path);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return true;
    const mode = stats.mode & 0o7777;
    if (stats.isDirectory()) {
      this.#entries.set(path, { kind: 'folder', path, mode, size: 0 });
      if (which === 'whole') this.#whole.add(path);
      for (const entry of readFolder(file)) {
        if (!(await this.visit(`${path}/${entry.name.toString('latin1')}`, which))) return false;
      }
      return true;
    }
    if (which === 'changed') {
      if (await this.#isInCheckout(path, stats)) return true;
      this.#ignored.add(path.split('/', 1)[0] ?? path);
      this.#bytes += stats.size;
    }
    if (stats.isSymbolicLink()) {
      const target = readlinkSync(file, 'buffer').toString('latin1');
      this.#entries.set(path, { kind: 'link', path, mode, size: 0, target });
    } else if (stats.isFile()) this.#entries.set(path, { kind: 'file', path, mode, size: stats.size });
    else this.#special.push(path);
    return this.#bytes <= this.#wanted.limitBytes;
  }

  async #isInCheckout(path: string, stats: Stats): Promise<boolean> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!(await this.#namesIn(parentOf(path))).has(name)) return false;
    const [mine, theirs] = [bytesOf(this.#wanted.root, path), bytesOf(this.#wanted.checkout, path)];
    const other = await lookAt(theirs);
    if (other === undefined) return false;
    if (stats.isSymbolicLink() && other.isSymbolicLink()) {
      const [a, b] = await Promise.all([readlink(mine, 'buffer'), readlink(theirs, 'buffer')]);
      return a.equals(b);
    }
    if (!stats.isFile() || !other.isFile() || stats.size !== other.size || stats.size > comparedBytes) return false;
    if ((stats.mode & 0o777) !== (other.mode & 0o777)) return false;
    const options = { maxBytes: comparedBytes };
    // One that cannot be read is not known to be the same.
    const [a, b] = await Promise.all([lookInto(mine, options), lookInto(theirs, options)]);
    return a?.kind === 'file' && b?.kind === 'file' && a.bytes.equals(b.bytes);
  }

  #namesIn(folder: string): Promise<ReadonlySet<string>> {
    const known = this.#checkoutNames.get(folder);
    if (known !== undefined) return known;
    const read = readdir(bytesOf(this.#wanted.checkout, folder), { encoding: 'buffer' }).then(
      names => new Set(names.map(name => name.toString('latin1'))),
      () => new Set<string>(),
    );
    this.#checkoutNames.set(folder, read);
    return read;
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Everything below a folder of Muster's own making, as entries relative to it. */
export async function everythingIn(root: string): Promise<readonly TarEntry[]> {
  if (!lstatSync(root, { throwIfNoEntry: false })?.isDirectory()) return [];
  const nested = readdirSync(root, { encoding: 'buffer' }).map(name => name.toString('latin1'));
  const nothing = { checkout: root, refused: [], ignored: [], limitBytes: Number.POSITIVE_INFINITY };
  return (await findFiles({ root, nested, ...nothing })).entries;
}
