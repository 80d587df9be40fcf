import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createWorktreeProcesses, parseLsof } from '../../../src/drivers/process/processFolders.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

/** A program that works in a folder until the test ends. */
async function worker(cwd: string, env: Readonly<Record<string, string>> = {}): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)'], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

test.runIf(process.platform === 'linux')('tells who works in a folder or below it, through a link too', async () => {
  const folder = tempDirectory();
  const [work, beside] = [join(folder, 'work'), join(folder, 'work-beside')];
  await Promise.all([mkdir(join(work, 'deep'), { recursive: true }), mkdir(beside)]);
  await symlink(work, join(folder, 'link'));
  const [top, deep] = await Promise.all([worker(work), worker(join(work, 'deep'), { MUSTER_RUN_ID: 'r1' })]);
  await worker(beside);
  const [found, linked, nowhere] = await createWorktreeProcesses().inside([
    work,
    join(folder, 'link'),
    join(folder, 'gone'),
  ]);
  const byPid = (found ?? []).toSorted((a, b) => Number(a.pid === deep) - Number(b.pid === deep));
  expect(byPid).toEqual([
    { pid: top, name: expect.any(String) },
    { pid: deep, name: expect.any(String), run: 'r1' },
  ]);
  expect(linked).toEqual(found);
  expect(nowhere).toEqual([]);
});

test('reads what lsof lists', () => {
  const listing = ['p12', 'czsh', 'fcwd', 'n/Users/ada/shop', 'p13', 'cnode server', 'fcwd', 'n/tmp/a b', ''].join(
    '\n',
  );
  expect(parseLsof(listing)).toEqual([
    { pid: 12, name: 'zsh', folder: '/Users/ada/shop' },
    { pid: 13, name: 'node server', folder: '/tmp/a b' },
  ]);
});
