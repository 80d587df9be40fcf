import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GitCommand, type GitRun } from '../../../src/drivers/git/command/gitCommand.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { GitRepository, isolatedGitEnvironment } from '../../support/gitRepository.js';

let repository: GitRepository;
let git: GitCommand;
/** The same, forked from this process. */
let direct: GitCommand;

beforeEach(async () => {
  repository = await GitRepository.create();
  const options = {
    clock: createNodeClock(),
    environment: { ...isolatedGitEnvironment, 'ODD.NAME': 'x', 'WORD': `a'b $HOME` },
  };
  git = new GitCommand({ ...options, pipesFolder: join(repository.folder, 'pipes') });
  direct = new GitCommand(options);
});
afterEach(async () => {
  git.dispose();
  await repository.dispose();
});

function at(...args: string[]): GitRun {
  return { cwd: repository.root, args };
}

/** A git alias that runs a shell command, which sees what git's process has. */
function running(command: string, more: Partial<GitRun> = {}): GitRun {
  return { ...at('here'), config: [`alias.here=!${command}`], ...more };
}

function shellPid(): number {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return Number.parseInt(children.split('\n').find(line => line.trimEnd().endsWith('/bin/sh -s')) ?? '', 10);
}

/** Pipes that this process holds. */
function openPipes(): number {
  return readdirSync('/proc/self/fd').filter(fd => {
    try {
      return /^\/.*\/pipes\//.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('git that a shell starts', () => {
  test('is no child of this process, and has the same folder, environment, input and output as one that is', async () => {
    const input = Uint8Array.from({ length: 300_000 }, (_, n) => n % 256);
    const commands: GitRun[] = [
      { ...at('hash-object', '-w', '--stdin'), input },
      at('rev-parse', 'HEAD', '--show-toplevel'),
      running(`env | grep -E '^(WORD|ODD|PATH|HOME|GIT_[AET]|LC_ALL|ASKED)' | sort; pwd`, {
        env: { ASKED: "it's\n2" },
      }),
      running('cat >&2; echo said; exit 3', { input: 'words', accept: [3] }),
      { ...at('cat-file', 'blob', 'HEAD:README.md'), maxBytes: 4 },
    ];
    for (const command of commands) {
      const [one, other] = [await git.run(command), await direct.run(command)];
      // What was cut off may have ended by itself before it was told to.
      const facts = (output: typeof one) => ({
        ...output,
        text: output.text(),
        ...(output.truncated && { exitCode: 0 }),
      });
      expect(facts(one)).toEqual(facts(other));
    }
    const parent = await git.run(running('cat /proc/$PPID/stat'));
    expect(parent.text().split(' ')[3]).not.toBe(String(process.pid));
  });

  test('gives back bytes as they are, however many', async () => {
    const bytes = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, n) => (n * 7919) % 256));
    const { stdout } = await git.run({ ...at('hash-object', '-w', '--stdin'), input: bytes });
    const blob = await git.run(at('cat-file', 'blob', Buffer.from(stdout).toString().trim()));
    expect(Buffer.compare(Buffer.from(blob.stdout), bytes)).toBe(0);
    const cut = await git.run({ ...at('cat-file', 'blob', Buffer.from(stdout).toString().trim()), maxBytes: 100_000 });
    expect(cut.truncated).toBe(true);
    expect(Buffer.compare(Buffer.from(cut.stdout), bytes.subarray(0, 100_000))).toBe(0);
  });

  test('says what is wrong in the same words', async () => {
    const gone = new GitCommand({
      clock: createNodeClock(),
      environment: { PATH: join(repository.folder, 'nowhere') },
      pipesFolder: join(repository.folder, 'pipes'),
    });
    await expect(gone.run(at('status'))).rejects.toMatchObject({ code: 'git.missing' });
    await expect(git.run({ ...at('status'), cwd: join(repository.folder, 'nowhere') })).rejects.toMatchObject({
      code: 'worktree.missing',
    });
    const failed = await direct.run(at('rev-parse', 'nothing')).catch((error: unknown) => error);
    await expect(git.run(at('rev-parse', 'nothing'))).rejects.toEqual(failed);
  });

  test('runs many at a time, and keeps no pipe open afterwards', async () => {
    await git.run(at('version'));
    const before = openPipes();
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => (await git.run(running(`echo ${n}; exec sleep 0.05`))).text()),
    );
    expect(answers).toEqual(Array.from({ length: 60 }, (_, n) => String(n)));
    await expect(git.run({ ...at('status'), cwd: '/nonexistent' })).rejects.toThrow();
    // Those that are kept ready, and no more.
    await expect.poll(openPipes).toBeLessThan(before + 40);
    expect(readdirSync(join(repository.folder, 'pipes'))).toEqual([]);
  });

  test('leaves no dead process behind, however many commands there were', async () => {
    for (let n = 0; n < 12; n++) await Promise.all(Array.from({ length: 5 }, () => git.run(at('version'))));
    const states = execFileSync('ps', ['-o', 'stat=', '--ppid', String(shellPid())], { encoding: 'utf8' });
    // Those that have ended since the last order.
    expect(states.split('\n').filter(state => state.startsWith('Z')).length).toBeLessThan(12);
  });

  test('ends with all that it started when it is aborted, even what ignores the polite end', async () => {
    const abort = new AbortController();
    const pids = join(repository.folder, 'pids');
    const run = git.run(
      running(`sh -c 'trap "" TERM; echo $$ >>${pids}; while :; do sleep 0.1; done' & echo $! >>${pids}; sleep 600`, {
        signal: abort.signal,
        hooks: true,
      }),
    );
    const started = async (): Promise<number[]> =>
      (await readFile(pids, 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number);
    await expect.poll(started).toHaveLength(2);
    abort.abort(new Error('no more'));
    await expect(run).rejects.toThrow('no more');
    await expect.poll(async () => (await started()).filter(isAlive), { timeout: 10_000 }).toEqual([]);
  }, 15_000);

  test('is not begun when it was aborted before', async () => {
    const file = join(repository.folder, 'begun');
    await expect(
      git.run(running(`touch ${file}`, { signal: AbortSignal.abort(new Error('too late')) })),
    ).rejects.toThrow('too late');
    await expect(readFile(file)).rejects.toThrow();
  });

  test('is told how it ended though the shell was killed meanwhile, and the next command has another shell', async () => {
    const file = join(repository.folder, 'go');
    let started = (): void => undefined;
    const begun = new Promise<void>(resolve => (started = resolve));
    const run = git.run(
      running(`while [ ! -e ${file} ]; do sleep 0.02; done; echo done; exit 4`, {
        accept: [4],
        onStarted: () => started(),
      }),
    );
    await begun;
    const before = shellPid();
    process.kill(before, 'SIGKILL');
    await expect.poll(() => isAlive(before)).toBe(false);
    await writeFile(file, '');
    expect((await run).text()).toBe('done');
    expect((await git.run(at('rev-parse', '--is-inside-work-tree'))).text()).toBe('true');
    expect(shellPid()).not.toBe(before);
  });

  test('is ended when its host ends', async () => {
    let pid = 0;
    const begun = new Promise<void>(resolve => {
      git
        .run(running('exec sleep 600', { onStarted: started => resolve(void (pid = started)) }))
        .catch(() => undefined);
    });
    await begun;
    git.dispose();
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('a program of that name in the folder where git works is not git, though PATH names it', async () => {
    await mkdir(join(repository.root, 'bin'));
    await writeFile(join(repository.root, 'bin/git'), '#!/bin/sh\necho not git\n', { mode: 0o755 });
    const environment = { ...isolatedGitEnvironment, PATH: `bin:./bin:${process.env['PATH']}` };
    const options = { clock: createNodeClock(), environment };
    for (const command of [
      new GitCommand(options),
      new GitCommand({ ...options, pipesFolder: join(repository.folder, 'p') }),
    ]) {
      expect((await command.run(at('rev-parse', '--is-inside-work-tree'))).text()).toBe('true');
      command.dispose();
    }
  });
});
