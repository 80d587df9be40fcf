import type { RepositoryGit } from '../command/boundGit.js';
import { binary, binaryPath } from '../command/gitPath.js';
import { TimeSlice } from '../../../node/timeSlice.js';

/** Where something is asked for about a thread that began with uncommitted changes of the person. */
export interface Carrying {
  readonly repository: RepositoryGit;
  /** The commit of these changes. Its parent is what was checked out. */
  readonly carried: string;
  readonly signal: AbortSignal | undefined;
}

/** A file that differs between two trees; an id of zeros where it is not there. */
interface ChangedFile {
  readonly path: string;
  readonly mode: string;
  readonly before: string;
  readonly after: string;
}

interface Landing {
  /** The files of the target, and what they would become. */
  readonly target: string;
  readonly result: string;
  /** The thread's own files, in which one of the person's may be gone. */
  readonly head: string;
}

/** How much of a file that an agent moved may be left in others before these count as that file under another name. */
const movedShare = 1 / 4;
/** Larger files are told by their whole contents alone. */
const longestRead = 1 << 20;
const readAtOnce = 32;

/**
 * Files under whose names work would land that the person has not committed: a copy of such a file, or what is left of one that the agent
 * moved and changed, of which git's own search for renames knows no more when it has grown.
 */
export async function copiesIn(carrying: Carrying, { target, result, head }: Landing): Promise<readonly string[]> {
  const landing = (await changesOf(carrying, target, result)).filter(({ after }) => isThere(after));
  if (landing.length === 0) return [];
  const taken = (await changesOf(carrying, `${carrying.carried}^1`, carrying.carried)).filter(({ after }) =>
    isThere(after),
  );
  const ids = new Set(taken.map(({ after }) => after));
  const same = landing.filter(({ after }) => ids.has(after));
  const added = taken.filter(({ before, mode }) => !isThere(before) && isFile(mode));
  const gone = added.length === 0 ? [] : await goneIn(carrying, added, head);
  if (same.length === 0 && gone.length === 0) return [];
  const { repository, signal } = carrying;
  const empty = (await repository.run({ args: ['hash-object', '-t', 'blob', '--stdin'], input: '', signal })).text();
  const committed = await changesOf(carrying, await emptyTree(carrying), target);
  const known = new Set([empty, ...committed.map(({ after }) => after)]);
  const places = new Set(committed.map(({ path }) => path));
  const copies = same.filter(({ after }) => !known.has(after)).map(({ path }) => path);
  const moved = gone.filter(({ path, after }) => !places.has(path) && !known.has(after));
  return [...new Set([...copies, ...(await leftOf(carrying, moved, landing))])];
}

/** Which of these files a tree no longer has. */
async function goneIn(
  carrying: Carrying,
  files: readonly ChangedFile[],
  tree: string,
): Promise<readonly ChangedFile[]> {
  const now = await changesOf(carrying, carrying.carried, tree);
  const deleted = new Set(now.filter(({ after }) => !isThere(after)).map(({ path }) => path));
  return files.filter(({ path }) => deleted.has(path));
}

/** The landing files in which much of one of these is left. */
async function leftOf(
  carrying: Carrying,
  moved: readonly ChangedFile[],
  landing: readonly ChangedFile[],
): Promise<readonly string[]> {
  if (moved.length === 0) return [];
  const sources = await linesOf(
    carrying,
    moved.map(({ after }) => after),
  );
  const files = landing.filter(({ mode }) => isFile(mode));
  const ids = files.flatMap(({ before, after }) => [before, after].filter(isThere));
  // An agent can land any number of lines; only those that the person's files have are of interest.
  const texts = await linesOf(carrying, ids, new Set([...sources.values()].flatMap(lines => [...lines])));
  const none: ReadonlySet<string> = new Set();
  const news = files.map(({ path, before, after }) => {
    const old = texts.get(before) ?? none;
    return { path, lines: [...(texts.get(after) ?? none)].filter(line => !old.has(line)) };
  });
  return moved.flatMap(({ after }) => {
    const lines = sources.get(after) ?? none;
    const left = news.map(file => ({ path: file.path, lines: file.lines.filter(line => lines.has(line)) }));
    const held = new Set(left.flatMap(file => file.lines)).size;
    if (held === 0 || held < lines.size * movedShare) return [];
    return left.flatMap(file => (file.lines.length > 0 ? [file.path] : []));
  });
}

/** The lines of each of these files that say something, however they are indented; only these ones, when some are given. */
async function linesOf(
  { repository, signal }: Carrying,
  ids: readonly string[],
  only?: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const ask = async (format: string, asked: readonly string[], maxBytes: number): Promise<Uint8Array> => {
    const input = asked.map(id => `${id}\n`).join('');
    return (await repository.run({ args: ['cat-file', format], input, reads: true, maxBytes, signal })).stdout;
  };
  const distinct = [...new Set(ids)];
  const headers = binary(await ask('--batch-check', distinct, distinct.length * 200)).split('\n');
  const short = headers.flatMap(header => {
    const [, id = '', size = ''] = /^([0-9a-f]+) blob (\d+)$/.exec(header) ?? [];
    return id !== '' && Number(size) <= longestRead ? [{ id, size: Number(size) }] : [];
  });
  const found = new Map<string, ReadonlySet<string>>();
  const slice = new TimeSlice();
  for (let from = 0; from < short.length; from += readAtOnce) {
    const some = short.slice(from, from + readAtOnce);
    const bytes = await ask(
      '--batch',
      some.map(({ id }) => id),
      readAtOnce * (longestRead + 200),
    );
    let at = 0;
    for (const { id, size } of some) {
      const start = bytes.indexOf(10, at) + 1;
      const lines = tellingLines(binary(bytes.subarray(start, start + size)));
      found.set(id, new Set(only ? lines.filter(line => only.has(line)) : lines));
      await slice.breathe();
      // A newline follows the contents.
      at = start + size + 1;
    }
  }
  return found;
}

/** Lines of brackets alone are everybody's. */
function tellingLines(text: string): readonly string[] {
  return text.split('\n').flatMap(line => (/[\p{L}\p{N}]/u.test(line) ? [line.trim()] : []));
}

async function changesOf({ repository, signal }: Carrying, from: string, to: string): Promise<readonly ChangedFile[]> {
  const args = ['diff-tree', '-r', '--raw', '--no-renames', '--no-abbrev', '-z', from, to, '--'];
  const records = (await repository.run({ args, reads: true, signal })).records().map(binary);
  // `:<old mode> <new mode> <old id> <new id> <status>`, then the path.
  return records.flatMap((record, at) => {
    if (at % 2 !== 0) return [];
    const [, mode = '', before = '', after = ''] = record.split(' ');
    return [{ path: binaryPath(records[at + 1] ?? ''), mode, before, after }];
  });
}

function isThere(id: string): boolean {
  return !/^0*$/.test(id);
}

function isFile(mode: string): boolean {
  return mode.startsWith('100');
}

async function emptyTree({ repository, signal }: Carrying): Promise<string> {
  return (await repository.run({ args: ['mktree', '-z'], input: '', signal })).text();
}
