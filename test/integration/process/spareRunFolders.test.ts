import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RunId } from '../../../src/base/ids.js';
import { ProcessRuns } from '../../support/processRuns.js';
import { randomIds } from '../../support/randomIds.js';

const contents = { spec: { agent: 'dev' }, prompt: 'Do it', files: { 'system.txt': 'Be kind' } };

async function opened() {
  const stateDir = await mkdtemp(join(tmpdir(), 'muster-spare-'));
  const runs = await ProcessRuns.open({ stateDir });
  onTestFinished(async () => {
    await runs.dispose();
    await runs.sandbox.dispose();
    await rm(stateDir, { recursive: true, force: true });
  });
  const spare = async (): Promise<string[]> => await readdir(join(stateDir, 'spare')).catch(() => []);
  const create = async (): Promise<RunId> => {
    const run = randomIds().next<'run'>();
    await runs.sandbox.directory.create(run, contents);
    return run;
  };
  return { stateDir, runs, spare, create };
}

/** Names, modes and texts of everything in a run's folder. */
async function filesOf(folder: string): Promise<unknown> {
  const names = (await readdir(folder)).toSorted();
  const file = async (name: string): Promise<readonly [string, number, string]> => {
    const path = join(folder, name);
    return [name, (await stat(path)).mode, await readFile(path, 'utf8')];
  };
  return [(await stat(folder)).mode, await Promise.all(names.map(file))];
}

test('a run that gets a folder made before has exactly what one has that makes its own', async () => {
  const { stateDir, runs, spare, create } = await opened();
  const own = await create();
  runs.sandbox.prepare();
  await expect.poll(spare).toHaveLength(3);
  const given = await create();
  expect(await spare()).toHaveLength(2);
  expect(await filesOf(join(stateDir, 'runs', given))).toEqual(await filesOf(join(stateDir, 'runs', own)));
});

test('what an earlier host began of a run stays, and spare folders are made again when runs have begun', async () => {
  const { stateDir, runs, spare } = await opened();
  runs.sandbox.prepare();
  await expect.poll(spare).toHaveLength(3);
  const run = randomIds().next<'run'>();
  const folder = join(stateDir, 'runs', run);
  await mkdir(join(folder, 'started'), { recursive: true });
  await writeFile(join(folder, 'pid'), 'somebody');
  await runs.sandbox.directory.create(run, contents);
  expect(await readFile(join(folder, 'pid'), 'utf8')).toBe('somebody');
  expect(await runs.sandbox.directory.claimStart(run)).toBe('taken');
  expect(await spare()).toHaveLength(2);
  await (
    await runs.start('true')
  ).ended;
  await expect.poll(spare).toHaveLength(3);
});

test('what a killed host left of them goes with the next one, and all of them with a host that ends', async () => {
  const { stateDir, runs, spare } = await opened();
  await mkdir(join(stateDir, 'spare', 'run-left'), { recursive: true });
  runs.sandbox.prepare();
  await expect.poll(spare).toHaveLength(3);
  expect(await spare()).not.toContain('run-left');
  await runs.sandbox.dispose();
  expect(await readdir(stateDir)).not.toContain('spare');
});
