import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { createCandidateCheckouts } from '../../../src/drivers/git/merge/candidateCheckout.js';
import { createCommandShell } from '../../../src/drivers/process/commandShell.js';
import { MergeFixture } from './mergeFixture.js';

const never = new AbortController().signal;
const shell = createCommandShell({
  environment: async () => ({ PATH: process.env['PATH'], TOKEN: 'hush-hush' }),
  redact: text => text.replaceAll('hush-hush', '•••'),
});

async function open({ onTestFinished }: TestContext): Promise<MergeFixture> {
  const merge = await MergeFixture.create();
  onTestFinished(() => merge.repository.dispose());
  return merge;
}

test('a candidate has its files in a folder of its own, and leaves nothing behind', async context => {
  const merge = await open(context);
  const checkouts = createCandidateCheckouts(merge.options);
  const { path, remove } = await checkouts.make(merge.request(), merge.reviewed, never);
  expect(await readFile(join(path, 'work.txt'), 'utf8')).toBe('work\n');
  const command = 'cat work.txt; echo $TOKEN; echo > made; git rev-parse HEAD; exit 3';
  const end = await shell.run({ command, cwd: path, variables: {} }, never);
  expect(end).toEqual({ exitCode: 3, output: `work\n•••\n${merge.reviewed}\n`, truncated: false });

  // A host was killed before it came to remove it.
  const again = await checkouts.make(merge.request(), merge.base, never);
  expect(again.path).toBe(path);
  await expect(stat(join(path, 'made'))).rejects.toThrow('ENOENT');
  await remove();
  await expect(stat(path)).rejects.toThrow('ENOENT');
  expect(await merge.repository.git('worktree', 'list')).not.toContain('verify');
  await merge.assertClean(merge.root);
  await merge.assertNothingLost();
});

test('of a long output the end is kept', async () => {
  const end = await shell.run({ command: 'seq 1 100000', cwd: '/', variables: {} }, never);
  expect(end).toMatchObject({ exitCode: 0, truncated: true });
  expect(end.output).toHaveLength(64 * 1024);
  expect(end.output.endsWith('99999\n100000\n')).toBe(true);
});

test('aborting ends a command with everything that it started', async () => {
  const stop = new AbortController();
  const running = shell.run({ command: 'sleep 600 & sleep 600', cwd: '/', variables: {} }, stop.signal);
  stop.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});
