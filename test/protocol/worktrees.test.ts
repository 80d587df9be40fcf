import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { tempDirectory } from '../support/tempDirectory.ts';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "echo done > done.txt"]}
agents:
  dev: {provider: shell}
`;

function setting(compose = file) {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': compose });
  const at = { cwd: repository };
  return {
    home,
    git: (...args: readonly string[]): string =>
      execFileSync('git', args, { cwd: repository, env: { ...process.env, ...home.env }, encoding: 'utf8' }).trim(),
    muster: (...args: readonly string[]) => home.muster(args, at),
  };
}

interface Row {
  readonly thread_id: string;
  readonly path: string;
  readonly state?: string;
  readonly reason?: string;
  readonly processes: readonly { readonly pid: number }[];
}

test('cleaning up takes what is merged, leaves a folder that a program works in, and asks for the rest by name', async () => {
  const { muster, git } = setting();
  await muster('up', '--yes');
  const [kept = ''] = (await muster('dispatch', 'dev', 'Ready', '--wait')).stdout.split(' ');
  const [merged = ''] = (await muster('dispatch', 'dev', 'Merged', '--wait')).stdout.split(' ');
  expect(await muster('merge', merged)).toMatchObject({ status: 0 });
  const listed = JSON.parse((await muster('worktrees', '--json')).stdout) as { worktrees: Row[] };
  const path = listed.worktrees.find(({ thread_id }) => thread_id.startsWith(merged))?.path ?? '';

  const editor = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)'], {
    cwd: path,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(editor, 'exit');
  onTestFinished(() => void editor.kill('SIGKILL'));
  await once(editor.stdout, 'data');
  const busy = await muster('worktrees', 'clean', '--force');
  expect(busy).toMatchObject({ status: 0, stdout: expect.stringContaining(`(${editor.pid}) works in it`) });
  expect(existsSync(path)).toBe(true);
  editor.kill('SIGKILL');
  await ended;

  expect((await muster('worktrees', 'clean')).stdout).toContain('1 worktree would be removed; --force does it.');
  const { worktrees } = JSON.parse((await muster('worktrees', 'clean', '--force', '--json')).stdout) as {
    worktrees: Row[];
  };
  expect(Object.fromEntries(worktrees.map(({ thread_id, state, reason }) => [thread_id, reason ?? state]))).toEqual({
    [worktrees.find(({ thread_id }) => thread_id.startsWith(merged))?.thread_id ?? '']: 'removed',
    [worktrees.find(({ thread_id }) => thread_id.startsWith(kept))?.thread_id ?? '']: 'it has work that was not merged',
  });
  expect(existsSync(path)).toBe(false);

  expect((await muster('worktrees', 'clean', '--older-than', '1d', '--unmerged', '--force')).stdout).toBe(
    'Removed 0 worktrees.\n',
  );
  expect((await muster('worktrees', 'clean', '--unmerged', '--force')).stdout).toContain('kept as refs/muster/rescue/');
  expect(git('worktree', 'list').split('\n')).toHaveLength(1);
  expect(await muster('restore', kept)).toMatchObject({ status: 0 });
});

test('a worktree made by hand becomes a thread, goes on under an agent, lands, and leaves its branch when it goes', async () => {
  const { muster, git } = setting();
  await muster('up', '--yes');
  const path = join(tempDirectory(), 'by-hand');
  git('worktree', 'add', '--quiet', '-b', 'by-hand', path);
  writeFileSync(join(path, 'mine.txt'), 'mine\n');
  expect((await muster('worktrees')).stdout).toContain(`Made by others: ${path} (on by-hand)`);

  const adopted = JSON.parse((await muster('worktrees', 'adopt', path, '--json')).stdout) as {
    thread: { thread_id: string; status: string };
  };
  const id = adopted.thread.thread_id;
  expect(adopted.thread.status).toBe('ready');
  expect(await muster('dispatch', 'dev', 'Go on', '--thread', id, '--wait')).toMatchObject({ status: 0 });
  expect(await muster('merge', id)).toMatchObject({ status: 0 });
  expect(git('ls-tree', '--name-only', 'HEAD').split('\n')).toEqual([
    'README.md',
    'agent-compose.yml',
    'done.txt',
    'mine.txt',
  ]);

  expect((await muster('worktrees', 'clean', '--force')).stdout).toContain('Removed 1 worktree.');
  expect(existsSync(path)).toBe(false);
  expect(git('branch', '--list', 'by-hand')).toContain('by-hand');
  expect(await muster('restore', id)).toMatchObject({ status: 0 });
});

test('an adopted worktree has ports from the beginning, and is set up once, before its first run', async () => {
  const { muster, git } = setting(`name: shop
