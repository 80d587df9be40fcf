import { opendirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../../node/systemError.js';
import { readForeignFileSync } from '../../../node/foreignFile.js';

/** More loose refs than these are read faster by git itself; each takes some 15 µs. */
const mostFiles = 256;
/** What is looked through for them, those of runs included: the host does nothing else meanwhile, and an agent can make any number. */
const mostEntries = 2_048;
const longestPacked = 256 * 1024;
const longestLog = 64 * 1024;
const object = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** Thrown inside this file alone: only git can say. */
const askGit = new Error('ask git');

export interface RefsOfPerson {
  /** Sorted by name. */
  readonly refs: readonly (readonly [ref: string, object: string])[];
  readonly stash: readonly { readonly commit: string; readonly message: string }[];
}

/**
 * Branches, tags, refs of kept work and stash as git's files have them, because a run waits for this and a git process takes longer than all the
 * rest of its start. Undefined where the files do not say it simply (symbolic refs, reftables, very many refs, anything that
 * git did not write): then git is asked. Loose files are read before the packed ones, as git does it, so that a ref that is
 * packed meanwhile is found in one of them. Synchronous on purpose, like the glances of `node/looks.ts`: the repository has
 * just answered, and what is read is bounded.
 */
export function readRefFiles(commonDir: string, wanted: (ref: string) => boolean): RefsOfPerson | undefined {
  try {
    const names = looseRefs(commonDir).filter(wanted);
    if (names.length > mostFiles) return undefined;
    const loose = names.map(ref => [ref, looseRef(commonDir, ref)] as const);
    const stash = stashEntries(commonDir);
    const refs = new Map(packedRefs(commonDir).filter(([ref]) => wanted(ref)));
    // One that was deleted between the listing and the look is as if it had been deleted before, or packed.
    for (const [ref, found] of loose) if (found !== undefined) refs.set(ref, found);
    return { refs: [...refs].toSorted(([a], [b]) => (a < b ? -1 : 1)), stash };
  } catch (error) {
    if (error === askGit) return undefined;
    throw error;
  }
}

function looseRefs(commonDir: string): string[] {
  const found: string[] = [];
  const pending = ['refs/heads', 'refs/tags', 'refs/muster'];
  let left = mostEntries;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const entries = entriesOf(join(commonDir, folder), left);
    left -= entries.length + 1;
    for (const entry of entries) {
      const name = `${folder}/${entry.name}`;
      // Not UTF-8: such names are bytes, which git's own output has.
      if (name.includes('\ufffd')) throw askGit;
      if (entry.isDirectory()) pending.push(name);
      else if (!entry.isFile()) throw askGit;
      else if (!name.endsWith('.lock')) found.push(name);
    }
    if (pending.length > mostFiles) throw askGit;
  }
  return found;
}

function entriesOf(folder: string, most: number): readonly Dirent[] {
  try {
    const opened = opendirSync(folder, { bufferSize: 256 });
    try {
      const entries: Dirent[] = [];
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
        if (entries.length >= most) throw askGit;
        entries.push(entry);
      }
      return entries;
    } finally {
      opened.closeSync();
    }
  } catch (error) {
    // Git removes folders that have become empty.
    if (systemCode(error) === 'ENOENT') return [];
    throw askGit;
  }
}

function looseRef(commonDir: string, ref: string): string | undefined {
  const text = textOf(join(commonDir, ref), 256);
  if (text === undefined) return undefined;
  const found = text.trimEnd();
  if (!object.test(found)) throw askGit;
  return found;
}

function packedRefs(commonDir: string): (readonly [string, string])[] {
  const text = textOf(join(commonDir, 'packed-refs'), longestPacked) ?? '';
  const found: (readonly [string, string])[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#') || line.startsWith('^')) continue;
    const [, hash = '', ref = ''] = /^([0-9a-f]+) (.+)$/.exec(line) ?? [];
    if (!object.test(hash) || ref.includes('\ufffd')) throw askGit;
    if (/^refs\/(?:heads|tags|muster)\//.test(ref)) found.push([ref, hash]);
    // Its entries are in a log of their own, which such a stash may not have.
    if (ref === 'refs/stash') throw askGit;
  }
  return found;
}

/** Newest first. */
function stashEntries(commonDir: string): RefsOfPerson['stash'] {
  if (looseRef(commonDir, 'refs/stash') === undefined) return [];
  const log = textOf(join(commonDir, 'logs', 'refs', 'stash'), longestLog);
  if (log === undefined) throw askGit;
  const lines = log.split('\n').filter(line => line !== '');
  return lines.toReversed().map(line => {
    const [, commit = '', message = ''] = /^[0-9a-f]+ ([0-9a-f]+) [^\t]*(?:\t(.*))?$/.exec(line) ?? [];
    if (!object.test(commit)) throw askGit;
    return { commit, message };
  });
}

function textOf(file: string, maxBytes: number): string | undefined {
  const found = readForeignFileSync(file, { maxBytes });
  if (found.kind === 'missing') return undefined;
  if (found.kind !== 'file' || found.truncated) throw askGit;
  return found.bytes.toString('utf8');
}
