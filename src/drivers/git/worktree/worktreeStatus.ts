import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../base/errors.js';
import { ownValue } from '../../../base/ownValue.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import type { BoundRun, WorktreeGit } from '../command/boundGit.js';
import { binary, binaryPath } from '../command/gitPath.js';
import { isMade, stillMade } from './madeFiles.js';

export interface WorktreeStatus {
  /** Empty on an unborn branch. */
  readonly head: string;
  /** Short name; undefined when HEAD is detached. */
  readonly branch: string | undefined;
  /** Modified, staged or untracked, not ignored. */
  readonly dirty: readonly string[];
  /** Repositories inside the worktree that are not submodules: never part of a commit of ours. */
  readonly nested: readonly string[];
  readonly untracked: readonly string[];
  /** Untracked too, but there before the agent was: a hook's. Neither in `dirty` nor in `untracked`. */
  readonly made: readonly string[];
  readonly unmerged: readonly string[];
  /** True when something is staged. */
  readonly staged: boolean;
  /** True when a tracked file differs from the index. */
  readonly unstaged: boolean;
}

/** What git reads at the top of a worktree, whatever it is asked. */
const alwaysRead = ['.gitignore', '.gitattributes', '.gitmodules'];

/** Git opens these without looking first, and waits at a pipe until it is ended for its silence. Errors: `worktree.failed`. */
async function refusePipes({ workTree }: WorktreeGit): Promise<void> {
  for (const name of alwaysRead) {
    const path = join(workTree, name);
    // Gone since git looked: there is nothing to keep.
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || !(found.isFIFO() || found.isSocket() || found.isCharacterDevice())) continue;
    const reason = `${path} is not a file, and git would wait at it for ever. Remove it`;
    throw new AppError('worktree.failed', `The worktree ${workTree} cannot be looked at: ${reason}.`, {
      path: workTree,
      reason,
    });
  }
}

/** Reads a worktree's status. */
export async function worktreeStatus(git: WorktreeGit, signal?: AbortSignal): Promise<WorktreeStatus> {
  await refusePipes(git);
  const args = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all', '--ignore-submodules=dirty'];
  const status = parseStatus((await git.run({ args, signal, reads: true })).records().map(binary));
  const entries = status.untracked.length === 0 ? [] : await stillMade(git);
  if (entries.length === 0) return { ...status, made: [] };
  const made = new Set(status.untracked.filter(path => isMade(path, entries)));
  const left = (paths: readonly string[]): readonly string[] => paths.filter(path => !made.has(path));
  return { ...status, dirty: left(status.dirty), untracked: left(status.untracked), made: [...made] };
}

/** What is checked out and which tracked files differ from it; a look that many may share. */
export async function trackedStatus(
  git: WorktreeGit,
  look: Pick<BoundRun, 'signal' | 'joined'>,
): Promise<Pick<WorktreeStatus, 'head' | 'branch' | 'dirty'>> {
  const args = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=no', '--ignore-submodules=all'];
  return parseStatus((await git.run({ ...look, args, reads: true })).records().map(binary));
}

type ParsedStatus = Omit<WorktreeStatus, 'made'>;

type FoundStatus = { -readonly [Name in keyof ParsedStatus]: ParsedStatus[Name] } & {
  readonly dirty: string[];
  readonly nested: string[];
  readonly untracked: string[];
  readonly unmerged: string[];
};

/** What the records of `git status --porcelain=v2 --branch -z` say, by their first character; each is given one record. */
const recordReaders: Readonly<Record<string, (found: FoundStatus, record: string) => void>> = {
  '#'(found, record) {
    const [, name, value = ''] = record.split(' ');
    if (name === 'branch.oid' && value !== '(initial)') found.head = value;
    if (name === 'branch.head') found.branch = headName(binaryPath(record));
  },
  // `1 XY sub mH mI mW hH hI path`; `2` has a score before the path.
  '1': (found, record) => addChange(found, record, 8),
  '2': (found, record) => addChange(found, record, 9),
  'u'(found, record) {
    const path = binaryPath(afterSpaces(record, 10));
    found.dirty.push(path);
    found.unmerged.push(path);
    found.unstaged = true;
  },
  '?'(found, record) {
    // With all untracked files listed, only a repository of its own is listed as a folder.
    if (record.endsWith('/')) found.nested.push(binaryPath(record.slice(2, -1)));
    else {
      const path = binaryPath(record.slice(2));
      found.dirty.push(path);
      found.untracked.push(path);
    }
  },
};

function addChange(found: FoundStatus, record: string, spacesBeforePath: number): void {
  found.dirty.push(binaryPath(afterSpaces(record, spacesBeforePath)));
  if (record[2] !== '.') found.staged = true;
  if (record[3] !== '.') found.unstaged = true;
}

/** Parses records, one character per byte. */
function parseStatus(records: readonly string[]): ParsedStatus {
  const found: FoundStatus = {
    head: '',
    branch: undefined,
    dirty: [],
    nested: [],
    untracked: [],
    unmerged: [],
    staged: false,
    unstaged: false,
  };
  for (let i = 0; i < records.length; i++) {
    const record = records[i] ?? '';
    ownValue(recordReaders, record.charAt(0))?.(found, record);
    // The old path is a record of its own.
    if (record.startsWith('2')) i++;
  }
  return found;
}

function headName(field: string): string | undefined {
  const name = field.slice('# branch.head '.length);
  return name === '(detached)' ? undefined : name;
}

function afterSpaces(text: string, count: number): string {
  let at = 0;
  for (let i = 0; i < count; i++) at = text.indexOf(' ', at) + 1;
  return text.slice(at);
}

export function worktreeMissing(path: string, cause?: unknown): AppError<'worktree.missing'> {
  return new AppError(
    'worktree.missing',
    `The worktree ${path} is not there any more. \`muster restore\` makes it again from its branch.`,
    { path },
    { cause },
  );
}

/** The commit of the thread's branch: HEAD's, unless something else was checked out in the worktree. */
export async function branchHead(
  git: WorktreeGit,
  { branch }: Pick<WorktreeRef, 'branch'>,
  status: WorktreeStatus,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (status.branch === branch) return status.head === '' ? undefined : status.head;
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`];
  const output = await git.run({ args, signal, reads: true, accept: [0, 1] });
  return output.text() || undefined;
}
