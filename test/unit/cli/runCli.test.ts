import { commandTable } from '../../../src/cli/commandTable.js';
import { helpGroups } from '../../../src/cli/output/helpGroups.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ConnectRouter } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { ProjectService } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunService } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import {
  ThreadService,
  type DispatchRequest,
  type ThreadSchema,
} from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { runInProcess } from '../../support/cliRunner.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { hostError, wireHostWith } from '../../support/wireHostWith.ts';

type ThreadInit = MessageInitShape<typeof ThreadSchema>;

const now = BigInt(Date.now());
const threads: readonly ThreadInit[] = [
  {
    id: '1aaaaaaaaaaa',
    status: 'merged',
    summary: 'Fix typo',
    agent: 'dev',
    updatedAt: now,
    latestMerge: { target: 'main' },
  },
  {
    id: '2aaaaaaaaaaa',
    status: 'ready',
    summary: 'Upgrade zod',
    agent: 'dev',
    updatedAt: now,
    additions: 120,
    deletions: 44,
  },
  {
    id: '3aaaaaaaaaaa',
    status: 'queued',
    summary: 'Later',
    agent: 'dev',
    updatedAt: now,
    latestRun: { queuePosition: 3 },
  },
  {
    id: '4aaaaaaaaaaa',
    status: 'needs_you',
    summary: 'Rename \u001b[31mit',
    agent: 'dev',
    updatedAt: now,
    needs: 'rate limited',
  },
];

const withThreads = (router: ConnectRouter): void => {
  router.service(ProjectService, {
    getProject: () => {
      throw hostError('project.unknown', 'No project contains this folder.', { project: '' });
    },
  });
  router.service(ThreadService, {
    listThreads: ({ statuses, limit }) => ({
      threads: threads.filter(({ status }) => statuses.includes(status ?? '')).slice(0, limit),
    }),
    overview: ({ statuses }) => ({ threads: threads.filter(({ status }) => statuses.includes(status ?? '')) }),
    getThread: ({ threadId }) => {
      const thread = threads.find(({ id }) => id?.startsWith(threadId));
      if (!thread) throw hostError('thread.unknown', `There is no thread "${threadId}".`, { thread: threadId });
      return { thread };
    },
  });
  router.service(RunService, {
    getRun: ({ runId }) => {
      throw hostError('run.unknown', `There is no run "${runId}".`);
    },
  });
};

describe('ps', () => {
  test('prints the groups in their order, aligned, without colour or control characters', async () => {
    const stateDir = await wireHostWith(withThreads);
    const { status, stdout, stderr } = await runInProcess(['ps'], { stateDir });
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).not.toContain('\u001b');
    const headings = stdout.split('\n').filter(line => /^\S/.test(line));
    expect(headings).toEqual(['Needs you  1', 'Working  1', 'Ready for review  1', 'Done  1']);
    expect(stdout).toContain('  4aaa  Rename \ufffd[31mit');
    expect(stdout).toContain('queued, 3rd');
    expect(stdout).toContain('+120 −44');
    expect(stdout).toContain('merged into main');
  });

  test('uses colours on a terminal, unless NO_COLOR is set', async () => {
    const stateDir = await wireHostWith(withThreads);
    expect((await runInProcess(['ps'], { stateDir, terminal: 80 })).stdout).toContain('\u001b[33m');
    const plain = await runInProcess(['ps'], { stateDir, terminal: 80, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\u001b');
    const width = Math.max(...plain.stdout.split('\n').map(line => line.length));
    expect(width).toBeLessThanOrEqual(80);
  });

  test('--json prints the threads and nothing else', async () => {
    const stateDir = await wireHostWith(withThreads);
    const { stdout, stderr } = await runInProcess(['--json', 'ps', '--status', 'ready'], { stateDir });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      project: null,
      threads: [{ thread_id: '2aaaaaaaaaaa', additions: 120 }],
    });
  });

  test('an unknown status is an error of usage', async () => {
    const stateDir = await wireHostWith(withThreads);
    const { status, stderr } = await runInProcess(['ps', '--status', 'busy'], { stateDir });
    expect([status, stderr.split('\n').length]).toEqual([2, 2]);
  });
});

