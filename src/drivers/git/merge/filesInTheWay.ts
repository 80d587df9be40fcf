import { dirname } from 'node:path';
import type { WorktreeGit } from '../command/boundGit.js';
import { fileAt } from '../command/gitPath.js';
import { lookAt } from '../../../node/looks.js';

/** The files of a checkout that keep it from moving from one commit to another: edited, untracked or ignored ones. */
export async function filesInTheWay(
  checkout: WorktreeGit,
  move: { readonly from: string; readonly to: string },
): Promise<string[]> {
  const { from, to } = move;
  const read = async (args: readonly string[]): Promise<string[]> =>
    (await checkout.run({ args, reads: true })).fields();
  const [changes, edited, tracked] = await Promise.all([
    read(['diff-tree', '-r', '-z', '--no-renames', '--name-status', from, to]),
    read(['diff-index', '-z', '--name-only', from, '--']),
    read(['ls-files', '-v', '-z', '--full-name', ':/']),
  ]);
  const changed = new Map<string, string>();
  for (let i = 0; i + 1 < changes.length; i += 2) changed.set(changes[i + 1] ?? '', changes[i] ?? '');
  const found = new Set(edited.filter(path => changed.has(path)));
  const known = new Set(tracked.map(entry => entry.slice(2)));
  for (const [path, status] of changed) {
    if (status !== 'A') continue;
    // A file at the new one's place, or where one of its folders has to be.
    for (let at = path; at !== '.' && at !== '/'; at = dirname(at)) {
      const there = await lookAt(fileAt(checkout.workTree, at));
      if (there === undefined || known.has(at)) continue;
      if (at === path || !there.isDirectory()) found.add(at);
    }
  }
  // Those that git was told to take for unchanged are in no diff, and git minds them all the same.
  if (found.size === 0) {
    const hidden = tracked.filter(entry => /^[a-zS] /.test(entry)).map(entry => entry.slice(2));
    for (const path of hidden) if (changed.has(path)) found.add(path);
  }
  return [...found].toSorted();
}
