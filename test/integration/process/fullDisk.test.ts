import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Wrapper } from '../../../src/drivers/process/processRunDriver.js';
import { ProcessRuns } from '../../support/processRuns.js';

/** A disk of 16 MB where this user may mount one; else files of at most 4 MB for the wrapper and all its children. */
const mounted = mkdtempSync(join(tmpdir(), 'muster-probe-'));
const canMount = mountSmallDisk(mounted);
if (canMount) unmount(mounted);
rmSync(mounted, { recursive: true });
const means = canMount ? 'a tmpfs of 16 MB' : 'a file-size limit of 4 MB (ulimit -f)';
console.log(`Full state directory: tested with ${means}.`);

let stateDir: string;
let runs: ProcessRuns;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'muster-full-'));
  if (canMount) mountSmallDisk(stateDir);
  runs = await ProcessRuns.open({ stateDir, ...(canMount ? {} : { wrapper: limitedWrapper() }) });
});

afterEach(async () => {
  await runs.dispose();
  if (canMount) unmount(stateDir);
  rmSync(stateDir, { recursive: true, force: true });
});

function mountSmallDisk(folder: string): boolean {
  return spawnSync('sh', ['-c', 'mount -t tmpfs -o size=16m,mode=0700 muster-test "$0"', folder]).status === 0;
}

function unmount(folder: string): void {
  spawnSync('sh', ['-c', 'umount -l "$0"', folder]);
}

function limitedWrapper(): Wrapper {
  const shell = join(stateDir, 'limited-sh');
  writeFileSync(shell, '#!/bin/sh\nulimit -f 8000\nexec /bin/sh "$@"\n');
  chmodSync(shell, 0o700);
  return { kind: 'shell', shell };
}

/** Takes the last free byte of the disk, as another program would. */
function fillDisk(): void {
  spawnSync('sh', ['-c', 'head -c 20000000 /dev/zero >filler; head -c 5000 /dev/zero >>filler'], { cwd: stateDir });
}

test(`a run whose output fills the disk ends with what could be written (${means})`, async () => {
  const heard = await runs.start(
    `trap '' XFSZ; yes 0123456789 | head -c 40000000; echo "the agent went on" >&2; exit 7`,
  );
  expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: 7 } });
  expect(heard.lineCount).toBeGreaterThan(100_000);
  const size = statSync(join(runs.sandbox.directory.path(heard.run), 'stdout.ndjson')).size;
  expect(size).toBeGreaterThan(3_000_000);
  expect(heard.lines.at(-1)?.end).toBe(size);
  expect(heard.ends).toBe(1);
});

test.runIf(canMount)('a run that was prepared before the disk filled up still starts and ends', async () => {
  const { directory, runs: driver } = runs.sandbox;
  const heard = await runs.start('while [ -e filling ]; do sleep 0.01; done; exit 3');
  await directory.waitForStart(heard.run, new AbortController().signal);
  fillDisk();
  expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: 3 } });
  // The wrapper itself ends just after it has written how the run ended.
  await expect.poll(() => driver.isAlive(heard.run)).toBe(false);
});

test.runIf(canMount)('a run that cannot be prepared any more says what is wrong', async () => {
  fillDisk();
  await expect(runs.start('exit 0')).rejects.toMatchObject({ code: 'state.unwritable' });
});
