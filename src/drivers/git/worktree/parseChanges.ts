import type { ChangedFile } from '../../../core/workspaces/worktreeDriver.js';
import { binary, binaryPath } from '../command/gitPath.js';

type RawChange = Pick<ChangedFile, 'status' | 'oldPath' | 'modes'>;

/** Parses `git diff --raw --numstat -z`: first all raw records, then all counts. */
export function parseChanges(records: readonly Uint8Array[], untracked: ReadonlySet<string>): ChangedFile[] {
  const fields = records.map(binary);
  const raw = new Map<string, RawChange>();
  const files: ChangedFile[] = [];
  let i = 0;
  const next = (): string => fields[i++] ?? '';
  while (i < fields.length) {
    const field = next();
    if (field.startsWith(':')) {
      readRaw(field, next, raw);
      continue;
    }
    const file = readCounts(field, next, raw);
    if (file) files.push(file.status === 'added' && untracked.has(file.path) ? { ...file, status: 'untracked' } : file);
  }
  return files;
}

/** `:100644 100644 <old> <new> R95`, then the path, or the old and the new path. */
function readRaw(field: string, next: () => string, raw: Map<string, RawChange>): void {
  const [before = '', now = '', , , status = 'M'] = field.slice(1).split(' ');
  const letter = status.charAt(0);
  const first = binaryPath(next());
  const modes = before === now || isNone(before) || isNone(now) ? {} : { modes: { before, now } };
  if (letter === 'R') raw.set(binaryPath(next()), { status: 'renamed', oldPath: first, ...modes });
  else if (letter === 'C') raw.set(binaryPath(next()), { status: 'added' });
  // An unmerged path comes twice: as `U` and with its difference.
  else if (letter !== 'U' || !raw.has(first)) raw.set(first, { status: statusOf(letter), ...modes });
}

/** `<added>\t<deleted>\t<path>`; for a rename without the path, which follow as the old and the new one. Counts of binary files are dashes. */
function readCounts(field: string, next: () => string, raw: ReadonlyMap<string, RawChange>): ChangedFile | undefined {
  const match = /^(\d+|-)\t(\d+|-)\t([^]*)$/.exec(field);
  if (!match) return undefined;
  const [, added = '', deleted = '', inline = ''] = match;
  if (inline === '') next();
  const path = binaryPath(inline === '' ? next() : inline);
  return {
    path,
    ...(raw.get(path) ?? { status: 'modified' }),
    binary: added === '-',
    additions: added === '-' ? 0 : Number(added),
    deletions: deleted === '-' ? 0 : Number(deleted),
  };
}

/** There is no file on that side. */
function isNone(mode: string): boolean {
  return /^0+$/.test(mode);
}

function statusOf(letter: string): ChangedFile['status'] {
  switch (letter) {
    case 'A':
      return 'added';
    case 'D':
      return 'deleted';
    case 'T':
      return 'type_changed';
    default:
      return 'modified';
  }
}
