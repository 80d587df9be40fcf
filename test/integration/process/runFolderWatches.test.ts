import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { join } from 'node:path';
import type { RunId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import { RunFolderWatches } from '../../../src/drivers/process/runFolderWatches.js';
import { ProcessRuns } from '../../support/processRuns.js';
import { randomIds } from '../../support/randomIds.js';

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'muster-watch-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(stateDir, { recursive: true, force: true });
});

test('a folder that the system refuses to watch is polled, and said so once', async () => {
  const warnings: string[] = [];
  const watches = new RunFolderWatches({ stateDir, log: { ...silentLog, warn: message => warnings.push(message) } });
  const ids = randomIds();
  let looks = 0;
  // What cannot be a folder is refused like those beyond the user's limit of watches.
  await writeFile(join(stateDir, 'runs'), '');
  const found = [ids.next<'run'>(), ids.next<'run'>()].map((run: RunId) =>
    watches.waitFor({
      run,
      files: ['exit.json'],
      signal: new AbortController().signal,
      look: () => (++looks > 6 ? 'there' : undefined),
    }),
  );
  expect(await Promise.all(found)).toEqual(['there', 'there']);
  expect(warnings).toHaveLength(1);
});

test('a folder that is made later is watched from then on, and nothing is said about it', async () => {
  const warnings: string[] = [];
  const watches = new RunFolderWatches({ stateDir, log: { ...silentLog, warn: message => warnings.push(message) } });
  const run = randomIds().next<'run'>();
  const file = join(stateDir, 'runs', run, 'exit.json');
  const found = watches.waitFor({
    run,
    files: ['exit.json'],
    signal: new AbortController().signal,
    look: () => existsSync(file) || undefined,
  });
  await mkdir(join(stateDir, 'runs', run), { recursive: true });
  await writeFile(file, '{}');
  expect(await found).toBe(true);
  expect(warnings).toEqual([]);
});

test('a folder that somebody waited for is watched as soon as somebody else does, and not at the next poll', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const watches = new RunFolderWatches({ stateDir, log: silentLog });
  const run = randomIds().next<'run'>();
  const file = join(stateDir, 'runs', run, 'exit.json');
  let first: 'nothing' | 'heard' = 'nothing';
  const early = watches.subscribe(run, ['exit.json'], () => (first = 'heard'));
  await mkdir(join(stateDir, 'runs', run), { recursive: true });
  const heard = new Promise<string>(resolve => {
    const late = watches.subscribe(run, ['exit.json'], () => {
      void late.dispose();
      resolve(first);
    });
  });
  await writeFile(file, '{}');
  expect(await heard).toBe('heard');
  await early.dispose();
});

test('a run is watched to its end without any notification', async () => {
  const runs = await ProcessRuns.open({ stateDir });
  const run = randomIds().next<'run'>();
  const exit = runs.sandbox.directory.waitForExit(run, new AbortController().signal);
  await runs.sandbox.directory.create(run, { spec: {}, prompt: '', files: {} });
  const launch = {
    run,
    argv: ['sh', '-c', 'exit 4'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: stateDir,
    stdin: 'none' as const,
  };
  await runs.sandbox.runs.start(launch, new AbortController().signal);
  expect(await exit).toMatchObject({ code: 4 });
  await runs.dispose();
});