describe('errors', () => {
  test.each([
    [['nonsense']],
    [['ps', 'extra']],
    [['wait']],
    [['wait', 'x', '--timeout', 'soon']],
    [['merge', 'x', '--unknown']],
    [['dispatch', 'dev', '-x']],
    [['up', '-f', '/nowhere/agent-compose.yml']],
    [['-C']],
    [['-C', '/nowhere', 'ps']],
  ])('%j is refused with status 2 and one line', async args => {
    const { status, stdout, stderr } = await runInProcess(args, { stateDir: tempDirectory() });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^muster: .+\n$/);
  });

  test('with --json the error is on standard output too, also one of usage', async () => {
    const { status, stdout } = await runInProcess(['nonsense', '--json'], { stateDir: tempDirectory() });
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining('nonsense') as string },
    });
  });

  test('an unknown thread is status 2 with its code', async () => {
    const stateDir = await wireHostWith(withThreads);
    for (const command of ['wait', 'logs']) {
      const { status, stdout } = await runInProcess([command, 'zzzz', '--json'], { stateDir });
      expect(status).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'thread.unknown' } });
    }
  });

  test('status without a host is status 3 and starts none', async () => {
    const { status, stderr } = await runInProcess(['status'], { stateDir: tempDirectory() });
    expect(status).toBe(3);
    expect(stderr).toMatch(/^muster: .*none is running\.\n$/);
  });
});

