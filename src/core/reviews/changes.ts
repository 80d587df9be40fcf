import type { ChangedFile } from '../workspaces/worktreeDriver.js';
import { parsePatch, type Hunk, type PatchedFile } from './patch.js';

/** A hunk with what tells it apart: the same change of the same file has the same key wherever its lines are. */
export interface KeyedHunk extends Hunk {
  readonly key: string;
}

/** A changed file in the pieces that are reviewed one by one. A file without lines has one hunk, which is the whole of it. */
export interface FileChange {
  readonly file: ChangedFile;
  readonly hunks: readonly KeyedHunk[];
}

/** Files with more pieces are looked at as a whole. */
const maxHunks = 1_000;
/** Enough to tell the changes of a thread apart. */
const keyLength = 24;

/** Divides what a thread changed into hunks. `digest`: hexadecimal. */
export function fileChanges(
  files: readonly ChangedFile[],
  patch: string,
  digest: (text: string) => string,
): readonly FileChange[] {
  const patched = new Map(parsePatch(patch).map(file => [file.path, file]));
  return files.map(file => ({ file, hunks: hunksOf(file, patched.get(file.path), digest) }));
}

function hunksOf(
  file: ChangedFile,
  patched: PatchedFile | undefined,
  digest: (text: string) => string,
): readonly KeyedHunk[] {
  const key = (parts: readonly string[]): string => digest([file.path, ...parts].join('\n')).slice(0, keyLength);
  const hunks = patched?.hunks ?? [];
  if (hunks.length === 0 || hunks.length > maxHunks) {
    const whole = [file.oldPath ?? '', file.status, `${file.additions}`, `${file.deletions}`, patched?.index ?? ''];
    return [{ key: key(whole), oldStart: 0, oldLines: 0, newStart: 0, newLines: 0, lines: [], raw: [] }];
  }
  const seen = new Map<string, number>();
  return hunks.map(hunk => {
    const text = hunk.lines.join('\n');
    const earlier = seen.get(text) ?? 0;
    seen.set(text, earlier + 1);
    return { ...hunk, key: key(earlier === 0 ? [text] : [text, `again ${earlier}`]) };
  });
}
