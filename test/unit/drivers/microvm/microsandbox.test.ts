import { expect, test } from 'vitest';
import type { SandboxSpec } from '../../../../src/core/sandboxes/sandboxDriver.js';
import { guestLimits } from '../../../../src/drivers/guests/guestLimits.js';
import { Microsandbox, networkPolicy } from '../../../../src/drivers/microvm/microsandbox.js';
import type { MicrosandboxSdk } from '../../../../src/drivers/microvm/microsandboxSdk.js';
import { Registries } from '../../../../src/drivers/microvm/registries.js';
import type { VmSpec } from '../../../../src/drivers/microvm/vmRuntime.js';

const machine: VmSpec = {
  name: 'muster-0123-abc',
  image: { name: 'ghcr.io/ada/agents:1', pull: 'missing' },
  limits: guestLimits({ resources: { cpus: 1.5, memoryBytes: 512 * 1024 ** 2, diskBytes: 1024 ** 3, pids: 64 } }),
  mounts: [
    { here: '/home/ada/wt', inside: '/workspace', readOnly: false },
    { here: '/state/gitfile', inside: '/workspace/.git', readOnly: true },
  ],
  network: { ports: [4711], hosts: 'none' },
  driver: { name: 'microsandbox' },
};

const registries = new Registries(async () => ({ HOME: '/nowhere' }));

/** Writes down what a builder is told, as the package's own has its methods. */
function recording() {
  const calls: unknown[][] = [];
  const recorder = (prefix: string): object =>
    new Proxy(
      {},
      {
        get: (_, name: string) =>
          name === 'create'
            ? async () => calls.push(['create'])
            : (...args: unknown[]) => {
                const [last] = args.slice(-1);
                if (typeof last === 'function') {
                  calls.push([`${prefix}${name}`, ...args.slice(0, -1)]);
                  (last as (inner: object) => void)(recorder(`${prefix}${name}.`));
                } else calls.push([`${prefix}${name}`, ...args]);
                return recorder(prefix);
              },
      },
    );
  const sdk = { Sandbox: { builder: () => recorder('') }, Image: {} } as unknown as MicrosandboxSdk;
  return { calls, runtime: new Microsandbox(sdk, { home: '/state/microsandbox', program: '/state/msb' }) };
}

test('tells the package what a machine has, and what it may use', async () => {
  const { calls, runtime } = recording();
  await runtime.boot(machine);
  expect(calls).toEqual(
    expect.arrayContaining([
      ['image', 'ghcr.io/ada/agents:1'],
      ['memory', 512],
      ['cpus', 2],
      ['rootDisk', 1024],
      ['rlimit', 'nproc', 64],
      ['pullPolicy', 'if-missing'],
      ['security', 'restricted'],
      ['detached', true],
      ['volume', '/workspace'],
      ['volume.bind', '/home/ada/wt'],
      ['volume.quota', 1024],
      ['volume', '/workspace/.git'],
      ['volume.bind', '/state/gitfile'],
      ['volume.readonly'],
    ]),
  );
  expect(calls.at(-1)).toEqual(['create']);
  // What is executable inside is so in the worktree, and the other way round.
  expect(calls.filter(([name]) => name === 'volume.hostPermissions')).toEqual([
    ['volume.hostPermissions', 'mirror'],
    ['volume.hostPermissions', 'mirror'],
  ]);
});

test.each([
  ['127.0.0.1:5000/agents:1', true],
  ['localhost:5000/agents', true],
  ['localhost.example.com/agents', false],
  ['ghcr.io/ada/agents', false],
])('asks the registry of %s over plain HTTP: %s', async (name, insecure) => {
  const { calls, runtime } = recording();
  await runtime.boot({ ...machine, image: await registries.imageOf({ name, pull: 'always' }) });
  expect(calls.some(([call]) => call === 'registry.insecure')).toBe(insecure);
  expect(calls).toContainEqual(['pullPolicy', 'always']);
});

test('fetches with what a person is logged in with, for the machine alone', async () => {
  const { calls, runtime } = recording();
  const login = { username: 'ada', password: 'kept' };
  const image = { name: 'ghcr.io/ada/private', pull: 'missing', login } as const;
  const missing = Object.assign(new Error('none'), { code: 'imageNotFound' });
  // Its command line would keep it, and cannot be told: it is not even there.
  await new Microsandbox({ Image: { get: () => Promise.reject(missing) } } as unknown as MicrosandboxSdk, {
    home: '/none',
    program: '/none/msb',
  }).fetch(image, new AbortController().signal);
  await runtime.boot({ ...machine, image });
  expect(calls).toContainEqual(['registry.auth', { kind: 'basic', ...login }]);
});

test('a profile of the compose file is a placement profile, and a folder has no disk of its own', async () => {
  const { calls, runtime } = recording();
  const driver: SandboxSpec['driver'] = { name: 'microsandbox', profile: 'small' };
  await runtime.boot({ ...machine, driver, image: { name: '/opt/rootfs', pull: 'never' } });
  expect(calls).toContainEqual(['placementProfile', 'small']);
  expect(calls.map(([name]) => name)).not.toContain('rootDisk');
});

