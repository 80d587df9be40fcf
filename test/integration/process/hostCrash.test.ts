import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { journalPath, readJournal } from '../../support/crashingHost.js';
import type { CrashingHostOptions } from '../../support/crashingHost.js';
import { ProcessRuns, testPath } from '../../support/processRuns.js';
import { randomIds } from '../../support/randomIds.js';
import { randomFrom, seed, soaking } from '../../support/sample.js';

const runs = soaking ? 50 : 10;
const expectedLines = [...Array.from({ length: 30 }, (_, index) => `line ${index}`), 'unfinished'];

/** Notes that it ran, then talks for a while. */
const agent = `printf x >>"$RAN"; i=0; while [ $i -lt 30 ]; do echo "line $i"; i=$((i+1)); [ $((i % 6)) = 0 ] && sleep 0.02; done; printf unfinished`;

/** A shell that makes the wrapper pause before and after its claim and after it wrote `pid`, so that hosts die in between. */
const slowShell = `#!/bin/sh
sleep "$PAUSE_1"
wrapper=$2
shift 3
true() { sleep "$PAUSE_2"; }
printf() { command printf "$@" || return; sleep "$PAUSE_3" || :; }
eval "$wrapper"
`;

let folder: string;
let hostFile: string;
let shell: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-crash-'));
  hostFile = join(folder, 'crashingHost.mjs');
  shell = join(folder, 'slow-sh');
  await writeFile(shell, slowShell);
  await chmod(shell, 0o700);
  await build({
    entryPoints: [join(import.meta.dirname, '../../support/crashingHost.ts')],
    outfile: hostFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs one host to its end, which is its death when its options say so. */
async function host(options: CrashingHostOptions): Promise<void> {
  const child = spawn(process.execPath, [hostFile, JSON.stringify(options)], { stdio: 'inherit' });
  await once(child, 'exit');
}

test(`hosts killed at random points of ${runs} runs (seed ${seed}): each runs at most once and ends once, with all it said`, async () => {
  const random = randomFrom(seed);
  const ids = randomIds();
  const pause = (): string => (random() < 0.5 ? '0' : (random() * 0.12).toFixed(3));
  let ran = 0;
  for (let index = 0; index < runs; index++) {
    const run = ids.next<'run'>();
    const mark = join(folder, `${run}.ran`);
    const env = { PATH: testPath, RAN: mark, PAUSE_1: pause(), PAUSE_2: pause(), PAUSE_3: pause() };
    const options = { stateDir: folder, run, argv: ['sh', '-c', agent], env, shell };
    const deaths = [random() < 0.5 ? ('spawned' as const) : Math.floor(random() * 300)];
    while (random() < 0.5) deaths.push(Math.floor(random() * 200));
    for (const dies of deaths) await host({ ...options, dies });
    await host(options);

    const journal = readJournal(journalPath(folder, run));
    const said = journal.flatMap(entry => (entry.kind === 'lines' ? entry.texts : []));
    const ends = journal.flatMap(entry => (entry.kind === 'ended' ? [entry.end] : []));
    const times = (await readFile(mark, 'utf8').catch(() => '')).length;
    const story = JSON.stringify({ index, deaths, env, ends, times });
    expect(ends, story).toHaveLength(1);
    if (times === 0) {
      expect(ends[0], story).toMatchObject({ kind: 'lost' });
      expect(said, story).toEqual([]);
    } else {
      ran++;
      expect(times, story).toBe(1);
      expect(ends[0], story).toMatchObject({ kind: 'exited', exit: { code: 0 } });
      expect(said, story).toEqual(expectedLines);
    }
    const left = await ProcessRuns.open({ stateDir: folder });
    // The last host may have died while its wrapper was on its last line.
    await expect.poll(() => left.sandbox.runs.isAlive(run), { message: story, timeout: 30_000 }).toBe(false);
  }
  // Otherwise the sample has tested the death of hosts before anything began, and nothing else.
  expect(ran).toBeGreaterThan(runs / 4);
});

/** What becomes of a run that never began when each of these hosts dies as it says, and the last one lives. */
async function neverBegan(hosts: readonly Partial<CrashingHostOptions>[], pause = '0'): Promise<unknown> {
  const run = randomIds().next<'run'>();
  const mark = join(folder, `${run}.ran`);
  const env = { PATH: testPath, RAN: mark, PAUSE_1: pause, PAUSE_2: '0', PAUSE_3: '0' };
  for (const each of [...hosts, {}])
    await host({ stateDir: folder, run, argv: ['sh', '-c', agent], env, shell, ...each });
  const left = await ProcessRuns.open({ stateDir: folder });
  await expect.poll(() => left.sandbox.runs.isAlive(run), { timeout: 30_000 }).toBe(false);
  expect(await readFile(mark, 'utf8').catch(() => 'never')).toBe('never');
  const ends = readJournal(journalPath(folder, run)).flatMap(entry => (entry.kind === 'ended' ? [entry.end] : []));
  expect(ends).toHaveLength(1);
  return ends[0];
}

test('a run that never began may be begun anew, though each host that gave it up was killed when it had claimed its start', async () => {
  const hosts = [{ dies: 'made' }, { dies: 'claimed' }, { dies: 'claimed' }] as const;
  expect(await neverBegan(hosts)).toMatchObject({ kind: 'lost', started: false });
});

test('the same with a wrapper on its way, which finds its start taken', async () => {
  const hosts = [{ dies: 'spawned' }, { dies: 'claimed' }] as const;
  expect(await neverBegan(hosts, '0.6')).toMatchObject({ kind: 'lost', started: false });
});

test('a run that a person cancelled stays cancelled, though the host was killed before it had said so', async () => {
  const hosts = [{ dies: 'claimed', cancels: true }] as const;
  expect(await neverBegan(hosts, '0.6')).toEqual({ kind: 'cancelled' });
});
