import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

function find(command: string, path?: string, from = '/nowhere'): string | undefined {
  return findCommand(command, { env: path === undefined ? {} : { PATH: path }, cwd: from });
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
  for (const path of ['', ':', `${cwd}/a:`, undefined]) expect(find('tool', path, cwd)).toBeUndefined();
});

test('a path is taken from the working directory', async () => {
  const tool = await program('a/tool');
  expect(find('./a/tool', '', cwd)).toBe(tool);
  expect(find(tool, '')).toBe(tool);
  expect(find('./a/other', '', cwd)).toBeUndefined();
  expect(find('', '/bin')).toBeUndefined();
});

test('a relative folder of PATH is passed over', async () => {
  await program('a/tool');
  expect(find('tool', 'a:./a', cwd)).toBeUndefined();
});

test('a program in an untrusted folder is passed over, also behind a link', async () => {
  await mkdir(join(cwd, 'work'));
  const real = await program('b/tool');
  await program('a/tool');
  await mkdir(join(cwd, 'links'));
  await symlink(join(cwd, 'a/tool'), join(cwd, 'links/tool'));
  const within = { cwd: join(cwd, 'work'), untrusted: [join(cwd, 'a')] };
  const path = `${cwd}/links:${cwd}/a:${cwd}/b`;
  expect(findCommand('tool', { env: { PATH: path }, ...within })).toBe(real);
  // A repository of dotfiles holds everything; what the user has below the home folder stays the user's.
  const dotfiles = { cwd: join(cwd, 'work'), untrusted: [dirname(homedir()), homedir()] };
  expect(findCommand('tool', { env: { PATH: path }, ...dotfiles })).toBe(join(cwd, 'links/tool'));
});
