import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { EventService } from '../../../src/protocol/gen/muster/v1/events_pb.js';
import { HostService } from '../../../src/protocol/gen/muster/v1/host_pb.js';
import { ProjectService } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunService } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { runInProcess } from '../../support/cliRunner.ts';
import { documentedExample, keysOf } from '../../support/documentedExample.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { wireHostWith } from '../../support/wireHostWith.ts';

const working = { id: '5aaaaaaaaaaa', status: 'working' };
const project = { id: 'p', name: 'shop', file: '/shop/agent-compose.yml', revision: 1, specHash: 'sha256:x' };

describe('the address of a host (9.4: endpoint table, invalid host, unreachable daemon)', () => {
  test.each<[string, number, RegExp]>([
    ['ftp://example.com', 2, /scheme must be http or https/],
    ['example.com', 2, /scheme must be http or https/],
    ['http://', 2, /host is required/],
    ['http:///path', 2, /host is required/],
    ['unix://relative/host.sock', 2, /absolute path/],
    ['http://127.0.0.1:7410', 2, /asks for a token/],
    ['https://example.com', 2, /asks for a token/],
    ['unix:///nowhere/host.sock', 3, /\/nowhere\/host\.sock/],
  ])('%s ends with %i', async (address, expected, words) => {
    for (const [args, env] of [
      [['status', '--host', address], {}],
      [['status'], { MUSTER_HOST: address }],
    ] as const) {
      const { status, stdout, stderr } = await runInProcess(args, { stateDir: tempDirectory(), env });
      expect([status, stdout]).toEqual([expected, '']);
      expect(stderr).toMatch(/^muster: [^\n]+\n$/);
      expect(stderr).toMatch(words);
    }
  });

  test('a state directory may be named instead of its socket', async () => {
    const stateDir = await wireHostWith(() => {});
    const { status } = await runInProcess(['status', '--host', `unix://${stateDir}`], { stateDir: tempDirectory() });
    expect(status).toBe(0);
  });

  test('commands that need no host do not care', async () => {
    const { status } = await runInProcess(['version', '--host', 'ftp://x'], { stateDir: tempDirectory() });
    expect(status).toBe(0);
  });
});

describe('a call', () => {
  test('that takes longer than --timeout is status 3; for wait it is how long to wait', async () => {
    const stateDir = await wireHostWith(router => {
      router.service(ProjectService, { listProjects: () => new Promise<never>(() => {}) });
      router.service(ThreadService, { getThread: () => ({ thread: working }) });
      router.service(EventService, {
        async *watch() {
          yield { epoch: 'e', sequence: 1n, update: { case: 'snapshot', value: { threads: [working] } } };
          await new Promise(() => {});
        },
      });
    });
    const late = await runInProcess(['project', 'ls', '--timeout', '0.2'], { stateDir });
    expect([late.status, late.stderr]).toEqual([3, expect.stringContaining('did not answer in time')]);
    expect((await runInProcess(['wait', '5aaa', '--timeout', '0.2'], { stateDir })).status).toBe(1);
    expect((await runInProcess(['project', 'ls', '--timeout', 'soon'], { stateDir })).status).toBe(2);
  });

  test('that the host does not know is status 4 (2.1: Unimplemented)', async () => {
    const stateDir = await wireHostWith(router => {
      router.service(ProjectService, {
        listProjects: () => {
          throw new ConnectError('no such call', Code.Unimplemented);
        },
      });
    });
    expect((await runInProcess(['project', 'ls'], { stateDir })).status).toBe(4);
  });
});

describe('down (9.4: partial failure)', () => {
  test('is status 1 when some run could not be stopped, and says which', async () => {
    const stateDir = await wireHostWith(router =>
      router.service(ProjectService, {
        getProject: () => ({ project }),
        removeProject: () => ({
          project,
          failedStops: 1,
          changes: [
            { action: 'unchanged', resourceType: 'thread', resourceId: 't', name: 't', message: 'it lives on' },
          ],
        }),
      }),
    );
    const text = await runInProcess(['down'], { stateDir });
    expect([text.status, text.stdout.split('\n').slice(4, 5)]).toEqual([1, ['Status: partial']]);
    expect(text.stdout).toMatch(/ACTION +TYPE +NAME +ID +MESSAGE\nunchanged +thread +t +t +it lives on\n/);
    const printed = JSON.parse((await runInProcess(['down', '--json'], { stateDir })).stdout) as object;
    expect(Object.keys(printed)).toEqual(Object.keys(documentedExample('down')));
    const seed = await runInProcess(['down', '--json', '--compat', 'seed'], { stateDir });
    expect(JSON.parse(seed.stdout)).toEqual({
      project: {
        id: 'p',
        name: 'shop',
        source_path: '/shop/agent-compose.yml',
        current_revision: 1,
        spec_hash: 'sha256:x',
        agent_count: 0,
        scheduler_count: 0,
      },
      status: 'partial-failure',
      failed_session_stops: 1,
      changes: [{ action: 'unchanged', resource_type: 'session', resource_id: 't', name: 't', message: 'it lives on' }],
    });
  });
});

