import { AppError } from '../../../base/errors.js';
import type { CommitFile, CommitFiles } from '../../../core/workspaces/historyDriver.js';
import type { RepositoryGit } from '../command/boundGit.js';
import { binary, binaryPath } from '../command/gitPath.js';

/** Beyond it nobody compares files with a commit. */
const mostBytes = 256 * 1024 * 1024;

interface Asked {
  readonly commit: string;
  /** A copy of the guest's. */
  readonly index: string;
  /** It has something that the commit has not, or the other way round. */
  readonly isStaged: boolean;
  readonly signal: AbortSignal;
}

/** See {@link OpenHistory.files}. */
export async function commitFiles(
  git: RepositoryGit,
  { commit, index, isStaged, signal }: Asked,
): Promise<CommitFiles> {
  const listed = await git.run({ args: ['ls-tree', '-r', '-z', commit], reads: true, maxBytes: mostBytes, signal });
  if (listed.truncated)
    throw new AppError('git.failed', `The commit ${commit} has too many files.`, {
      command: 'git ls-tree',
      exitCode: listed.exitCode,
      stderr: 'too many files',
    });
  const entries = listed.records().map(entryOf);
  const regular = new Map<string, CommitFile>();
  for (const { mode, id, path } of entries)
    // One whose name is no text is known by another.
    if (regularModes.has(mode) && !path.startsWith('"')) regular.set(path, { id, isExecutable: mode === '100755' });
  const env = { GIT_INDEX_FILE: index };
  const flagged = isStaged
    ? undefined
    : await git.run({ args: ['ls-files', '-v', '-z'], env, reads: true, maxBytes: mostBytes, signal });
  const lines = flagged?.records() ?? [];
  return {
    commit,
    regular,
    isIndex: lines.length === entries.length && lines.every(([flag]) => flag === cached),
    without(kept) {
      const others = entries.filter(({ path }) => !(kept.has(path) && regular.has(path)));
      if (others.length === 0) return undefined;
      return {
        removed: Buffer.concat(others.map(({ id, name }) => record(`0 ${'0'.repeat(id.length)}`, name))),
        restored: Buffer.concat(others.map(({ mode, id, name }) => record(`${mode} ${id}`, name))),
      };
    },
  };
}

const regularModes = new Set(['100644', '100755']);
/** How `ls-files -v` marks an entry that is neither assumed to be unchanged nor left out of the worktree: `H`. */
const cached = 0x48;

/** `<mode> <type> <id>\t<path>`; `name`: its bytes, one a character. */
function entryOf(bytes: Uint8Array) {
  const text = binary(bytes);
  const tab = text.indexOf('\t');
  const [mode = '', , id = ''] = text.slice(0, tab).split(' ');
  const name = text.slice(tab + 1);
  return { mode, id, name, path: binaryPath(name) };
}

function record(facts: string, name: string): Buffer {
  return Buffer.from(`${facts}\t${name}\0`, 'latin1');
}
