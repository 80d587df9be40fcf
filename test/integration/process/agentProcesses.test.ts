import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLinuxProcessTable } from '../../../src/drivers/process/linuxProcessTable.js';
import type { HeardRun } from '../../support/processRuns.js';
import { ProcessRuns } from '../../support/processRuns.js';

let runs: ProcessRuns;
beforeEach(async () => {
  runs = await ProcessRuns.open();
});
afterEach(() => runs.dispose());

/** Writes its number to a file, leaves the session, and cannot be asked to go. */
const stubbornGrandchild = `setsid sh -c 'trap "" TERM HUP INT; echo $$ >grandchild; while :; do sleep 1000; done' &
  while [ ! -s grandchild ]; do sleep 0.01; done`;

function grandchild(): number {
  return Number(readFileSync(join(runs.stateDir, 'grandchild'), 'utf8'));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function wrapperOf(heard: HeardRun): number {
  const file = join(runs.sandbox.directory.path(heard.run), 'pid');
  return (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid;
}

/**
 * A process that did not start when that one did. The kernel tells starts in hundredths of a second, and a short run with whatever
 * comes after it fits into one; a number comes round again only after all others were given away.
 */
async function startedAtAnotherTime(start: string): Promise<ChildProcess> {
  const table = createLinuxProcessTable();
  for (;;) {
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const entry = await table.find(child.pid ?? 0);
    if (entry && !table.sameStart(entry.start, start)) return child;
    child.kill('SIGKILL');
  }
}

describe('cancelling', () => {
  test('reaches a grandchild that left the session and ignores SIGTERM', async () => {
    const heard = await runs.start(`${stubbornGrandchild}; echo up; sleep 1000`, { limits: { graceMs: 200 } });
    await heard.said('up');
    expect(isAlive(grandchild())).toBe(true);
    await runs.supervisor.cancel(heard.run);
    expect(isAlive(grandchild())).toBe(false);
    expect(await heard.ended).toEqual({ kind: 'cancelled' });
    expect(heard.ends).toBe(1);
  });

  test('reaches what hides its environment as long as it stays in the group', async () => {
    const heard = await runs.start(
      `env -i sh -c 'trap "" TERM; echo $$ >grandchild; while :; do /bin/sleep 1000; done' & while [ ! -s grandchild ]; do sleep 0.01; done; echo up; wait`,
      { limits: { graceMs: 200 } },
    );
    await heard.said('up');
    await runs.supervisor.cancel(heard.run);
    expect(isAlive(grandchild())).toBe(false);
  });

  test('gives the agent its grace, and hears its last words', async () => {
    const heard = await runs.start(`trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done`);
    await heard.said('up');
    await runs.supervisor.cancel(heard.run);
    expect(heard.texts).toEqual(['up', 'bye']);
    expect(await runs.sandbox.directory.readExit(heard.run)).toMatchObject({ code: 0 });
  });

  test('at any moment of a start leaves nothing alive and ends the run once', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const heard = await runs.start('echo up; sleep 1000', { limits: { graceMs: 300 } });
      // Each round gets a little further before it is cancelled.
      for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve));
      await runs.supervisor.cancel(heard.run);
      expect(await heard.ended).toEqual({ kind: 'cancelled' });
      expect(await runs.sandbox.runs.isAlive(heard.run)).toBe(false);
    }
  });
});

describe('a wrapper that is killed alone', () => {
  test('leaves the agent watched to its end, which is then lost', async () => {
    const heard = await runs.start('echo up; while [ ! -e go ]; do sleep 0.01; done; printf "on I went\\nlast"');
    await heard.said('up');
    process.kill(wrapperOf(heard), 'SIGKILL');
    await expect.poll(() => isAlive(wrapperOf(heard))).toBe(false);
    expect(await runs.sandbox.runs.isAlive(heard.run)).toBe(true);
    await writeFile(join(runs.stateDir, 'go'), '');
    expect(await heard.ended).toMatchObject({ kind: 'lost', started: true });
    expect(heard.texts).toEqual(['up', 'on I went', 'last']);
  });

  test('still lets the agent be cancelled', async () => {
    const heard = await runs.start(`${stubbornGrandchild}; echo up; sleep 1000`, { limits: { graceMs: 200 } });
    await heard.said('up');
    process.kill(wrapperOf(heard), 'SIGKILL');
    await runs.supervisor.cancel(heard.run);
    expect(isAlive(grandchild())).toBe(false);
    expect(await runs.sandbox.runs.isAlive(heard.run)).toBe(false);
  });
});

test('what an agent leaves in the background is ended after it', async () => {
  const heard = await runs.start(`${stubbornGrandchild}; echo done`, { limits: { graceMs: 200 } });
  expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: 0 } });
  await expect.poll(() => isAlive(grandchild())).toBe(false);
});

test('a stranger who got the number of an ended wrapper is not touched', async () => {
  const heard = await runs.start('exit 0');
  await heard.ended;
  await runs.supervisor.cancel(heard.run);
  const file = join(runs.sandbox.directory.path(heard.run), 'pid');
  const identity = JSON.parse(readFileSync(file, 'utf8')) as { start: string };
  const stranger = await startedAtAnotherTime(identity.start);
  try {
    await writeFile(file, JSON.stringify({ ...identity, pid: stranger.pid, group: stranger.pid }));
    expect(await runs.sandbox.runs.isAlive(heard.run)).toBe(false);
    await runs.sandbox.runs.stop(heard.run, { graceMs: 0 });
    expect(isAlive(stranger.pid ?? 0)).toBe(true);
  } finally {
    stranger.kill('SIGKILL');
  }
});

test('a wrapper of before the last boot is not looked for', async () => {
  const heard = await runs.start('echo up; sleep 1000');
  await heard.said('up');
  const file = join(runs.sandbox.directory.path(heard.run), 'pid');
  const identity = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
  const run = '0123456789ab' as typeof heard.run;
  await runs.sandbox.directory.create(run, { spec: {}, prompt: '', files: {} });
  await writeFile(join(runs.sandbox.directory.path(run), 'pid'), JSON.stringify({ ...identity, boot: 'another' }));
  expect(await runs.sandbox.runs.isAlive(run)).toBe(false);
  await runs.sandbox.runs.stop(run, { graceMs: 0 });
  expect(isAlive(identity.pid)).toBe(true);
});

test('an agent handles signals as if it had been started by hand', async () => {
  // A background child of a shell script would have SIGINT ignored, and could not unignore it for its own children.
  const heard = await runs.start(`sed -n 's/^SigIgn:\\s*//p' /proc/self/status`);
  await heard.ended;
  expect(Number.parseInt(heard.texts[0] ?? '', 16) & 0x4007).toBe(0);
});

test('twenty starts at once all run, once, with their own output', async () => {
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      runs.start(`cat; echo "agent ${index}"; exit ${index}`, { prompt: `task ${index}\n` }),
    ),
  );
  for (const [index, heard] of all.entries()) {
    expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: index } });
    expect(heard.texts).toEqual([`task ${index}`, `agent ${index}`]);
    expect({ starts: heard.starts, ends: heard.ends }).toEqual({ starts: 1, ends: 1 });
  }
});