test('a machine that reaches nothing has no network', async () => {
  const { calls, runtime } = recording();
  await runtime.boot({ ...machine, network: { ports: [], hosts: 'none' } });
  expect(calls).toContainEqual(['disableNetwork']);
});

const host = { kind: 'group', group: 'host' };
const at = (...ports: number[]) => ports.map(port => ({ start: port, end: port }));

test('of this machine the ports that were asked for are reached, and nothing else', () => {
  expect(networkPolicy({ ports: [4711], hosts: 'none' })).toEqual({
    defaultEgress: 'deny',
    defaultIngress: 'deny',
    rules: [{ direction: 'egress', destination: host, protocols: ['tcp'], ports: at(4711), action: 'allow' }],
  });
});

test('of the network the hosts of the file are reached, at the ports of the web unless it says others', () => {
  const policy = networkPolicy({
    ports: [],
    hosts: ['Example.com', '*.debian.org', 'db.example.com:5432', '10.0.0.7:80'],
  });
  expect(policy?.defaultEgress).toBe('deny');
  expect(policy?.rules.map(({ destination, ports }) => ({ destination, ports }))).toEqual([
    { destination: host, ports: at(53) },
    { destination: { kind: 'domain', domain: 'example.com' }, ports: at(80, 443) },
    { destination: { kind: 'domainSuffix', suffix: 'debian.org' }, ports: at(80, 443) },
    { destination: { kind: 'domain', domain: 'db.example.com' }, ports: at(5432) },
    { destination: { kind: 'cidr', cidr: '10.0.0.7/32' }, ports: at(80) },
  ]);
});

test('with the whole network, of this machine still only what was asked for', () => {
  const policy = networkPolicy({ ports: [4711], hosts: 'full' });
  expect(policy?.defaultEgress).toBe('deny');
  const groups = policy?.rules.map(({ destination, ports }) => ({ destination, ports }));
  expect(groups).toEqual([
    { destination: host, ports: at(4711) },
    { destination: host, ports: at(53) },
    { destination: { kind: 'group', group: 'public' }, ports: [] },
    { destination: { kind: 'group', group: 'private' }, ports: [] },
  ]);
});

test('tells what a command says, and its exit code', async () => {
  const events = [
    { kind: 'started' },
    { kind: 'stdout', data: Buffer.from('7\n') },
    { kind: 'stderr', data: Buffer.from('no') },
    { kind: 'exited', code: 3 },
  ];
  const handle = { recv: async () => events.shift() ?? null };
  const connected = { execStreamWith: async () => handle };
  const sdk = { Sandbox: { get: async () => ({ connect: async () => connected }) } } as unknown as MicrosandboxSdk;
  const runtime = new Microsandbox(sdk, { home: '/h', program: '/p' });
  expect(await runtime.run('m', { argv: ['/bin/sh', '-c', 'true'] }, new AbortController().signal)).toEqual({
    code: 3,
    said: '7\n',
  });
});

test.each([
  { case: 'never stops talking', event: { kind: 'stdout', data: Buffer.alloc(1024) }, why: 'more than anybody' },
  { case: 'nobody waits for any more', event: { kind: 'started' }, why: 'enough' },
])('a command that $case is ended', async ({ event, why }) => {
  let asked = 0;
  const abort = new AbortController();
  const killed = Promise.withResolvers<void>();
  const recv = async () => {
    if (++asked > 100) abort.abort(new Error('enough'));
    return event;
  };
  const handle = { recv, kill: async () => killed.resolve() };
  const connected = { execStreamWith: async () => handle };
  const sdk = { Sandbox: { get: async () => ({ connect: async () => connected }) } } as unknown as MicrosandboxSdk;
  const runtime = new Microsandbox(sdk, { home: '/h', program: '/p' });
  await expect(runtime.run('m', { argv: ['cat'] }, abort.signal)).rejects.toThrow(why);
  await killed.promise;
});

test('machines are found on every page, and one that is not there is none', async () => {
  const page = (name: string, nextCursor?: string) => ({ sandboxes: [{ name, status: 'running' }], nextCursor });
  const asked: unknown[] = [];
  const list = { limit: () => list, cursor: (cursor: string) => (asked.push(cursor), list) };
  const sdk = {
    Sandbox: {
      listWith: async (configure: (of: typeof list) => unknown) => {
        configure(list);
        return asked.length === 0 ? page('one', 'more') : page('two');
      },
      get: () => Promise.reject(Object.assign(new Error('no such sandbox'), { code: 'sandboxNotFound' })),
    },
  } as unknown as MicrosandboxSdk;
  const runtime = new Microsandbox(sdk, { home: '/h', program: '/p' });
  expect(await runtime.list()).toEqual([
    { name: 'one', running: true },
    { name: 'two', running: true },
  ]);
  expect(await runtime.find('three')).toBeUndefined();
  await runtime.remove('three');
});

test('is entered with the program that comes with it, in its own state', () => {
  const { runtime } = recording();
  expect(runtime.enter('m').terminal).toEqual([
    'env',
    'MSB_HOME=/state/microsandbox',
    '/state/msb',
    'exec',
    '--workdir',
    '/workspace',
    '--tty',
    'm',
    '--',
  ]);
});
