import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findCommand } from '../../../src/drivers/process/findCommand.js';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'muster-path-'));
  for (const folder of ['a', 'b']) await mkdir(join(cwd, folder));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function program(path: string, mode = 0o755): Promise<string> {
  await writeFile(join(cwd, path), '');
  await chmod(join(cwd, path), mode);
  return join(cwd, path);
}

function find(command: string, path?: string): string | undefined {
  return findCommand(command, { env: path === undefined ? {} : { PATH: path }, cwd });
}

test('the first folder of PATH that has the program counts', async () => {
  const [first, second] = [await program('a/tool'), await program('b/tool')];
  expect(find('tool', `${cwd}/a:${cwd}/b`)).toBe(first);
  expect(find('tool', `${cwd}/nowhere:${cwd}/b:${cwd}/a`)).toBe(second);
});

test('what cannot be executed is passed over: a plain file, a folder', async () => {
  await program('a/tool', 0o644);
  await mkdir(join(cwd, 'tool'));
  const real = await program('b/tool');
  expect(find('tool', `${cwd}:${cwd}/a:${cwd}/b`)).toBe(real);
});

test('a program in the working directory is not found by its name, whatever PATH leaves empty', async () => {
  await program('tool');
  for (const path of ['', ':', `${cwd}/a:`, undefined]) expect(find('tool', path)).toBeUndefined();
});

test('a path is taken from the working directory', async () => {
  const tool = await program('a/tool');
  expect(find('./a/tool', '')).toBe(tool);
  expect(find(tool, '')).toBe(tool);
  expect(find('./a/other', '')).toBeUndefined();
  expect(find('', '/bin')).toBeUndefined();
});
