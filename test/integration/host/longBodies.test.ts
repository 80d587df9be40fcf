import { createHash, randomBytes } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { proxiedServers, type ProxiedServers } from '../../support/proxiedServers.ts';

const megabyte = 1024 * 1024;

function get({ socket, token, threads }: ProxiedServers, path: string, method = 'GET'): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    request({ socketPath: socket, path: `/jupyter/${threads[0]}/${path}`, method, headers, agent: false }, resolve)
      .on('error', reject)
      .end();
  });
}

/** Digest and length of what came; `slow` reads piece by piece, so that much has to wait. */
async function read(answer: IncomingMessage, slow = false): Promise<{ readonly hash: string; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
    // Everything else goes on meanwhile, until what is not read fills every buffer on the way.
    for (let turn = 0; slow && turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
  }
  return { hash: hash.digest('hex'), size };
}

describe('a long body through the proxy', () => {
  test('comes as it was sent, to several who read at their own pace', async () => {
    const bodies = new Map(
      [megabyte - 1, megabyte, 3 * megabyte + 17, 20 * megabyte].map(size => [`/${size}`, randomBytes(size)]),
    );
    const servers = await proxiedServers((request, response) => {
      const body = bodies.get(request.url?.replace(/^\/jupyter\/\w+/, '') ?? '') ?? Buffer.alloc(0);
      response.writeHead(200, { 'content-length': body.length, 'content-type': 'x/y' });
      response.end(body);
    });
    await Promise.all(
      [...bodies].flatMap(([path, body]) =>
        [false, true].map(async slow => {
          const answer = await get(servers, path.slice(1));
          expect(answer.headers).toMatchObject({ 'content-length': String(body.length), 'content-type': 'x/y' });
          const hash = createHash('sha256').update(body).digest('hex');
          expect(await read(answer, slow)).toEqual({ hash, size: body.length });
        }),
      ),
    );
  });

  test('leaves the connection of the client as good as it was, and has no body where there is none', async () => {
    const servers = await proxiedServers((request, response) => {
      response.writeHead(200, { 'content-length': 2 * megabyte });
      if (request.method === 'HEAD') response.end();
      else response.end(Buffer.alloc(2 * megabyte, 1));
    });
    const line = (method: string): string =>
      `${method} /jupyter/${servers.threads[0]}/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${servers.token}\r\n\r\n`;
    const last = line('GET').replace('host: x', 'host: x\r\nconnection: close');
    const came = await servers.send(line('HEAD') + line('GET') + last);
    expect(came.toString('latin1').match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(came.filter(byte => byte === 1)).toHaveLength(4 * megabyte);
  });

  test('that ends too early is broken off, not completed', async () => {
    const servers = await proxiedServers((_, response) => {
      response.writeHead(200, { 'content-length': 4 * megabyte });
      response.write(Buffer.alloc(3 * megabyte, 1), () => response.destroy());
    });
    await expect(read(await get(servers, 'a'))).rejects.toThrow(/aborted|closed/);
  });

  test('without a length, or with more than its length, is no longer than it is', async () => {
    const servers = await proxiedServers((request, response) => {
      if (request.url?.endsWith('chunked') === true) return void response.end(Buffer.alloc(2 * megabyte, 1));
      request.socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${megabyte}\r\n\r\n`);
      request.socket.end(Buffer.alloc(2 * megabyte, 1));
    });
    expect((await read(await get(servers, 'chunked'))).size).toBe(2 * megabyte);
    expect((await read(await get(servers, 'more'))).size).toBe(megabyte);
  });
});