providers:
  shell: {command: sh, args: ["-c", "echo port $API_PORT"]}
agents:
  dev:
    provider: shell
    workspace: {provider: worktree, setup: ["echo made >> setup.txt"], ports: [API_PORT]}
`);
  await muster('up', '--yes');
  const path = join(tempDirectory(), 'by-hand');
  git('worktree', 'add', '--quiet', '-b', 'by-hand', path);
  const { thread } = JSON.parse((await muster('worktrees', 'adopt', path, '--json')).stdout) as {
    thread: { thread_id: string };
  };
  const id = thread.thread_id;
  // Nothing is changed in it by being adopted.
  expect(existsSync(join(path, 'setup.txt'))).toBe(false);
  expect((await muster('worktrees', 'setup', id)).stdout).toMatch(/before its first run\. Its ports begin at \d+/);
  const port = (await muster('exec', id, '--', 'sh', '-c', 'echo $API_PORT')).stdout.trim();
  expect(port).toMatch(/^2\d{4}$/);
  for (const words of ['Begin', 'Go on'])
    expect(await muster('dispatch', 'dev', words, '--thread', id, '--wait')).toMatchObject({ status: 0 });
  expect((await muster('logs', id)).stdout.match(new RegExp(`port ${port}`, 'g'))).toHaveLength(2);
  expect(readFileSync(join(path, 'setup.txt'), 'utf8')).toBe('made\n');
});

test('where the file says so a worktree goes when its thread has landed, unless somebody is in it, and can be restored', async () => {
  const { muster, git, home } = setting(`${file}merge: {remove_worktree: true}\n`);
  await muster('up', '--yes');
  const worktreeOf = async (id: string): Promise<string> =>
    (
      JSON.parse((await muster('ps', '--all', '--json')).stdout) as {
        threads: { thread_id: string; worktree?: string }[];
      }
    ).threads.find(({ thread_id }) => thread_id === id)?.worktree ?? '';
  const dispatch = async (words: string): Promise<string> =>
    (JSON.parse((await muster('dispatch', 'dev', words, '--wait', '--json')).stdout) as { thread_id: string })
      .thread_id;
  const first = await dispatch('First');
  const path = await worktreeOf(first);
  expect(existsSync(path)).toBe(true);
  expect(await muster('merge', first)).toMatchObject({ status: 0 });
  await vi.waitFor(async () => expect(await worktreeOf(first)).toBe(''), { timeout: 60_000 });
  expect(existsSync(path)).toBe(false);
  expect(git('show', 'HEAD:done.txt')).toBe('done');
  expect(await muster('restore', first)).toMatchObject({ status: 0 });
  expect(existsSync(join(await worktreeOf(first), 'done.txt'))).toBe(true);

  // What somebody has brought back is not taken away again by the next host.
  await home.killHost();
  expect((await muster('worktrees', 'clean')).stdout).toContain('1 worktree would be removed');

  const second = await dispatch('Second');
  writeFileSync(join(await worktreeOf(second), 'more.txt'), 'more\n');
  expect(await muster('merge', second)).toMatchObject({ status: 0 });
  await vi.waitFor(async () => expect(await worktreeOf(second)).toBe(''), { timeout: 60_000 });
  expect(git('show', 'HEAD:more.txt')).toBe('more');
});