describe('down of a project that is down already', () => {
  test.each([
    ['head', 'unchanged'],
    ['seed', 'unchanged'],
  ])('has no entries in %s', async (era, status) => {
    const stateDir = await wireHostWith(router =>
      router.service(ProjectService, {
        getProject: () => ({ project }),
        removeProject: () => ({
          project,
          unchanged: true,
          changes: [{ action: 'unchanged', resourceType: 'agent', resourceId: 'p/dev', name: 'dev' }],
        }),
      }),
    );
    const { stdout } = await runInProcess(['down', '--json', '--compat', era], { stateDir });
    expect(JSON.parse(stdout)).toMatchObject({ status, changes: [] });
    const own = await runInProcess(['down', '--json'], { stateDir });
    expect(JSON.parse(own.stdout)).toMatchObject({ status: 'down', unchanged: true, changes: [{ name: 'dev' }] });
  });
});

describe('docs/cli.md', () => {
  test('has the keys of status and version', async () => {
    const stateDir = await wireHostWith(() => {});
    for (const command of ['status', 'version']) {
      const { stdout } = await runInProcess([command, '--json'], { stateDir });
      expect(keysOf(JSON.parse(stdout))).toEqual(keysOf(documentedExample(command)));
    }
  });
});

describe('--compat', () => {
  const withHost = (): Promise<string> =>
    wireHostWith(router => {
      router.service(HostService, { getStatus: () => ({ version: '1.2.3', protocol: 1 }) });
    });

  test('status and version print what each era has', async () => {
    const stateDir = await withHost();
    const printed = async (...args: readonly string[]): Promise<unknown> =>
      JSON.parse((await runInProcess([...args, '--json'], { stateDir })).stdout);
    for (const era of ['seed', 'head'])
      expect(await printed('status', '--compat', era)).toMatchObject({ err: '', msg: '', data: { version: '1.2.3' } });
    expect(await printed('version', '--compat', 'seed')).toEqual({ version: expect.any(String) as string });
    expect(Object.keys((await printed('version', '--compat', 'head')) as object)).toEqual([
      'version',
      'os',
      'arch',
      'compiled_drivers',
    ]);
  });

  test('may come from MUSTER_COMPAT; anything else is an error of usage', async () => {
    const stateDir = tempDirectory();
    const { stdout } = await runInProcess(['version', '--json'], { stateDir, env: { MUSTER_COMPAT: 'seed' } });
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['version']);
    expect((await runInProcess(['version', '--compat', 'new'], { stateDir })).status).toBe(2);
    expect((await runInProcess(['version'], { stateDir, env: { MUSTER_COMPAT: 'new' } })).status).toBe(2);
  });
});

describe('run', () => {
  test('a failure before the agent started is told on standard error and is never status 0', async () => {
    const failed = {
      id: 'r1',
      threadId: 't1',
      status: 'failed',
      exitCode: 0,
      endedAt: 1n,
      error: { code: 'provider_missing', message: 'claude is not installed.' },
    };
    const stateDir = await wireHostWith(router => {
      router.service(ProjectService, { getProject: () => ({ project }) });
      router.service(ThreadService, { dispatch: () => ({ threadId: 't1', runId: 'r1' }) });
      router.service(RunService, {
        getRun: () => ({ run: failed }),
        async *readTranscript() {},
        async *readLog() {},
      });
    });
    expect(await runInProcess(['run', 'dev', 'x'], { stateDir })).toEqual({
      status: 1,
      stdout: '',
      stderr: 'muster: claude is not installed.\n',
    });
    const printed = JSON.parse((await runInProcess(['run', 'dev', 'x', '--json'], { stateDir })).stdout) as object;
    expect(printed).toMatchObject({
      status: 'failed',
      error: 'claude is not installed.',
      error_code: 'provider_missing',
    });
  });
});
