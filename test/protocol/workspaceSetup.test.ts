import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

function compose(workspace: string): string {
  return `name: shop
providers:
  shell: {command: sh, args: ["-c", "env | grep PORT; cat .env; ls -a; date > stamp.txt"]}
agents:
  dev:
    provider: shell
    workspace: {provider: worktree, ${workspace}}
`;
}

interface Started {
  readonly thread_id: string;
  readonly worktree: string;
}

async function started(home: TestHome, repository: string, ...more: readonly string[]) {
  const told = await home.muster(['dispatch', 'dev', 'Work', '--wait', '--json', ...more], { cwd: repository });
  const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as { threads: readonly Started[] };
  const thread = threads[0] ?? expect.unreachable();
  const logs = await home.muster(['logs', thread.thread_id], { cwd: repository });
  return { told, thread, said: logs.stdout };
}

test('a new worktree gets the untracked files that are named, and its own ports, again in every run', async () => {
  const home = testHome(programs);
  const repository = testRepository({
    'agent-compose.yml': compose('files: [.env, "config/*.local"], ports: [API_PORT]'),
    '.gitignore': '.env\n*.local\n*.key\n',
    '.worktreeinclude': '# for agents\n*.key\n!secret.key\n',
    'config/tracked.local.txt': 'tracked\n',
  });
  for (const [name, text] of Object.entries({
    '.env': 'COLOR=green\n',
    'config/a.local': 'a\n',
    'build.key': 'k\n',
    'secret.key': 's\n',
    'other.txt': 'o\n',
  }))
    writeFileSync(join(repository, name), text);
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const { thread, said } = await started(home, repository);
  expect(said).toContain('COLOR=green');
  const has = (name: string): boolean => existsSync(join(thread.worktree, name));
  expect(['.env', 'config/a.local', 'build.key', 'secret.key', 'other.txt'].map(has)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  const port = /^\s*MUSTER_PORT=(\d+)$/m.exec(said)?.[1];
  expect(said).toContain(`API_PORT=${port}`);
  expect(said).toContain(`MUSTER_PORT_9=${Number(port) + 9}`);
  const printed = await home.muster(['exec', thread.thread_id, '--', 'sh', '-c', 'echo $API_PORT'], {
    cwd: repository,
  });
  expect(printed.stdout.trim()).toBe(port);
  await home.killHost();
  await home.muster(['dispatch', 'dev', 'Again', '--thread', thread.thread_id, '--wait'], { cwd: repository });
  const again = await home.muster(['logs', thread.thread_id], { cwd: repository });
  expect(again.stdout.match(new RegExp(`^\\s*API_PORT=${port}$`, 'gm'))).toHaveLength(2);
  // They are git's business as little as in the checkout.
  const diff = await home.muster(['diff', thread.thread_id, '--stat'], { cwd: repository });
  expect(diff.stdout).toContain('stamp.txt');
  expect(diff.stdout).not.toContain('.env');
});

test('setup runs before the first run; one that fails keeps the agent from starting until it succeeds or is skipped', async () => {
  const home = testHome(programs);
  const repository = testRepository({
    'agent-compose.yml': compose(
      'setup: ["echo preparing on $MUSTER_PORT > made.txt; echo x > not-ignored.txt", "test -f $MUSTER_REPOSITORY/allowed || { echo no permission; exit 7; }"], teardown: "echo bye $MUSTER_THREAD_ID > $MUSTER_REPOSITORY/gone.txt"',
    ),
    '.gitignore': 'made.txt\nallowed\ngone.txt\n.env\n',
  });
  await home.muster(['up', '--yes'], { cwd: repository });
  const { told, thread } = await started(home, repository);
  const id = thread.thread_id;
  expect(told.status).not.toBe(0);
  const shown = await home.musterJson(['inspect', 'sandbox', id], { cwd: repository });
  expect(JSON.stringify(shown) + told.stdout + told.stderr).toContain('status 7');
  expect(existsSync(join(thread.worktree, 'stamp.txt'))).toBe(false);
  const setup = await home.muster(['worktrees', 'setup', id, '--json'], { cwd: repository });
  expect(setup.status).toBe(1);
  expect(JSON.parse(setup.stdout)).toMatchObject({
    state: 'failed',
    exit_code: 7,
    output: expect.stringContaining('no permission'),
  });

  const skipped = await home.muster(['worktrees', 'setup', id, '--skip'], { cwd: repository });
  expect(skipped.stderr).toContain('dev is asked again');
  await home.muster(['wait', id], { cwd: repository });
  expect(existsSync(join(thread.worktree, 'stamp.txt'))).toBe(true);
  const nothing = await home.muster(['worktrees', 'setup', id, '--skip'], { cwd: repository });
  expect(nothing).toMatchObject({ status: 2, stderr: expect.stringContaining('nothing to go on without') });

  writeFileSync(join(repository, 'allowed'), '');
  const second = await started(home, repository);
  expect(readFileSync(join(second.thread.worktree, 'made.txt'), 'utf8')).toMatch(/^preparing on \d+\n$/);
  // What it made is not the agent's work, ignored or not.
  const shownDiff = await home.muster(['diff', second.thread.thread_id, '--stat'], { cwd: repository });
  expect(shownDiff.stdout).toContain('stamp.txt');
  expect(shownDiff.stdout).not.toContain('not-ignored.txt');
  await home.muster(['abandon', second.thread.thread_id], { cwd: repository });
  expect(readFileSync(join(repository, 'gone.txt'), 'utf8')).toBe(`bye ${second.thread.thread_id}\n`);
});

test('nothing is copied over what the base has, and nothing to where a link of it leads', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': compose('files: ["*.local", "conf/"], base: agents') });
  const outside = testRepository();
  const run = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], { cwd: repository });
  run('switch', '-q', '-c', 'agents');
  symlinkSync(outside, join(repository, 'conf'));
  writeFileSync(join(repository, 'a.local'), 'of the base\n');
  run('add', '-A', '-f');
  run('commit', '-qm', 'link');
  run('switch', '-q', 'main');
  mkdirSync(join(repository, 'conf'));
  writeFileSync(join(repository, 'conf', 'planted.txt'), 'x\n');
  writeFileSync(join(repository, 'a.local'), 'of the checkout\n');
  await home.muster(['up', '--yes'], { cwd: repository });
  const { thread } = await started(home, repository);
  expect(existsSync(join(outside, 'planted.txt'))).toBe(false);
  expect(readFileSync(join(thread.worktree, 'a.local'), 'utf8')).toBe('of the base\n');
  const { notes } = (await home.musterJson(['inspect', 'sandbox', thread.thread_id], { cwd: repository })) as {
    notes?: readonly string[];
  };
  expect(notes ?? []).toEqual([expect.stringContaining('conf/planted.txt')]);
});