describe('overview and help', () => {
  test('muster alone shows three commands and what needs you', async () => {
    const stateDir = await wireHostWith(withThreads);
    const { status, stdout } = await runInProcess([], { stateDir });
    expect(status).toBe(0);
    expect(stdout.split('\n').filter(line => line.startsWith('  muster '))).toHaveLength(3);
    expect(stdout).toContain('rate limited');
    expect(stdout).not.toContain('Upgrade zod');
  });

  test('the help begins with what is used every day, and names every command but other names for one', async () => {
    const { stdout } = await runInProcess(['help'], { stateDir: tempDirectory() });
    expect(stdout).toMatch(/^Usage: muster <command> \[options\]\n\nEvery day\n {2}init /);
    const listed = helpGroups.flatMap(({ names }) => names);
    expect(listed.toSorted()).toEqual([...new Set(listed)].toSorted());
    for (const name of listed) expect(stdout).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'));
    const isOther = /^(?:as `|the same|accepted for scripts|list published events$)/;
    const left = Object.keys(commandTable).filter(name => !listed.includes(name));
    const others = ['images', 'ls', 'pull', 'rm', 'rmi', 'stop', 'events'];
    expect(left.filter(name => !isOther.test(commandTable[name]?.summary ?? '') && !others.includes(name))).toEqual([]);
  });

  test('muster help all lists every second word, and muster help <command> those of one', async () => {
    const { stdout: all } = await runInProcess(['help', 'all'], { stateDir: tempDirectory() });
    expect(all).toMatch(/^ {2}worktrees clean +remove/m);
    const { stdout: one } = await runInProcess(['help', 'worktrees'], { stateDir: tempDirectory() });
    expect(one).toMatch(/^ {2}worktrees clean +remove/m);
  });

  test('a mistyped command is told which one is near', async () => {
    const { status, stderr } = await runInProcess(['dispach', 'dev'], { stateDir: tempDirectory() });
    expect(status).toBe(2);
    expect(stderr).toContain('Did you mean `muster dispatch`?');
  });

  test.each([
    [['help']],
    [['--help']],
    [['help', 'merge']],
    [['merge', '--help']],
    [['daemon', 'stop', '-h']],
    [['--version']],
  ])('%j needs no host', async args => {
    const { status, stdout, stderr } = await runInProcess(args, { stateDir: tempDirectory() });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.length).toBeGreaterThan(5);
  });
});

describe('dispatch', () => {
  function dispatching(requests: DispatchRequest[]) {
    return wireHostWith(router => {
      router.service(ProjectService, {
        getProject: () => ({ project: { id: 'p', environmentNames: ['DEPLOY_KEY'] } }),
      });
      router.service(ThreadService, {
        dispatch: request => {
          requests.push(request);
          return { threadId: '9n4t7w0c2e5h', messageId: '1b8d6f3j5k7m', runId: '2c9e7g4h6j8n', status: 'queued' };
        },
      });
    });
  }

  test.each<[string, readonly string[], string | undefined, string]>([
    ['words', ['fix', 'it'], undefined, 'fix it'],
    ['a dash after --', ['--', '-v is broken'], undefined, '-v is broken'],
    ['standard input', [], 'from a pipe\n', 'from a pipe\n'],
    ['standard input named by -', ['-'], 'from a pipe', 'from a pipe'],
    ['--prompt-file -', ['--prompt-file', '-'], 'é'.repeat(600_000), 'é'.repeat(600_000)],
  ])('takes the task from %s', async (_, args, stdin, prompt) => {
    const requests: DispatchRequest[] = [];
    const stateDir = await dispatching(requests);
    const { status, stdout } = await runInProcess(['dispatch', '--json', 'dev', ...args], {
      stateDir,
      ...(stdin !== undefined && { stdin }),
      env: { OPENAI_API_KEY: 'k', DEPLOY_KEY: 'd', OTHER: 'o' },
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      thread_id: '9n4t7w0c2e5h',
      message_id: '1b8d6f3j5k7m',
      run_id: '2c9e7g4h6j8n',
      status: 'queued',
    });
    expect(requests[0]?.prompt).toBe(prompt);
    expect(requests[0]?.environment).toEqual({ OPENAI_API_KEY: 'k', DEPLOY_KEY: 'd' });
    expect(requests[0]?.idempotencyKey).not.toBe('');
  });

  test.each<[string, readonly string[], string]>([
    ['an empty task', ['dispatch', 'dev'], ''],
    ['both words and a file', ['dispatch', 'dev', 'x', '--prompt-file', 'f'], ''],
    ['a task file that does not exist', ['dispatch', 'dev', '--prompt-file', '/nowhere/task.md'], ''],
    ['a task of zero bytes and NULs', ['dispatch', 'dev'], 'a\0b'],
  ])('refuses %s', async (_, args, stdin) => {
    const stateDir = await dispatching([]);
    const { status, stderr } = await runInProcess(args, { stateDir, stdin });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^muster: .+\n$/);
  });
});

describe('up', () => {
  const composeFile = (folder: string, text: string): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'agent-compose.yml'), text);
  };

  test('shows every problem of the file with its place and does not ask the host', async () => {
    const stateDir = tempDirectory();
    composeFile(stateDir, 'name: shop\nagents:\n  dev:\n    provider: nonsense\n    modell: x\n');
    const { status, stderr } = await runInProcess(['up'], { stateDir });
    expect(status).toBe(2);
    expect(stderr).toContain('agent-compose.yml:4:');
    expect(stderr).toContain('agent-compose.yml:5:');
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^muster: .*2 problems/);
  });

  test('finds the file in a folder above, sends the variables it refers to, and needs --yes for consent', async () => {
    const requests: { file: string; consent: boolean; environment: Record<string, string> }[] = [];
    const stateDir = await wireHostWith(router =>
      router.service(ProjectService, {
        applyProject: ({ file, consent, environment }) => {
          requests.push({ file, consent, environment });
          if (!consent) {
            throw hostError('consent.required', 'shop needs consent.', {
              project: 'shop',
              reasons: ['dev acts without asking'],
            });
          }
          return { project: { id: 'p', name: 'shop', revision: 1 }, applied: true };
        },
      }),
    );
    composeFile(stateDir, 'name: shop\nagents:\n  dev:\n    provider: claude\n    model: ${MODEL}\n');
    const cwd = join(stateDir, 'src', 'deep');
    mkdirSync(cwd, { recursive: true });
    const env = { MODEL: 'opus', SECRET: 's' };
    const refused = await runInProcess(['up'], { stateDir, cwd, env });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('dev acts without asking');
    const applied = await runInProcess(['up', '--yes'], { stateDir, cwd, env });
    expect(applied.status).toBe(0);
    expect(applied.stdout).toMatch(/^Project: shop\nID: p\nRevision: 1\nSpec: .*\nStatus: applied\n/);
    expect(requests.at(-1)).toEqual({
      file: join(stateDir, 'agent-compose.yml'),
      consent: true,
      environment: { MODEL: 'opus' },
    });
  });
});
