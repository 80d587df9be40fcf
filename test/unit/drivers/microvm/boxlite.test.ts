import { expect, test } from 'vitest';
import { guestLimits } from '../../../../src/drivers/guests/guestLimits.js';
import { boxOptions, BoxliteRuntime } from '../../../../src/drivers/microvm/boxlite.js';
import type { BoxliteSdk } from '../../../../src/drivers/microvm/boxliteSdk.js';
import type { VmSpec } from '../../../../src/drivers/microvm/vmRuntime.js';

const machine: VmSpec = {
  name: 'muster-0123-abc',
  image: { name: 'ghcr.io/ada/agents:1', pull: 'missing' },
  limits: guestLimits({ resources: { cpus: 1.5, memoryBytes: 512 * 1024 ** 2, diskBytes: 1024 ** 3 + 1 } }),
  mounts: [
    { here: '/home/ada/wt', inside: '/workspace', readOnly: false },
    { here: '/state/gitfile', inside: '/workspace/.git', readOnly: true },
  ],
  network: { ports: [4711], hosts: 'none' },
  driver: { name: 'boxlite' },
};

test('tells the package what a machine has, and what it may use', () => {
  expect(boxOptions(machine)).toEqual({
    image: 'ghcr.io/ada/agents:1',
    cpus: 2,
    memoryMib: 512,
    diskSizeGb: 2,
    volumes: [
      { hostPath: '/home/ada/wt', guestPath: '/workspace', readOnly: false },
      { hostPath: '/state/gitfile', guestPath: '/workspace/.git', readOnly: true },
    ],
    network: { outbound: { mode: 'enabled', allowNet: ['nobody.invalid'] } },
    detach: true,
    entrypoint: ['/bin/sh'],
    cmd: ['-c', expect.stringContaining('sleep')],
    user: '0:0',
  });
});

test('a folder is a root file system', () => {
  const { image, rootfsPath } = boxOptions({ ...machine, image: { name: '/opt/rootfs', pull: 'never' } });
  expect({ image, rootfsPath }).toEqual({ image: undefined, rootfsPath: '/opt/rootfs' });
});

test.each([
  ['nothing at all', { ports: [], hosts: 'none' }, { mode: 'disabled' }],
  ['nothing but this machine', { ports: [4711], hosts: 'none' }, { mode: 'enabled', allowNet: ['nobody.invalid'] }],
  // A list that is empty would be everything.
  ['an empty list', { ports: [4711], hosts: [] }, { mode: 'enabled', allowNet: ['nobody.invalid'] }],
  ['everything', { ports: [], hosts: 'full' }, { mode: 'enabled' }],
  [
    'some hosts',
    { ports: [], hosts: ['Example.com:8443', '*.debian.org', '10.0.0.7:80'] },
    { mode: 'enabled', allowNet: ['example.com', '*.debian.org', '10.0.0.7'] },
  ],
] as const)('reaches %s', (_, network, outbound) => {
  expect(boxOptions({ ...machine, network }).network.outbound).toEqual(outbound);
});

/** A package whose runtime has what a test says. */
function runtimeOf(parts: object): { readonly runtime: BoxliteRuntime; readonly opened: unknown[] } {
  const opened: unknown[] = [];
  const sdk = {
    JsBoxlite: function (this: object, options: unknown) {
      opened.push(options);
      Object.assign(this, { close: () => undefined, ...parts });
    },
  } as unknown as BoxliteSdk;
  return { runtime: new BoxliteRuntime(sdk, { home: '/state/boxlite' }), opened };
}

const never = new AbortController().signal;

test('fetches an image that is missing, and not one that is there', async () => {
  const pulled: string[] = [];
  const images = {
    list: async () => [{ reference: 'docker.io/library/debian:latest' }],
    pull: async (name: string) => pulled.push(name),
  };
  const { runtime } = runtimeOf({ images });
  await runtime.fetch({ name: 'debian', pull: 'missing' }, never);
  await runtime.fetch({ name: 'debian:12', pull: 'missing' }, never);
  await runtime.fetch({ name: 'debian', pull: 'always' }, never);
  expect(pulled).toEqual(['debian:12', 'debian']);
  await expect(runtime.fetch({ name: 'debian:12', pull: 'never' }, never)).rejects.toThrow('sandbox.pull: never');
});

test('is opened once, and asks a registry where one usually is on this machine over plain HTTP', async () => {
  const { runtime, opened } = runtimeOf({ images: { list: async () => [], pull: async () => undefined } });
  await runtime.fetch({ name: 'ghcr.io/ada/a', pull: 'missing' }, never);
  await runtime.fetch({ name: '127.0.0.1:5000/a', pull: 'missing' }, never);
  const imageRegistries = [
    { host: 'localhost:5000', transport: 'http' },
    { host: '127.0.0.1:5000', transport: 'http' },
  ];
  expect(opened).toEqual([{ homeDir: '/state/boxlite', imageRegistries }]);
});

test('a port inside is reached through a tunnel, a connection each', async () => {
  const written: string[] = [];
  const pieces = [Buffer.from('answer'), Buffer.alloc(0)];
  const connection = {
    read: async () => pieces.shift(),
    // Takes less than it is given.
    write: async (bytes: Buffer) => {
      written.push(bytes.subarray(0, 2).toString('utf8'));
      return Math.min(2, bytes.length);
    },
  };
  const tunnel = async (port: number) => ({ connect: async () => (port === 80 ? connection : undefined) });
  const { runtime } = runtimeOf({ get: async () => ({ network: { tunnel } }) });
  const stream = await runtime.dial('m', 80);
  await stream.write(Buffer.from('hello'));
  expect(written).toEqual(['he', 'll', 'o']);
  expect(Buffer.from((await stream.read()) ?? []).toString('utf8')).toBe('answer');
  expect(await stream.read()).toBeUndefined();
});

test("nobody enters a machine: its files are the host's alone while it runs", () => {
  expect(() => runtimeOf({}).runtime.enter()).toThrow(expect.objectContaining({ code: 'feature.unsupported' }));
});
