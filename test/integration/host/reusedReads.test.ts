import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, get as getHttp, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createSecureServer, get as getHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { giveBack, ReusingHttpAgent, ReusingHttpsAgent } from '../../../src/host/facade/reusedReads.js';
import { ask, messages, openCall, spentOf, startFacade, startUpstream } from '../../support/facadeHost.js';
import { tempDirectory } from '../../support/tempDirectory.js';

const large = randomBytes(3_000_000);

/** By length, and in chunks whose ends are anywhere. */
const answers: RequestListener = (request, response) => {
  if (request.url === '/whole') return void response.writeHead(200, { 'content-length': large.length }).end(large);
  for (let at = 0; at < large.length; at += 7_777) response.write(large.subarray(at, at + 7_777));
  response.end();
};

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Every piece is held until all of them are there, and the reader stops now and then. */
async function readSlowly(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) {
    pieces.push(piece as Buffer);
    if (pieces.length % 5 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  return Buffer.concat(pieces);
}

it('what comes over connections that are kept is never overwritten', async () => {
  const port = await listening(createServer(answers));
  const agent = new ReusingHttpAgent({ keepAlive: true, maxSockets: 2 });
  onTestFinished(() => agent.destroy());
  const asked = ['/whole', '/chunks', '/whole', '/chunks'].map(async path => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    getHttp({ port, path, agent }, resolve).once('error', reject);
    return (await readSlowly(await promise)).equals(large);
  });
  expect(await Promise.all(asked)).toEqual([true, true, true, true]);
});

it('nor over such with TLS', async () => {
  const folder = tempDirectory('muster-tls-');
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...made, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  const port = await listening(createSecureServer(pair, answers));
  const agent = new ReusingHttpsAgent({ keepAlive: true, maxSockets: 1, ca: pair.cert, lookup: toLoopback });
  onTestFinished(() => agent.destroy());
  for (const path of ['/whole', '/chunks', '/whole']) {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    getHttps({ host: 'localhost', port, path, agent }, resolve).once('error', reject);
    expect((await readSlowly(await promise)).equals(large)).toBe(true);
  }
});

const toLoopback = (
  _name: string,
  { all }: { readonly all?: boolean },
  done: (error: null, address: string | { address: string; family: number }[], family?: number) => void,
): void => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));

it('only memory that is nobody else’s is given back', () => {
  const own = Buffer.allocUnsafeSlow(100_000);
  const part = Buffer.from('of a pool');
  giveBack(own);
  giveBack(part);
  expect(own).toHaveLength(0);
  expect(part.toString()).toBe('of a pool');
});

it('what was used is known, also when the line that says it comes in two halves of which the first is gone', async () => {
  const usage = { input_tokens: 900, output_tokens: 77 };
  const line = `data: ${JSON.stringify({ type: 'message_start', message: { usage } })}\n\n`;
  // Long enough to have memory of its own.
  const [first, rest] = [`data: ${'x'.repeat(20_000)}\n\n${line.slice(0, 30)}`, line.slice(30)];
  let finish = (): void => {};
  const upstream = await startUpstream((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(first);
    finish = () => response.end(rest);
  });
  const host = await startFacade({ upstream: upstream.url });
  const headers = { authorization: `Bearer ${host.token}` };
  const answer = await openCall(host.url, { path: messages, headers, body: JSON.stringify(ask) });
  let said = '';
  for await (const piece of answer) {
    said += String(piece);
    if (said === first) finish();
  }
  expect(said).toBe(first + rest);
  expect(spentOf(host).tokens).toMatchObject({ input: 900, output: 77 });
});
