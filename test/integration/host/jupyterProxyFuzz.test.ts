import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runHeader } from '../../../src/protocol/version.js';
import { ownRun, proxiedServers, type Arrived, type ProxiedServers } from '../../support/proxiedServers.ts';
import { seed, soaking } from '../../support/sample.js';

const runs = { numRuns: soaking ? 20_000 : 1_000, seed };

/** What a request may be made of; the marks stand for things that are known when the servers are there. */
const path = fc.oneof(
  fc.constantFrom('/api/status', '/files/a%20b?x=1'),
  fc.constantFrom('/api/status', '/', '', '/api/kernels/k/channels', '/files/a.b?x=1', '//', '/api//x', '?token=MINE'),
  fc
    .array(
      fc.constantFrom(
        '..',
        '.',
        '%2e%2e',
        '%2E.',
        '%252e%252e',
        '..%2f',
        '%2f',
        '%5c',
        '\\',
        'SECOND',
        'api',
        'a%20b',
        '%',
        '%00',
        '#x',
        '@',
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map(parts => `/${parts.join('/')}`),
  fc.string({ unit: 'binary-ascii', maxLength: 30 }).map(text => `/${text.replaceAll(/[\r\n]/g, '')}`),
);
/** Most of a request is right, or none would get far. */
const mostly = (right: string, ...wrong: readonly string[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
const begins = mostly(
  '/jupyter/FIRST',
  '/jupyter/SECOND',
  '/jupyter/zzzzzzzzzzzz',
  '/jupyter',
  '/JUPYTER/FIRST',
  'http://x/jupyter/FIRST',
  '//jupyter/FIRST',
  '/muster.v1.HostService',
);
const credential = mostly(
  'Bearer MINE',
  'bearer MINE',
  'Bearer  MINE',
  'token BEHIND',
  'Bearer BEHIND',
  'Bearer',
  'Basic TUlORQ==',
  'Bearer MINEx',
);
const header = fc.oneof(
  fc.constantFrom(
    'Origin: http://evil.example',
    'Origin: null',
    `${runHeader}: ${ownRun}`,
    `${runHeader}: zzzzzzzzzzzz`,
    'Cookie: muster-guest=MINE; _xsrf=1',
    'X-Forwarded-For: 1.2.3.4',
    'Connection: close, authorization, host',
    'Connection: keep-alive',
    'Transfer-Encoding: chunked',
    'Content-Length: 0',
    'Content-Length: -1',
    'Authorization: Bearer BEHIND',
    'Host: SECOND',
    'Upgrade: websocket',
    'Upgrade: h2c',
    'Connection: Upgrade',
    'Expect: 100-continue',
    'X-XSRFToken: MINE',
    'Muster-Secret: MINE',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 30 }).map(text => `X-A: ${text.replaceAll(/[\r\n]/g, '')}`),
);
const method = mostly('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE', 'get');

interface Request {
  readonly method: string;
  readonly begins: string;
  readonly path: string;
  readonly credential: string;
  readonly headers: readonly string[];
}

const requests: fc.Arbitrary<Request> = fc.record({
  method,
  begins,
  path,
  credential,
  headers: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.array(header, { maxLength: 3 }) },
  ),
});

/** A server behind that tries to hand its own secret to the client in the ways that a client would take it. */
async function servers(): Promise<ProxiedServers> {
  return await proxiedServers((request, response) => {
    const { authorization = '' } = request.headers;
    response.setHeader('Set-Cookie', [`a=${authorization}; Path=/`, 'b=1']);
    response.setHeader('Connection', 'x-secret');
    response.setHeader('X-Secret', authorization);
    response.end('behind\n');
    request.resume();
  });
}

function bytesOf({ token, threads, behind }: ProxiedServers, request: Request): string {
  const [first, second] = threads;
  const filled = (text: string): string =>
    text
      .replaceAll('FIRST', first ?? '')
      .replaceAll('SECOND', second ?? '')
      .replaceAll('MINE', token)
      .replaceAll('BEHIND', behind.get(first!) ?? '');
  const lines = [
    `${request.method} ${request.begins}${request.path} HTTP/1.1`,
    'Host: x',
    `Authorization: ${request.credential}`,
  ];
  return `${[...lines, ...request.headers].map(filled).join('\r\n')}\r\n\r\n`;
}

/** Paths as several readers might understand them: none of them may leave the thread's own. */
function staysInside(path: string, thread: string): boolean {
  const readings = [path, decoded(path), decoded(decoded(path))].map(
    text => new URL(text.replaceAll('\\', '/'), 'http://x').pathname,
  );
  return readings.every(reading => reading === `/jupyter/${thread}` || reading.startsWith(`/jupyter/${thread}/`));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function requireRightful(servers: ProxiedServers, bytes: string, arrived: readonly Arrived[]): void {
  for (const { thread, path: asked, headers } of arrived) {
    expect(staysInside(asked, thread), asked).toBe(true);
    expect(headers.authorization).toBe(`token ${servers.behind.get(thread)}`);
    expect(headers.host).toBe('localhost');
    const told = JSON.stringify(headers);
    expect(told).not.toMatch(/cookie|origin|muster|xsrf|forwarded/i);
    // The token may be in the address that a client chose, which it knows; in no header.
    expect(told).not.toContain(servers.token);
    expect(bytes).toContain(`Authorization: Bearer ${servers.token}\r\n`);
    expect(bytes).not.toMatch(/\r\nOrigin:/i);
    if (bytes.includes(`\r\n${runHeader}:`)) {
      expect(bytes).toContain(`${runHeader}: ${ownRun}`);
      expect(thread).toBe(servers.threads[0]);
    }
  }
}

const isAnswered = (text: string): boolean => text.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '').includes('\r\n\r\n');

describe('the proxy to guest servers, whatever it is sent', () => {
  test('lets in who shows the token alone, to the thread in the path alone, and tells nobody a server’s own', async () => {
    const all = await servers();
    let inside = 0;
    await fc.assert(
      fc.asyncProperty(requests, async request => {
        const bytes = bytesOf(all, request);
        all.arrived.length = 0;
        // An empty body where one was announced.
        const body = /\r\nTransfer-Encoding:/i.test(bytes) ? '0\r\n\r\n' : '';
        const came = (await all.send(bytes + body, isAnswered)).toString('latin1');
        requireRightful(all, bytes, all.arrived);
        inside += all.arrived.length;
        for (const secret of all.behind.values()) expect(came).not.toContain(secret);
        expect(came).not.toMatch(/set-cookie/i);
      }),
      runs,
    );
    // That what is right gets through is part of it.
    expect(inside).toBeGreaterThan(runs.numRuns / 50);
    const right = {
      method: 'GET',
      begins: '/jupyter/FIRST',
      path: '/api/status',
      credential: 'Bearer MINE',
      headers: [],
    };
    expect((await all.send(bytesOf(all, right), isAnswered)).toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('carries what is sent after an upgrade to one server as it is, however it is cut', async () => {
    const all = await servers();
    const [first] = all.threads;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }), async sizes => {
        const pieces = sizes.map(size => randomBytes(size));
        const head = bytesOf(all, {
          method: 'GET',
          begins: '/jupyter/FIRST',
          path: '/api/kernels/k/channels',
          credential: 'Bearer MINE',
          headers: ['Connection: Upgrade', 'Upgrade: websocket'],
        });
        all.arrived.length = 0;
        const back = await echoed(all.socket, head, pieces);
        expect(back.equals(Buffer.concat(pieces))).toBe(true);
        expect(all.arrived).toMatchObject([{ thread: first }]);
      }),
      { numRuns: soaking ? 2000 : 30, seed },
    );
  });
});

/** Sends a head, and the pieces behind it at once; what came after the head of the answer. */
async function echoed(socket: string, head: string, pieces: readonly Buffer[]): Promise<Buffer> {
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const connection = connect(socket);
  let came = Buffer.alloc(0);
  connection.on('data', (chunk: Buffer) => {
    came = Buffer.concat([came, chunk]);
    const end = came.indexOf('\r\n\r\n') + 4;
    if (end < 4 || came.length < end + total) return;
    connection.destroy();
    resolve(came.subarray(end));
  });
  connection.on('error', reject);
  connection.on('close', () => resolve(came));
  connection.write(head);
  for (const piece of pieces) connection.write(piece);
  return await promise;
}
