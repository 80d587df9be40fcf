import { binary, pathText } from '../command/gitPath.js';
import type { WorktreeGit } from '../command/boundGit.js';

/** A file as a tree or an index has it. */
export interface TreeEntry {
  /** Six octal digits, such as 100644. */
  readonly mode: string;
  readonly blob: string;
}

/** A path that differs between two commits. */
export interface ChangedPath {
  /** As `gitPath.ts` writes paths. */
  readonly path: string;
  /** Undefined where there is no such path. */
  readonly before: TreeEntry | undefined;
  readonly after: TreeEntry | undefined;
}

const noMode = '000000';

/** What a move from one commit to another changes, in git's own order (which never changes for the same two). */
export async function changedPaths(git: WorktreeGit, from: string, to: string): Promise<ChangedPath[]> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', from, to];
  return parseRaw((await git.run({ args, reads: true })).records());
}

/** Where the index differs from a commit: `before` is the commit's entry, `after` the index's. */
export async function indexAgainst(git: WorktreeGit, commit: string): Promise<ChangedPath[]> {
  const args = ['diff-index', '--cached', '-z', '--raw', '--no-abbrev', '--no-renames', commit, '--'];
  return parseRaw((await git.run({ args, reads: true })).records());
}

/** Parses `:oldmode newmode old new status`, `path`. */
function parseRaw(records: readonly Uint8Array[]): ChangedPath[] {
  const changes: ChangedPath[] = [];
  for (let i = 0; i + 1 < records.length; i += 2) {
    const [oldMode = noMode, newMode = noMode, old = '', now = ''] = binary(records[i] ?? new Uint8Array())
      .slice(1)
      .split(' ');
    changes.push({
      path: pathText(records[i + 1] ?? new Uint8Array()),
      before: entry(oldMode, old),
      after: entry(newMode, now),
    });
  }
  return changes;
}

function entry(mode: string, blob: string): TreeEntry | undefined {
  return mode === noMode ? undefined : { mode, blob };
}
