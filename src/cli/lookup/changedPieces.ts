import type { FileChange, Hunk } from '../../protocol/gen/muster/v1/reviews_pb.js';
import { usageError } from '../options/usageError.js';

/** What somebody named of a thread's changes: `FILE` is all of it, `FILE:LINE` the piece that has the line. Errors: usage. */
export function piecesOf(files: readonly FileChange[], named: readonly string[]): string[] {
  return named.flatMap(name => pieces(files, name).map(({ key }) => key));
}

function pieces(files: readonly FileChange[], name: string): readonly Hunk[] {
  const whole = files.find(({ file }) => file?.path === name);
  if (whole) return whole.hunks;
  const [, path = name, line] = /^(.+):(\d{1,9})$/.exec(name) ?? [];
  const found = files.find(({ file }) => file?.path === path);
  if (!found || line === undefined) throw usageError(`The thread did not change ${path}.`);
  const hunk = found.hunks.find(each => hasLine(each, Number(line)));
  if (hunk) return [hunk];
  const lines = found.hunks.map(lineOf).join(', ');
  throw usageError(`The thread did not change line ${line} of ${path}. Its changes there begin at: ${lines}.`);
}

/** The line at which a piece is shown: its first one, or that above which something was removed. */
export function lineOf({ newStart }: Hunk): number {
  return Math.max(1, newStart);
}

function hasLine(hunk: Hunk, line: number): boolean {
  return line >= lineOf(hunk) && line < lineOf(hunk) + Math.max(1, hunk.newLines);
}
