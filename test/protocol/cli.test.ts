import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/**
 * An agent that says what it was told, writes it to a file and, when a file `hold` is beside the repository, goes on until that
 * is gone.
 */
const agent = `name: shop
providers:
  writer:
    command: sh
    args:
      - -c
      - |
        cat > TASK.md
        head -c 60 TASK.md
        echo
        while [ -e "$HOLD" ]; do sleep 0.05; done
        echo finished
    env:
      HOLD: "\${HOLD}"
agents:
  dev:
    provider: writer
`;

interface Setting {
  readonly home: TestHome;
  readonly repository: string;
  readonly hold: string;
  /** Lets agents that are held go on. */
  release(): void;
}

async function setUp({ held = false, name = 'repo', more = '' } = {}): Promise<Setting> {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': agent + more }, { name });
  const hold = join(home.env['HOME'] ?? '', 'hold');
  if (held) writeFileSync(hold, '');
  const applied = await home.muster(['up', '--yes'], { cwd: repository, env: { HOLD: hold } });
  expect(applied).toMatchObject({ status: 0 });
  return { home, repository, hold, release: () => rmSync(hold, { force: true }) };
}

async function dispatch({ home, repository }: Setting, ...args: readonly string[]): Promise<string> {
  const { thread_id: id } = (await home.musterJson(['dispatch', 'dev', ...args], { cwd: repository })) as {
    thread_id: string;
  };
  return id;
}

const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();

describe('the whole path', () => {
  test.each(['repo', `it's a "repo" with spaces`])(
    'from a compose file to a merged commit in a folder called %s',
    async name => {
      const setting = await setUp({ name });
      const { home, repository } = setting;
      const id = await dispatch(setting, 'Add', 'a health check');
      expect(await home.muster(['wait', id.slice(0, 6), '--timeout', '60'], { cwd: repository })).toMatchObject({
        status: 0,
      });
      const { threads } = (await home.musterJson(['ps'], { cwd: repository })) as { threads: unknown };
      expect(threads).toMatchObject([
        {
          thread_id: id,
          agent: 'dev',
          status: 'ready',
          summary: 'Add a health check',
          latest_run: { status: 'succeeded', exit_code: 0 },
        },
      ]);
      const logs = await home.muster(['logs', id], { cwd: repository });
      expect(logs.stdout).toMatch(/you → dev\n {2}Add a health check\n[\s\S]*finished/);
      expect((await home.muster(['logs', id, '--raw'])).stdout).toBe('Add a health check\nfinished\n');
      expect((await home.muster(['diff', id], { cwd: repository })).stdout).toContain('+Add a health check');

      const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
      const merged = await home.musterJson(['merge', id, '--expect', head], { cwd: repository });
      expect(merged).toMatchObject({ status: 'merged', target: 'main' });
      expect(git(repository, 'log', '-1', '--format=%H')).toBe((merged as { commit: string }).commit);
      expect(readFileSync(join(repository, 'TASK.md'), 'utf8')).toContain('Add a health check');
    },
  );

  test('a task of a megabyte and one that begins with a dash arrive whole', async () => {
    const setting = await setUp();
    const { home, repository } = setting;
    const long = `-begin ${'漢字'.repeat(175_000)} end`;
    const answer = await home.muster(
      ['dispatch', 'dev', '--prompt-file', '-', '--summary', 'long', '--wait', '--json'],
      {
        cwd: repository,
        input: long,
      },
    );
    expect(answer.status).toBe(0);
    const { thread } = JSON.parse(answer.stdout) as { thread: { worktree: string } };
    expect(readFileSync(join(thread.worktree, 'TASK.md'), 'utf8')).toContain(long);
  });

  test('cancel, abandon and restore', async () => {
    const setting = await setUp({ held: true });
    const { home, repository } = setting;
    const id = await dispatch(setting, 'Work');
    await expect
      .poll(async () => (await home.muster(['logs', id])).stdout, { timeout: 30_000, interval: 200 })
      .toContain('  Work');
    expect(await home.musterJson(['cancel', id])).toMatchObject({ latest_run: { status: 'cancelled' } });
    const abandoned = (await home.musterJson(['abandon', id])) as { status: string; rescue: string };
    expect(abandoned.status).toBe('abandoned');
    expect(git(repository, 'rev-parse', '--verify', abandoned.rescue)).toMatch(/^[0-9a-f]{40}$/);
    const restored = (await home.musterJson(['restore', id])) as { worktree: string };
    expect(readFileSync(join(restored.worktree, 'TASK.md'), 'utf8')).toContain('Work');
  });
});

