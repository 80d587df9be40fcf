import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runHeader } from '../../src/protocol/version.js';
import { notebookWorld, type NotebookWorld } from '../support/guestNotebooks.js';
import { buildPrograms, type Programs } from '../support/hostProcess.js';
import { soaking } from '../support/sample.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request to the host's socket, with the endpoint's token unless other headers say otherwise. */
function ask(
  { client }: NotebookWorld,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { socket, token } = client.endpoint;
  return new Promise((resolve, reject) => {
    const asking = request(
      { socketPath: socket, path, method, headers: { authorization: `Bearer ${token}`, ...headers }, agent: false },
      answer => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

/** The head that answers an upgrade. */
function upgrade({ client }: NotebookWorld, path: string, headers: Record<string, string> = {}): Promise<string> {
  const { socket, token } = client.endpoint;
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    const all = {
      'Host': 'x',
      'Connection': 'Upgrade',
      'Upgrade': 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Authorization': `Bearer ${token}`,
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    connection.write([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
    let text = '';
    connection.on('data', chunk => {
      text += chunk.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      connection.destroy();
      resolve(text);
    });
    connection.on('error', reject);
    connection.on('close', () => resolve(text));
  });
}

function tokenOf({ home }: NotebookWorld): string {
  const [file = ''] = globSync(join(home.stateDir, 'notebooks/runs/*/settings.json'));
  return (JSON.parse(readFileSync(file, 'utf8')) as { token: string }).token;
}

describe('the proxy to guest servers', () => {
  it('leads to the first page once the server is ready (JUP-002), and nowhere without one', async () => {
    const world = await notebookWorld(programs);
    expect(await ask(world, `/jupyter/${world.thread}`)).toMatchObject({ status: 404 });
    await world.guest();
    const { status, headers } = await ask(world, `/jupyter/${world.thread}`);
    expect({ status, location: headers.location }).toEqual({ status: 307, location: `/jupyter/${world.thread}/lab` });
    expect(await ask(world, `/jupyter/${world.thread}`, { method: 'POST' })).toMatchObject({ status: 405 });
    expect(await ask(world, `/jupyter/${world.thread}/api/status`)).toMatchObject({ status: 200 });
  });

  it('refuses whoever does not show the endpoint’s token, pages, other threads and other paths (JUP-001)', async () => {
    const world = await notebookWorld(programs);
    await world.guest();
    const other = await world.dispatch();
    const path = `/jupyter/${world.thread}/api/contents`;
    const token = tokenOf(world);
    const refused: readonly (readonly [string, Record<string, string>, number])[] = [
      [path, { authorization: '' }, 401],
      [path, { authorization: 'Bearer 00' }, 401],
      [path, { authorization: `token ${token}` }, 401],
      [path, { authorization: `Bearer ${token}` }, 401],
      [`${path}?token=${token}`, { authorization: '' }, 401],
      [path, { authorization: '', cookie: `username-localhost=${token}` }, 401],
      [path, { origin: 'http://evil.example' }, 403],
      [path, { origin: 'null' }, 403],
      [path, { [runHeader.toLowerCase()]: 'aaaaaaaaaaaa' }, 403],
      [`/jupyter/${other.id}/api/contents`, {}, 404],
      ['/jupyter/aaaaaaaaaaaa/api/contents', {}, 404],
      [`/jupyter/${world.thread}/../${other.id}/api`, {}, 404],
      [`/jupyter/${world.thread}/%2e%2e/${other.id}/api`, {}, 404],
      ['/jupyter/', {}, 404],
    ];
    for (const [target, headers, status] of refused) {
      const answer = await ask(world, target, { headers });
      expect([target, headers, answer.status, answer.body]).toEqual([target, headers, status, answer.body]);
      expect(answer.body).not.toContain(token);
      expect(
        await upgrade(
          world,
          target,
          Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name === 'authorization' ? 'Authorization' : name, value]),
          ),
        ),
      ).not.toMatch(/ 101 /);
    }
    expect(await ask(world, path)).toMatchObject({ status: 200 });
    // The server behind sees no client’s word for who it is: its own token cannot be replaced, and nothing leaves it.
    const spoofed = await ask(world, path, {
      headers: { 'connection': 'authorization', 'x-forwarded-for': '1.2.3.4' },
    });
    expect(spoofed.status).toBe(200);
    expect(JSON.stringify(spoofed.headers) + spoofed.body).not.toContain(token);
    expect(spoofed.headers['set-cookie']).toBeUndefined();
  });

  it('upgrades to websockets of kernels alone', async () => {
    const world = await notebookWorld(programs);
    const guest = await world.guest();
    const kernel = await guest.kernelOf('a.ipynb', { kernel: 'python3' });
    const path = `/jupyter/${world.thread}/api/kernels/${kernel.id}/channels`;
    expect(await upgrade(world, path)).toMatch(/^HTTP\/1\.1 101 /);
    expect(await upgrade(world, `/jupyter/${world.thread}/api/kernels/nothing/channels`)).toMatch(/^HTTP\/1\.1 40\d /);
    expect(await upgrade(world, `/jupyter/${world.thread}`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await upgrade(world, path, { Upgrade: 'h2c' })).not.toMatch(/ 101 /);
    expect(await upgrade(world, '/muster.v1.HostService/GetStatus')).not.toMatch(/ 101 /);
    kernel.dispose();
  });

  it('passes a large file on without keeping it, also to somebody who does not read', async () => {
    const world = await notebookWorld(programs);
    await world.guest();
    const size = (soaking ? 1024 : 300) * 1024 * 1024;
    writeFileSync(join(world.worktree, 'large.bin'), Buffer.alloc(size, 7));
    const { socket, token, pid } = world.client.endpoint;
    const memory = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
    const before = memory();
    const get = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const path = `/jupyter/${world.thread}/files/large.bin`;
        const headers = { authorization: `Bearer ${token}` };
        request({ socketPath: socket, path, headers, agent: false }, resolve).on('error', reject).end();
      });
    const stalled = await get();
    let received = 0;
    for await (const chunk of await get()) received += (chunk as Buffer).length;
    expect(received).toBe(size);
    expect(memory() - before).toBeLessThan(64 * 1024 * 1024);
    stalled.destroy();
    expect(await ask(world, `/jupyter/${world.thread}/api/status`)).toMatchObject({ status: 200 });
  });

  it('outlives a server that is killed: what was asked is answered with 502 or 404, and a new one can be started', async () => {
    const world = await notebookWorld(programs);
    await world.guest();
    const [file = ''] = globSync(join(world.home.stateDir, 'notebooks/runs/*/pid'));
    process.kill(-(JSON.parse(readFileSync(file, 'utf8')) as { group: number }).group, 'SIGKILL');
    const { status } = await ask(world, `/jupyter/${world.thread}/api/status`);
    expect([404, 502]).toContain(status);
    await world.guest();
    expect(await ask(world, `/jupyter/${world.thread}/api/status`)).toMatchObject({ status: 200 });
  });
});
