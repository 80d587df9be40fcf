import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { connectHost } from '../../src/client/hostClient.js';
import { readEndpoint } from '../../src/client/endpointDiscovery.js';
import { LiveState } from '../../src/client/liveState.js';
import { lockedExitStatus } from '../../src/protocol/endpoint.js';
import { buildPrograms, testHome, type Programs, type TestHome } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';
import { endpointOf, writeEndpoint } from '../support/wireHost.ts';

let programs: Programs;
let newer: Programs;
beforeAll(async () => {
  programs = await buildPrograms({ version: '1.0.0' });
  newer = await buildPrograms({ version: '1.1.0' });
});

const never = new AbortController().signal;

describe('starting', () => {
  test('ten starters at once end with one host that all are connected to', async () => {
    const home = testHome(programs);
    const clients = await Promise.all(Array.from({ length: 10 }, () => home.connect()));
    const pids = await Promise.all(clients.map(async ({ host }) => (await host.getStatus({})).pid));
    expect(new Set(pids).size).toBe(1);
    expect(await home.hostPid()).toBe(pids[0]);
    const serving = readFileSync(join(home.stateDir, 'host.log'), 'utf8').match(/"message":"Serving"/g);
    expect(serving).toHaveLength(1);
  });

  test('a second host in one state directory ends with the status that says so (compas 87)', async () => {
    const home = testHome(programs);
    await home.connect();
    const second = spawn(process.execPath, [programs.host], { env: { ...home.env }, stdio: 'ignore' });
    const status = await new Promise(resolve => second.once('exit', resolve));
    expect(status).toBe(lockedExitStatus);
  });

  test('a host that cannot start says why, without a wait for the deadline', async () => {
    const home = testHome(programs);
    mkdirSync(home.stateDir, { recursive: true });
    // A directory where the database should be.
    mkdirSync(join(home.stateDir, 'host.lock'));
    const error = await home.connect({ deadlineMs: 60_000 }).catch((reason: unknown) => reason);
    expect(error).toHaveProperty('code', 'host.unreachable');
    expect(error).toHaveProperty('message', expect.stringContaining('while starting'));
  });

  test('a state directory that cannot be made is named', async () => {
    const folder = tempDirectory();
    writeFileSync(join(folder, 'file'), '');
    const home = testHome(programs, { stateDir: join(folder, 'file', 'state') });
    const { status, stderr } = await home.muster(['ps']);
    expect(status).toBe(1);
    expect(stderr).toContain(join(folder, 'file', 'state'));
  });

  test.runIf(existsSync('/proc/self'))('one that the system never makes is refused instead of waited for', async () => {
    const home = testHome(programs, { stateDir: '/proc/muster' });
    const { status, stderr } = await home.muster(['ps']);
    expect(status).toBe(1);
    expect(stderr).toContain('/proc/muster');
  });

  test('a Node that does not exist is named', async () => {
    const home = testHome(programs);
    const { status, stderr } = await home.muster(['ps'], { env: { MUSTER_NODE: '/nowhere/node' } });
    expect(status).toBe(3);
    expect(stderr).toContain('/nowhere/node');
  });

  test('starting stops when aborted', async () => {
    const home = testHome(programs);
    const stop = new AbortController();
    const starting = home.connect({ signal: stop.signal });
    stop.abort();
    await expect(starting).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('endpoint', () => {
  test.each([
    ['the socket', (home: TestHome) => rmSync(join(home.stateDir, 'host.sock'))],
    ['the endpoint file', (home: TestHome) => rmSync(join(home.stateDir, 'endpoint.json'))],
    ['both', (home: TestHome) => ['host.sock', 'endpoint.json'].forEach(name => rmSync(join(home.stateDir, name)))],
    ['the contents of the endpoint file', (home: TestHome) => writeFileSync(join(home.stateDir, 'endpoint.json'), '{')],
  ])('%s that somebody removed is made again, and the same host answers', async (_, remove) => {
    const home = testHome(programs);
    const client = await home.connect();
    const { pid } = await client.host.getStatus({});
    remove(home);
    const again = await home.connect();
    expect((await again.host.getStatus({})).pid).toBe(pid);
    // Whoever was connected still is.
    expect((await client.host.getStatus({})).pid).toBe(pid);
    expect(await home.muster(['daemon', 'stop'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`${pid}`),
    });
  });

  test('a host that cannot be reached any more is named within seconds, and is not called none', async () => {
    const home = testHome(programs);
    mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
    // This process stands for a host that does not make its socket again.
    writeEndpoint(home.stateDir, await endpointOf(join(home.stateDir, 'host.sock')));
    const began = performance.now();
    const listed = await home.muster(['daemon', 'stop']);
    expect(listed).toMatchObject({ status: 3, stderr: expect.stringContaining(`process ${process.pid}`) });
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('a state directory whose path is too long for a socket works', async () => {
    const home = testHome(programs, { stateDir: join(tempDirectory(), 'x'.repeat(120), 'state') });
    const client = await home.connect();
    expect((await client.host.getStatus({})).stateDir).toBe(home.stateDir);
  });

  test.each([
    ['a dead process', { pid: 2 ** 22 + 4242 }],
    ['an earlier boot', { boot: '00000000-0000-4000-8000-000000000000' }],
    ['a socket that is no socket', { socket: '/etc/passwd' }],
    ['a socket path that is too long', { socket: `/tmp/${'x'.repeat(300)}` }],
  ])('a file of %s is replaced by a new host', async (_, change) => {
    const home = testHome(programs);
    mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
    writeEndpoint(home.stateDir, await endpointOf(join(home.stateDir, 'host.sock'), change));
    const client = await home.connect();
    expect(client.endpoint.pid).not.toBe(process.pid);
  });

  test.each([
    ['junk', 'junk'],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('a file of %s is replaced by a new host', async (_, text) => {
    const home = testHome(programs);
    mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(join(home.stateDir, 'endpoint.json'), text, { mode: 0o600 });
    await home.connect();
    expect((await readEndpoint(home.stateDir)).kind).toBe('found');
  });

  test('a caller with another token is refused', async () => {
    const home = testHome(programs);
    const client = await home.connect();
    const stateDir = tempDirectory();
    writeEndpoint(stateDir, { ...client.endpoint, token: '0'.repeat(64) });
    const error = await connectHost({ stateDir, signal: never }).catch((reason: unknown) => reason);
    expect(error).toHaveProperty('code', 'host.unreachable');
  });
});

describe('ending', () => {
  test('a live view goes on after the host was killed, with the next host', async () => {
    const home = testHome(programs);
    const live = new LiveState({ connect: () => home.connect() });
    try {
      const first = (await live.whenConnected(never)).endpoint.pid;
      await home.killHost();
      await expect
        .poll(() => live.connection === 'connected' && live.client?.endpoint.pid !== first, { timeout: 30_000 })
        .toBe(true);
    } finally {
      await live.dispose();
    }
  });

  test('a host that nobody needs ends by itself and takes its endpoint with it', async () => {
    const home = testHome(programs);
    const client = await home.connect({ env: { ...home.env, MUSTER_IDLE_EXIT_MS: '200' } });
    client.dispose();
    await expect.poll(async () => (await readEndpoint(home.stateDir)).kind, { timeout: 30_000 }).toBe('absent');
    expect(readFileSync(join(home.stateDir, 'host.log'), 'utf8')).toContain('nothing needs it');
  });

  test('a newer client takes over from an older host; an older client uses the newer one', async () => {
    const home = testHome(programs);
    const old = await home.connect({ version: '1.0.0' });
    const next = await home.connect({ version: '1.1.0', hostBundle: newer.host });
    expect(next.version).toBe('1.1.0');
    expect(next.endpoint.pid).not.toBe(old.endpoint.pid);
    const again = await home.connect({ version: '1.0.0' });
    expect(again.endpoint.pid).toBe(next.endpoint.pid);
  });

  test('ten newer clients at once make one hand-over', async () => {
    const home = testHome(programs);
    await home.connect({ version: '1.0.0' });
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => home.connect({ version: '1.1.0', hostBundle: newer.host })),
    );
    expect(new Set(clients.map(({ endpoint }) => endpoint.pid)).size).toBe(1);
    expect(clients[0]?.version).toBe('1.1.0');
  });
});
