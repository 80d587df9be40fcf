import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GitContext } from '../command/gitContext.js';

/** The files of a checkout that keep it from moving from one commit to another: edited, untracked or ignored ones. */
export async function filesInTheWay(
  { git }: GitContext,
  move: { readonly checkout: string; readonly from: string; readonly to: string },
): Promise<string[]> {
  const { checkout, from, to } = move;
  const read = async (args: readonly string[]): Promise<string[]> =>
    (await git.run({ cwd: checkout, args, reads: true })).fields();
  const [changes, edited, tracked] = await Promise.all([
    read(['diff-tree', '-r', '-z', '--no-renames', '--name-status', from, to]),
    read(['diff-index', '-z', '--name-only', from, '--']),
    read(['ls-files', '-z', '--full-name', ':/']),
  ]);
  const changed = new Map<string, string>();
  for (let i = 0; i + 1 < changes.length; i += 2) changed.set(changes[i + 1] ?? '', changes[i] ?? '');
  const found = new Set(edited.filter(path => changed.has(path)));
  const known = new Set(tracked);
  for (const [path, status] of changed) {
    if (status !== 'A') continue;
    // A file at the new one's place, or where one of its folders has to be.
    for (let at = path; at !== '.' && at !== '/'; at = dirname(at)) {
      const there = await lstat(join(checkout, at)).catch(() => undefined);
      if (there === undefined || known.has(at)) continue;
      if (at === path || !there.isDirectory()) found.add(at);
    }
  }
  return [...found].toSorted();
}
