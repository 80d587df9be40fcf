import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { portEnd } from '../../../src/drivers/guests/portForward.js';

describe.skipIf(process.platform === 'win32').each([
  ['node', `${dirname(process.execPath)}:/usr/bin:/bin`],
  ['perl', '/nonexistent'],
])('the end of a forwarded port inside, by %s', (program, path) => {
  test('carries both ways, and ends when the other side does', async () => {
    const server = createServer(socket => socket.once('data', bytes => socket.end(`heard ${bytes.toString('utf8')}`)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const [shell = '', ...args] = portEnd(port);
    // Without a PATH the shell finds no node; perl is named in full then.
    const words = program === 'perl' ? args.map(word => word.replace('exec perl', 'exec /usr/bin/perl')) : args;
    const end = spawn(shell, words, { env: { PATH: path }, stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    end.stdout.on('data', (bytes: Buffer) => (said += bytes.toString('utf8')));
    // Its input stays open: whoever waits for the answer's end says nothing more.
    end.stdin.write('hello');
    const [code] = (await once(end, 'close')) as [number];
    expect({ code, said }).toEqual({ code: 0, said: 'heard hello' });
    server.close();
  });
});
