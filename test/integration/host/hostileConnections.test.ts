import { connect as http2Connect } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { inRepository } from '../../../src/build/paths.ts';
import { readBody } from '../../../src/host/ingress/readBody.js';
import type { Handler } from '../../../src/host/server/nodeHandler.js';
import { noteRecognition, type Recognition } from '../../../src/host/server/visitor.js';
import { createWireServer, type Guarded } from '../../../src/host/server/wireServer.js';
import { soaking } from '../../support/sample.ts';

/** Connections of strangers that want to keep the host busy: each is let go, and others are answered meanwhile. */

const tls = {
  cert: readFileSync(inRepository('test/fixtures/tls/cert.pem')),
  key: readFileSync(inRepository('test/fixtures/tls/key.pem')),
};

const echo: Handler = (request, response) => {
  request.resume();
  request.once('end', () => response.end('answered'));
};

async function listening(more: Partial<Guarded> = {}, handler: Handler = echo) {
  const guarded = { patienceMs: 2_000, idleMs: 600_000, maxHeaderBytes: 32 * 1024, maxConnections: 2_000, ...more };
  const wire = createWireServer(handler, { guarded });
  const server = wire.createListener();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    wire.destroyConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = (localAddress?: string): Socket => {
    const socket = connect({ port, host: '127.0.0.1', ...(localAddress !== undefined && { localAddress }) });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { server, port, open };
}

/** What comes back until the host closes the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', chunk => chunks.push(chunk));
  // However it ends.
  await new Promise(resolve => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

const get = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

test('who says nothing is let go', async () => {
  const { open } = await listening();
  expect(await untilClosed(open())).toBe('');
});

test('who says it letter by letter is let go, and others are answered meanwhile', async () => {
  const { open } = await listening();
  const slow = open();
  const letters = `GET / HTTP/1.1\r\nHost: localhost\r\n${'X-Padding: '.repeat(1_000)}`.split('');
  const dribble = setInterval(() => slow.writable && slow.write(letters.shift() ?? 'x'), 5);
  onTestFinished(() => clearInterval(dribble));
  const answer = untilClosed(slow);
  const quick = open();
  quick.write(get);
  expect(await untilClosed(quick)).toContain('answered');
  expect(await answer).not.toContain('answered');
});

test('who promises a body and sends it letter by letter is let go', async () => {
  const { open } = await listening();
  const slow = open();
  slow.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n');
  const dribble = setInterval(() => slow.writable && slow.write('x'), 5);
  onTestFinished(() => clearInterval(dribble));
  expect(await untilClosed(slow)).not.toContain('answered');
});

test('who begins no TLS is let go, and who speaks it is answered', async () => {
  const { open, port } = await listening({ tls });
  const silent = untilClosed(open());
  const secured = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  onTestFinished(() => void secured.destroy());
  await once(secured, 'secureConnect');
  secured.write(get);
  expect(await untilClosed(secured)).toContain('answered');
  expect(await silent).toBe('');
});

test('heads that are too long are refused', async () => {
  const { open } = await listening();
  const socket = open();
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Padding: ${'x'.repeat(40 * 1024)}\r\n\r\n`);
  expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 431/);
});

const nobodyWaits = { patienceMs: 600_000 };

test('when strangers hold every place, whoever comes gets one at once', async () => {
  const { open } = await listening({ ...nobodyWaits, maxConnections: 20 });
  const silent = Array.from({ length: 20 }, () => open());
  await Promise.all(silent.map(socket => once(socket, 'connect')));
  const [oldest] = silent;
  const letGo = oldest && untilClosed(oldest);
  const late = open();
  late.write(get);
  expect(await untilClosed(late)).toContain('answered');
  expect(await letGo).toBe('');
});

/** A listener with two places, both taken by requests that are answered when told to. */
async function bothPlacesAtWork(letsIn: (request: object) => void) {
  const asked: (() => void)[] = [];
  const arrived = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { open } = await listening({ ...nobodyWaits, maxConnections: 2 }, (request, response) => {
    letsIn(request);
    asked.push(() => response.end('answered'));
    arrived[asked.length - 1]?.resolve();
  });
  const ask = () => {
    const socket = open();
    socket.write(get);
    return untilClosed(socket);
  };
  const first = ask();
  await arrived[0]?.promise;
  const second = ask();
  await arrived[1]?.promise;
  return { ask, asked, first, second, third: arrived[2]?.promise };
}

const visitor: Recognition = {
  kind: 'visitor',
  visitor: { name: 'somebody', scope: 'read', scopeNow: () => 'read' },
};

test('who was let in and is being answered keeps the place, and one is free when they have been', async () => {
  const { ask, asked, first, second, third } = await bothPlacesAtWork(request => noteRecognition(request, visitor));
  expect(await ask()).toBe('');
  asked[0]?.();
  expect(await first).toContain('answered');
  const next = ask();
  await third;
  for (const answer of asked) answer();
  expect(await Promise.all([second, next])).toEqual([
    expect.stringContaining('answered'),
    expect.stringContaining('answered'),
  ]);
});

test('when requests of strangers hold every place, whoever comes gets that of the longest', async () => {
  const { ask, asked, first, second, third } = await bothPlacesAtWork(() => undefined);
  const late = ask();
  expect(await first).toBe('');
  await third;
  for (const answer of asked) answer();
  expect(await Promise.all([second, late])).toEqual([
    expect.stringContaining('answered'),
    expect.stringContaining('answered'),
  ]);
});

test('an HTTP/2 connection without a request is let go, one with a request that takes long is not', async () => {
  const later = Promise.withResolvers<void>();
  const { port } = await listening({ patienceMs: 300 }, (_, response) => {
    void later.promise.then(() => response.end('answered'));
  });
  const [silent, working] = [http2Connect(`http://127.0.0.1:${port}`), http2Connect(`http://127.0.0.1:${port}`)];
  for (const session of [silent, working]) {
    session.on('error', () => undefined);
    onTestFinished(() => session.destroy());
  }
  const stream = working.request({ ':path': '/' });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(silent, 'close');
  later.resolve();
  await once(stream, 'end');
  expect(Buffer.concat(chunks).toString()).toBe('answered');
});

test('who sends a login or a webhook letter by letter over HTTP/2 is let go', async () => {
  const { port } = await listening({}, (request, response) => {
    void readBody(request, 1_000, { withinMs: 200 }).then(
      () => response.end('read'),
      () => undefined,
    );
  });
  const session = http2Connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':path': '/', ':method': 'POST' });
  stream.on('error', () => undefined);
  const dribble = setInterval(() => stream.writable && stream.write('x'), 20);
  onTestFinished(() => clearInterval(dribble));
  const heard: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => heard.push(chunk));
  await new Promise(resolve => stream.once('close', resolve));
  expect(Buffer.concat(heard).toString()).toBe('');
});

// Ten thousand in the soak, a sample of them otherwise.
test('many that say nothing take their turns and nothing else, and whoever comes after them is answered', async () => {
  // In waves that fit the line in which a system keeps connections that nobody has accepted yet.
  const waves = soaking ? 40 : 1;
  const { open, server } = await listening({ maxConnections: 100 });
  for (let wave = 0; wave < waves; wave++) await Promise.all(Array.from({ length: 250 }, () => untilClosed(open())));
  const left = () => new Promise<number>(resolve => server.getConnections((_, found) => resolve(found)));
  await expect.poll(left).toBe(0);
  const late = open();
  late.write(get);
  expect(await untilClosed(late)).toContain('answered');
});
