import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitContext } from '../command/gitContext.js';
import type { LandingRecord } from './landingRecord.js';

/**
 * A fast-forward writes files one by one, then the index, then the ref. Killed among the files, it leaves some that look
 * like edits. Those that are exactly what the merge was about to write (or the beginning of it) go back to what the index
 * has; anything else is somebody's edit and stays.
 */
export async function undoPartialCheckout(
  context: GitContext,
  checkout: string,
  record: Pick<LandingRecord, 'from' | 'to'>,
): Promise<void> {
  const { git } = context;
  const { from, to } = record;
  const atNew = await git.run({
    cwd: checkout,
    args: ['diff-index', '--cached', '--quiet', to, '--'],
    reads: true,
    accept: [0, 1],
  });
  // The index is written when all files are: nothing is half done, and the next fast-forward finds everything in place.
  if (atNew.exitCode === 0) return;
  const names = await git.run({
    cwd: checkout,
    args: ['diff-tree', '-r', '-z', '--no-renames', '--name-only', from, to],
    reads: true,
  });
  const restore: string[] = [];
  for (const path of names.fields()) {
    const [before, after] = await Promise.all([blob(context, checkout, from, path), blob(context, checkout, to, path)]);
    const file = join(checkout, path);
    const found = await readFile(file).catch(() => undefined);
    if (found === undefined) {
      if (before !== undefined) restore.push(path);
    } else if (before === undefined || !isSame(found, before)) {
      if (after === undefined || !isSame(found, after.subarray(0, found.length))) continue;
      if (before === undefined) await rm(file, { force: true });
      else restore.push(path);
    }
  }
  if (restore.length === 0) return;
  await git.run({
    cwd: checkout,
    args: ['checkout-index', '--force', '--quiet', '-z', '--stdin'],
    input: restore.map(path => `${path}\0`).join(''),
  });
}

async function blob({ git }: GitContext, cwd: string, commit: string, path: string): Promise<Uint8Array | undefined> {
  const args = ['cat-file', 'blob', `${commit}:${path}`];
  const output = await git.run({ cwd, args, reads: true, accept: [0, 128] });
  return output.exitCode === 0 ? output.stdout : undefined;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
