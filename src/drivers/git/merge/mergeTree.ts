import { gitFailed } from '../command/gitCommand.js';
import { gitFailure } from '../command/gitFailure.js';
import type { Computation } from './computation.js';
import { named } from './mergeOutcomes.js';

export type TreeMerge =
  | { readonly kind: 'tree'; readonly tree: string }
  | {
      readonly kind: 'conflicts';
      readonly files: readonly string[];
      /** What the two sides did, in words that follow "the two". */
      readonly what: string;
    }
  | { readonly kind: 'unrelated' };

/** `git merge-tree` of two commits: the tree, or what is in conflict. */
export async function mergeTree(
  repository: Computation['repository'],
  [ours, theirs]: readonly [string, string],
  signal?: AbortSignal,
): Promise<TreeMerge> {
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--messages', ours, theirs];
  const output = await repository.run({ args, signal, accept: [0, 1, 128] });
  if (output.exitCode === 128) {
    if (gitFailure(output.stderr) === 'unrelated_histories') return { kind: 'unrelated' };
    throw gitFailed({ args, exitCode: output.exitCode, stderr: output.stderr });
  }
  const [tree = '', ...fields] = output.fields();
  if (output.exitCode === 0) return { kind: 'tree', tree };
  const end = fields.indexOf('');
  const files = [...new Set(end < 0 ? fields : fields.slice(0, end))];
  return { kind: 'conflicts', files, what: whatTheyDid(files, kindsOf(end < 0 ? [] : fields.slice(end + 1))) };
}

/** The kind of each file's conflict, from git's messages: the number of paths, the paths, the kind and a sentence of each. */
function kindsOf(fields: readonly string[]): ReadonlyMap<string, string> {
  const kinds = new Map<string, string>();
  for (let at = 0; at < fields.length;) {
    const count = Number(fields[at]);
    if (!Number.isInteger(count) || count < 0) break;
    const kind = fields[at + 1 + count] ?? '';
    const paths = fields.slice(at + 1, at + 1 + count);
    // A binary file has a conflict in its contents too, which says less.
    for (const path of paths) if (kind.startsWith('CONFLICT') && !kinds.has(path)) kinds.set(path, kind);
    at += count + 3;
  }
  return kinds;
}

function whatTheyDid(files: readonly string[], kinds: ReadonlyMap<string, string>): string {
  const of = (pattern: RegExp): readonly string[] => files.filter(file => pattern.test(kinds.get(file) ?? ''));
  const [binary, deleted] = [of(/binary/), of(/delete/)];
  const known = new Set([...binary, ...deleted]);
  const same = files.filter(file => !known.has(file));
  return [
    ...(same.length > 0 ? [`changed the same places in ${named(same)}`] : []),
    ...(binary.length > 0 ? [`both changed ${named(binary)}, which cannot be merged line by line`] : []),
    ...(deleted.length > 0 ? [`one deleted and the other changed ${named(deleted)}`] : []),
  ].join('; ');
}