describe('waiting', () => {
  test('`dispatch --wait` and `wait` end when the branch has the work', { timeout: 120_000 }, async () => {
    const setting = await setUp();
    const { home, repository } = setting;
    const sent = (await home.musterJson(['dispatch', 'dev', 'Work', '--wait'], { cwd: repository })) as {
      thread: Record<string, string | number>;
    };
    const { branch, worktree, files_changed } = sent.thread;
    expect(files_changed).toBe(1);
    expect(git(repository, 'log', '--oneline', `main..${branch}`).split('\n')).toHaveLength(1);
    expect(git(String(worktree), 'status', '--porcelain')).toBe('');
  });

  test('ends on SIGINT with 130 and nothing on standard error', async () => {
    const setting = await setUp({ held: true });
    const id = await dispatch(setting, 'Work');
    const result = await setting.home.muster(['logs', id, '--follow'], {
      onStart: child => child.stdout?.once('data', () => child.kill('SIGINT')),
    });
    expect(result).toMatchObject({ status: 130, stderr: '' });
    expect(result.stdout).toContain('you → dev');
  });

  test('survives the host: it is started again, the agent goes on, nothing of its output is lost or said twice', async () => {
    const setting = await setUp({ held: true });
    const { home } = setting;
    const id = await dispatch(setting, 'Work');
    let seen = '';
    let killing: Promise<void> | undefined;
    const following = home.muster(['logs', id, '--follow'], {
      onStart: child =>
        child.stdout?.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          // The task, then the agent's first words.
          if (/ {2}Work\n[^]* {2}Work\n/.test(seen)) killing ??= home.killHost();
        }),
    });
    const waiting = home.muster(['wait', id, '--timeout', '120']);
    await expect.poll(() => killing !== undefined, { timeout: 30_000 }).toBe(true);
    await killing;
    await expect.poll(() => home.hostPid(), { timeout: 30_000 }).toBeDefined();
    setting.release();
    expect(await waiting).toMatchObject({ status: 0, stderr: '' });
    const { status, stdout } = await following;
    expect(status).toBe(0);
    expect(stdout.match(/finished/g)).toHaveLength(1);
    expect(stdout).toContain('succeeded');
  });

  test('ends with 3 when the host is gone and cannot be started again', async () => {
    const setting = await setUp({ held: true });
    const { home } = setting;
    const id = await dispatch(setting, 'Work');
    const waiting = home.muster(['wait', id], { env: { MUSTER_NODE: '/nowhere/node' } });
    await expect
      .poll(async () => ((await home.musterJson(['status'])) as { clients: number }).clients, { timeout: 30_000 })
      .toBe(1);
    await home.killHost();
    expect(await waiting).toMatchObject({ status: 3 });
    setting.release();
    expect(await home.muster(['wait', id, '--timeout', '60'])).toMatchObject({ status: 0 });
  });

  test('a timeout is 1 and an unknown thread 2', async () => {
    const setting = await setUp({ held: true });
    const id = await dispatch(setting, 'Work');
    expect(await setting.home.muster(['wait', id, '--timeout', '0.1'])).toMatchObject({ status: 1 });
    expect(await setting.home.muster(['wait', 'zzzzzz'])).toMatchObject({ status: 2 });
    setting.release();
  });
});

describe('output', () => {
  test('a reader that leaves is no error', async () => {
    const setting = await setUp();
    const id = await dispatch(setting, 'Work', '--wait');
    const result = await setting.home.muster(['logs', id, '--json', '--follow'], {
      onStart: child => child.stdout?.destroy(),
    });
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });

  test.skipIf(!existsSync('/dev/full'))('a disk that is full is one line of error, whatever is printed', async () => {
    const { home, repository } = await setUp();
    for (const args of [['--version'], ['help'], ['config'], ['config', '--json'], ['ps']]) {
      const full = openSync('/dev/full', 'w');
      try {
        const child = spawn(process.execPath, [programs.cli, ...args], {
          cwd: repository,
          env: { ...home.env, HOLD: 'no' },
          stdio: ['ignore', full, 'pipe'],
        });
        let said = '';
        child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
        expect(await new Promise(resolve => child.once('close', resolve)), args.join(' ')).toBe(1);
        expect(said, args.join(' ')).toMatch(/^muster: The output cannot be written: ENOSPC[^\n]*\n$/);
      } finally {
        closeSync(full);
      }
    }
  });

  test('an unknown agent is status 2 and names the known ones', async () => {
    const setting = await setUp();
    const result = await setting.home.muster(['dispatch', 'nobody', 'x', '--json'], { cwd: setting.repository });
    expect(result.status).toBe(2);
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: 'agent.unknown', data: { known: ['dev'] } } });
  });

  test('outside of every project it says what to do', async () => {
    const home = testHome(programs);
    const { status, stderr } = await home.muster(['dispatch', 'dev', 'x']);
    expect(status).toBe(2);
    expect(stderr).toContain('muster up');
  });
});

