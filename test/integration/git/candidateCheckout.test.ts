import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { makeId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import { CandidateVerifier } from '../../../src/core/merges/candidateVerifier.js';
import { createCandidateCheckouts } from '../../../src/drivers/git/merge/candidateCheckout.js';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createCommandShell } from '../../../src/drivers/process/commandShell.js';
import { createProcessSandbox } from '../../../src/drivers/process/createProcessSandbox.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { openTestStore } from '../../support/sqliteStore.js';
import { MergeFixture } from './mergeFixture.js';

const never = new AbortController().signal;
const sandbox = createProcessSandbox({
  stateDir: '/nowhere',
  maskOf: () => {
    throw new Error('Nothing is run in it');
  },
  clock: createNodeClock(),
  log: silentLog,
});
const shell = createCommandShell({
  environment: async () => ({ PATH: process.env['PATH'], TOKEN: 'hush-hush' }),
  redact: text => text.replaceAll('hush-hush', '•••'),
  endMarked: mark => sandbox.endMarked(mark),
});
const merge = makeId<'merge'>(randomBytes(12));

async function open({ onTestFinished }: TestContext): Promise<MergeFixture> {
  const fixture = await MergeFixture.create();
  onTestFinished(() => fixture.repository.dispose());
  return fixture;
}

test('a candidate has its files in a folder of its own, and leaves nothing behind', async context => {
  const fixture = await open(context);
  const checkouts = createCandidateCheckouts(fixture.options);
  const { path, remove } = await checkouts.make(fixture.request(), fixture.reviewed, never);
  expect(await readFile(join(path, 'work.txt'), 'utf8')).toBe('work\n');
  const command = 'cat work.txt; echo $TOKEN; echo > made; git rev-parse HEAD; exit 3';
  const end = await shell.run({ command, cwd: path, mark: merge, variables: {} }, never);
  expect(end).toEqual({ exitCode: 3, output: `work\n•••\n${fixture.reviewed}\n`, truncated: false });

  // A host was killed before it came to remove it.
  const again = await checkouts.make(fixture.request(), fixture.base, never);
  expect(again.path).toBe(path);
  await expect(stat(join(path, 'made'))).rejects.toThrow('ENOENT');
  await remove();
  await expect(stat(path)).rejects.toThrow('ENOENT');
  expect(await fixture.repository.git('worktree', 'list')).not.toContain('verify');
  await fixture.assertClean(fixture.root);
  await fixture.assertNothingLost();
});

test('of a long output the end is kept', async () => {
  const end = await shell.run({ command: 'seq 1 100000', cwd: '/', mark: merge, variables: {} }, never);
  expect(end).toMatchObject({ exitCode: 0, truncated: true });
  expect(end.output).toHaveLength(64 * 1024);
  expect(end.output.endsWith('99999\n100000\n')).toBe(true);
});

test('aborting ends a command with everything that it started', async () => {
  const stop = new AbortController();
  const running = shell.run({ command: 'sleep 600 & sleep 600', cwd: '/', mark: merge, variables: {} }, stop.signal);
  stop.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});

test('what a killed host left running for a merge that nobody verifies again is ended, and its folder goes', async context => {
  const fixture = await open(context);
  const checkouts = createCandidateCheckouts(fixture.options);
  const request = { ...fixture.request(), id: merge };
  const { path } = await checkouts.make(request, fixture.reviewed, never);
  const left = spawn('sh', ['-c', 'sleep 600 & sleep 600'], {
    cwd: path,
    env: { ...process.env, MUSTER_RUN_ID: merge },
  });
  const ended = once(left, 'exit');
  const { store, dispose } = openTestStore();
  context.onTestFinished(dispose);
  const options = { store, clock: createNodeClock(), log: silentLog, checkouts, shell };
  await new CandidateVerifier(options).sweep();
  await ended;
  await expect(stat(path)).rejects.toThrow('ENOENT');
  await createGitRescueDriver(fixture.options).sweep(fixture.root);
  expect(await fixture.repository.git('worktree', 'list')).not.toContain('verify');
});
