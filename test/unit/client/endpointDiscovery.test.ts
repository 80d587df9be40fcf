import { execFileSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readEndpoint } from '../../../src/client/endpointDiscovery.js';
import { endpointFileName } from '../../../src/protocol/endpoint.js';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { endpointOf, writeEndpoint } from '../../support/wireHost.ts';

async function listening(): Promise<{ readonly stateDir: string; readonly socket: string }> {
  const stateDir = tempDirectory();
  const socket = join(stateDir, 'host.sock');
  const server = createServer();
  await new Promise<void>(resolve => server.listen(socket, resolve));
  onTestFinished(() => void server.close());
  return { stateDir, socket };
}

describe('readEndpoint', () => {
  test('finds a host that is there', async () => {
    const { stateDir, socket } = await listening();
    const endpoint = await endpointOf(socket);
    writeEndpoint(stateDir, endpoint);
    expect(await readEndpoint(stateDir)).toEqual({ kind: 'found', endpoint });
  });

  test('says that there is none, also without a state directory', async () => {
    const stateDir = tempDirectory();
    expect((await readEndpoint(stateDir)).kind).toBe('absent');
    expect((await readEndpoint(join(stateDir, 'nowhere'))).kind).toBe('absent');
  });

  test.each([
    ['another boot', { boot: '00000000-0000-4000-8000-000000000000' }],
    ['another machine', { machine: 'f'.repeat(32) }],
    ['another start time', { start_time: '1' }],
    ['a dead process', { pid: 2 ** 22 + 12345 }],
  ])('ignores a file of %s', async (_, change) => {
    const { stateDir, socket } = await listening();
    writeEndpoint(stateDir, await endpointOf(socket, change));
    expect((await readEndpoint(stateDir)).kind).toBe('stale');
  });

  test('tells a host that lives without its socket from one that is gone', async () => {
    const stateDir = tempDirectory();
    writeEndpoint(stateDir, await endpointOf(join(stateDir, 'host.sock')));
    expect(await readEndpoint(stateDir)).toMatchObject({
      kind: 'deaf',
      reason: expect.stringContaining(`process ${process.pid}`),
    });
  });

  test.each([
    ['a regular file as socket', (stateDir: string) => join(stateDir, endpointFileName)],
    ['a socket path that is too long', (stateDir: string) => join(stateDir, 'x'.repeat(200))],
    ['a relative socket path', () => 'host.sock'],
    ['a NUL in the socket path', () => '/tmp/host\0.sock'],
  ])('does not trust %s', async (_, socket) => {
    const stateDir = tempDirectory();
    writeEndpoint(stateDir, await endpointOf(socket(stateDir)));
    expect((await readEndpoint(stateDir)).kind).toBe('hostile');
  });

  test.each([
    ['junk', 'not json {{{'],
    ['other JSON', '[]'],
    ['an unknown format', JSON.stringify({ format: 2 })],
    ['a token that is none', JSON.stringify({ format: 1, token: 'x\r\ny' })],
    ['a huge file', ' '.repeat(1_000_000)],
    ['NULs', '\0'.repeat(100)],
    ['nothing', ''],
  ])('does not trust %s', async (_, text) => {
    const stateDir = tempDirectory();
    writeFileSync(join(stateDir, endpointFileName), text, { mode: 0o600 });
    expect((await readEndpoint(stateDir)).kind).toBe('hostile');
  });

  test('does not trust a file that others can read, a link, or a FIFO that nobody writes to', async () => {
    const { stateDir, socket } = await listening();
    const file = writeEndpoint(stateDir, await endpointOf(socket));
    chmodSync(file, 0o644);
    expect((await readEndpoint(stateDir)).kind).toBe('hostile');

    chmodSync(file, 0o600);
    const linked = tempDirectory();
    symlinkSync(file, join(linked, endpointFileName));
    expect((await readEndpoint(linked)).kind).toBe('hostile');

    const fifo = tempDirectory();
    execFileSync('mkfifo', ['-m', '600', join(fifo, endpointFileName)]);
    expect((await readEndpoint(fifo)).kind).toBe('hostile');
  });
});