describe('a project with merge.verify', () => {
  test('merges what passes, keeps what fails with what it printed, and takes a merge back', async () => {
    const verify = 'merge:\n  verify: ["test ! -e red || { echo it is red; exit 3; }"]\n';
    const setting = await setUp({ more: verify });
    const { home, repository } = setting;
    const before = git(repository, 'rev-parse', 'main');
    const id = await dispatch(setting, 'Add', 'a health check');
    await home.muster(['wait', id, '--timeout', '60'], { cwd: repository });
    expect(await home.musterJson(['merge', id], { cwd: repository })).toMatchObject({ status: 'merged' });
    expect(await home.musterJson(['queue', 'checks', id])).toMatchObject({
      checks: [{ exit_code: 0, attempt: 1, commit: git(repository, 'rev-parse', 'main') }],
    });
    expect(await home.musterJson(['undo', id], { cwd: repository })).toMatchObject({
      kind: 'restored',
      commit: before,
    });
    expect(existsSync(join(repository, 'TASK.md'))).toBe(false);

    writeFileSync(join(repository, 'red'), '');
    git(repository, 'add', 'red');
    git(repository, '-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'Red');
    const red = await home.muster(['merge', id, '--json'], { cwd: repository });
    expect(red.status).toBe(1);
    expect(JSON.parse(red.stdout)).toMatchObject({ status: 'blocked', reason: 'verify_failed' });
    const checks = await home.muster(['queue', 'checks', id]);
    expect(checks).toMatchObject({ status: 1, stdout: expect.stringContaining('  it is red') });
    expect(await home.musterJson(['queue'])).toEqual({ queue: [] });
    expect(git(repository, 'worktree', 'list')).not.toContain('verify');
  });
});

describe('a merge while a hook hangs', () => {
  async function hanging() {
    const setting = await setUp();
    const { home, repository } = setting;
    const id = await dispatch(setting, 'Add', 'a health check');
    await home.muster(['wait', id, '--timeout', '60'], { cwd: repository });
    const [stuck, reached] = ['stuck', 'reached'].map(name => join(home.env['HOME'] ?? '', name)) as [string, string];
    writeFileSync(stuck, '');
    const hook = `#!/bin/sh\ngrep -q refs/heads/main || exit 0\n: > "${reached}"\nwhile [ -e "${stuck}" ]; do sleep 0.05; done\n`;
    writeFileSync(join(repository, '.git/hooks/reference-transaction'), hook, { mode: 0o755 });
    const merging = home.muster(['merge', id, '--json'], { cwd: repository });
    await expect.poll(() => existsSync(reached), { timeout: 60_000 }).toBe(true);
    return { ...setting, id, stuck, merging };
  }

  test('waiting for it goes on with the next host when this one is told to end', async () => {
    const { home, repository, stuck, merging } = await hanging();
    expect(await home.muster(['daemon', 'stop'])).toMatchObject({ status: 0 });
    rmSync(stuck);
    const { status, stdout, stderr } = await merging;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'merged', commit: git(repository, 'rev-parse', 'main') });
    expect(git(repository, 'status', '--porcelain', '--untracked-files=no')).toBe('');
  });

  test('it can be cancelled by its thread, and the checkout is as before', async () => {
    const { home, repository, id, merging } = await hanging();
    const before = git(repository, 'rev-parse', 'main');
    const cancelled = await home.muster(['cancel', id], { cwd: repository });
    expect(cancelled).toMatchObject({ status: 0, stderr: '' });
    expect(await merging).toMatchObject({ status: 1, stdout: expect.stringContaining('"cancelled"') });
    expect(git(repository, 'rev-parse', 'main')).toBe(before);
    expect(git(repository, 'status', '--porcelain', '--untracked-files=no')).toBe('');
    expect((await home.muster(['cancel', id], { cwd: repository })).stderr).toContain('Nothing to cancel');
  });
});

describe('daemon', () => {
  test('runs in the foreground until it is told to end; status tells about it', async () => {
    const home = testHome(programs);
    expect(await home.muster(['status'])).toMatchObject({ status: 3 });
    const daemon = home.muster(['daemon']);
    await expect.poll(() => home.hostPid(), { timeout: 30_000 }).toBeDefined();
    const pid = await home.hostPid();
    expect(await home.musterJson(['status'])).toMatchObject({
      pid,
      state_dir: home.stateDir,
      active_runs: 0,
      clients: 0,
      mode: 'process',
    });
    const second = await home.muster(['daemon']);
    expect(second).toMatchObject({ status: 1 });
    expect(second.stderr).toContain(home.stateDir);
    expect(await home.musterJson(['daemon', 'stop'])).toEqual({ stopped: true, pid });
    expect(await daemon).toMatchObject({ status: 0 });
    expect(existsSync(join(home.stateDir, 'endpoint.json'))).toBe(false);
    expect(await home.musterJson(['daemon', 'stop'])).toEqual({ stopped: false });
  });

  test('ends with its terminal', async () => {
    const home = testHome(programs);
    const { status } = await home.muster(['daemon'], {
      onStart: child => child.stderr?.once('data', () => child.kill('SIGTERM')),
    });
    expect(status).toBe(0);
    expect(await home.hostPid()).toBeUndefined();
  });
});
