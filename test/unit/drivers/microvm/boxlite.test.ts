import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { guestLimits } from '../../../../src/drivers/guests/guestLimits.js';
import { boxOptions, BoxliteRuntime } from '../../../../src/drivers/microvm/boxlite.js';
import type { BoxliteSdk } from '../../../../src/drivers/microvm/boxliteSdk.js';
import { Registries } from '../../../../src/drivers/microvm/registries.js';
import type { VmSpec } from '../../../../src/drivers/microvm/vmRuntime.js';
import { tempDirectory } from '../../../support/tempDirectory.js';

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
    network: { outbound: { mode: 'disabled' } },
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

// With a network it would reach all that listens on this machine: a relay inside leads to what it may.
test.each([
  ['nothing', { ports: [], hosts: 'none' }, { mode: 'disabled' }],
  ['everything', { ports: [], hosts: 'full' }, { mode: 'enabled' }],
] as const)('reaches %s', (_, network, outbound) => {
  expect(boxOptions({ ...machine, network }).network.outbound).toEqual(outbound);
});

/** A package whose runtime has what a test says. */
function runtimeOf(
  parts: object,
  environment: Readonly<Record<string, string>> = { HOME: '/nowhere' },
): { readonly runtime: BoxliteRuntime; readonly opened: unknown[] } {
  const opened: unknown[] = [];
  const sdk = {
    JsBoxlite: function (this: object, options: unknown) {
      opened.push(options);
      Object.assign(this, { close: () => undefined, ...parts });
    },
  } as unknown as BoxliteSdk;
  return {
    runtime: new BoxliteRuntime(sdk, { home: '/state/boxlite', registries: new Registries(async () => environment) }),
    opened,
  };
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

test('whoever gives up waits no longer for an image', async () => {
  const abort = new AbortController();
  const images = {
    list: async () => [],
    pull: () => {
      queueMicrotask(() => abort.abort(new Error('enough')));
      return new Promise(() => undefined);
    },
  };
  const { runtime } = runtimeOf({ images });
  await expect(runtime.fetch({ name: 'debian', pull: 'missing' }, abort.signal)).rejects.toThrow('enough');
});

test('is opened once, with what a person is logged in with, and registries that speak plain HTTP', async () => {
  const folder = tempDirectory('muster-boxlite-');
  const auth = Buffer.from('ada:kept').toString('base64');
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { 'ghcr.io': { auth } } }));
  const images = { list: async () => [], pull: async () => undefined };
  const environment = { DOCKER_CONFIG: folder, IMAGE_INSECURE_REGISTRIES: 'registry.test:5000' };
  const { runtime, opened } = runtimeOf({ images }, environment);
  await runtime.fetch({ name: 'ghcr.io/ada/a', pull: 'missing' }, never);
  await runtime.fetch({ name: '127.0.0.1:5000/a', pull: 'missing' }, never);
  const imageRegistries = [
    { host: 'localhost:5000', transport: 'http' },
    { host: '127.0.0.1:5000', transport: 'http' },
    { host: 'registry.test:5000', transport: 'http' },
    { host: 'ghcr.io', transport: 'https', auth: { username: 'ada', password: 'kept' } },
  ];
  expect(opened).toEqual([{ homeDir: '/state/boxlite', imageRegistries }]);
});

/** Commands of a machine as the package starts them, here. */
function machineHere(started: ChildProcess[] = []) {
  return {
    exec: async (program: string, args: string[]) => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
      started.push(child);
      child.stdout.setEncoding('utf8');
      const said = child.stdout.iterator() as AsyncIterator<string>;
      return {
        stdin: async () => ({
          write: async (bytes: Buffer) => void child.stdin.write(bytes),
          close: async () => void child.stdin.end(),
        }),
        stdout: async () => ({ next: async () => (await said.next()).value ?? null }),
        wait: async () => ({ exitCode: child.exitCode ?? (await once(child, 'exit'))[0] }),
        kill: async () => void child.kill('SIGKILL'),
      };
    },
  };
}

test('what a program says comes whole, although the package passes on text alone', async () => {
  const bytes = randomBytes(300_000);
  const { runtime } = runtimeOf({ get: async () => machineHere() });
  const stream = await runtime.begin('m', ['cat']);
  await stream.write(bytes);
  await stream.end();
  const read: Uint8Array[] = [];
  for (let piece = await stream.read(); piece; piece = await stream.read()) read.push(piece);
  expect(Buffer.concat(read).equals(bytes)).toBe(true);
  await stream.close();
});

test('a short command tells what it says, and its exit code', async () => {
  const { runtime } = runtimeOf({ get: async () => machineHere() });
  expect(await runtime.run('m', { argv: ['sh', '-c', 'echo 7; exit 3'] }, never)).toEqual({ code: 3, said: '7\n' });
});

test.each([
  { case: 'never stops talking', script: 'yes', why: 'more than anybody' },
  { case: 'nobody waits for any more', script: 'sleep 600', why: 'enough' },
])('a short command that $case is ended', async ({ script, why }) => {
  const started: ChildProcess[] = [];
  const abort = new AbortController();
  const { runtime } = runtimeOf({ get: async () => machineHere(started) });
  const running = runtime.run('m', { argv: ['sh', '-c', `exec ${script}`] }, abort.signal);
  running.catch(() => undefined);
  await expect.poll(() => started.length).toBe(1);
  if (why === 'enough') abort.abort(new Error('enough'));
  await expect(running).rejects.toThrow(why);
  await expect.poll(() => started[0]?.signalCode).toBe('SIGKILL');
});

test('a machine that says anything else is not listened to', async () => {
  const exec = async () => ({ stdin: async () => ({}), stdout: async () => ({ next: async () => 'x'.repeat(9e6) }) });
  const stream = await runtimeOf({ get: async () => ({ exec }) }).runtime.begin('m', ['cat']);
  await expect(stream.read()).rejects.toThrow('nobody asked for');
});

test("nobody enters a machine: its files are the host's alone while it runs", () => {
  expect(() => runtimeOf({}).runtime.enter()).toThrow(expect.objectContaining({ code: 'feature.unsupported' }));
});
