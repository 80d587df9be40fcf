import type { ChangedFile } from '../../../core/workspaces/worktreeDriver.js';
import { binary, binaryPath } from '../command/gitPath.js';

interface RawChange {
  readonly status: ChangedFile['status'];
  readonly oldPath?: string;
}

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
      // `:100644 100644 <old> <new> R95`, then the path, or the old and the new path.
      const letter = field.split(' ')[4]?.[0] ?? 'M';
      if (letter === 'R' || letter === 'C') {
        const oldPath = binaryPath(next());
        raw.set(binaryPath(next()), letter === 'R' ? { status: 'renamed', oldPath } : { status: 'added' });
      } else {
        const path = binaryPath(next());
        // An unmerged path comes twice: as `U` and with its difference.
        if (letter !== 'U' || !raw.has(path)) raw.set(path, { status: statusOf(letter) });
      }
      continue;
    }
    const match = /^(\d+|-)\t(\d+|-)\t([^]*)$/.exec(field);
    if (!match) continue;
    const [, added = '', deleted = '', inline = ''] = match;
    if (inline === '') next();
    const path = binaryPath(inline === '' ? next() : inline);
    const { status, oldPath } = raw.get(path) ?? { status: 'modified' };
    files.push({
      path,
      ...(oldPath === undefined ? {} : { oldPath }),
      status: untracked.has(path) && status === 'added' ? 'untracked' : status,
      binary: added === '-',
      additions: Number(added === '-' ? 0 : added),
      deletions: Number(deleted === '-' ? 0 : deleted),
    });
  }
  return files;
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
