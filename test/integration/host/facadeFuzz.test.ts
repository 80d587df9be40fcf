import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  ask,
  messages,
  startFacade,
  startUpstream,
  upstreamKey,
  whole,
  type FacadeHost,
} from '../../support/facadeHost.js';

/** Sends bytes, says nothing more, and returns all that comes back. */
async function send(host: FacadeHost, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  socket.on('error', () => {});
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  // Half a request is waited for, which is not what is looked at here.
  socket.setTimeout(80, () => socket.destroy());
  socket.write(bytes, 'latin1');
  await closed;
  return answer;
}

const text = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const line = text.map(value => value.replace(/[\r\n]/g, ''));
const method = fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'post', '');
const path = fc.oneof(
  fc.constantFrom(
    messages,
    `${messages}/count_tokens`,
    '/openai/v1/responses',
    '/openai/v1/chat/completions',
    '/openai/v1/models',
    '/gemini/v1beta/models/m:generateContent',
    'http://evil.example/openai/v1/responses',
    '//evil.example/anthropic/v1/messages',
    '/openai/v1/../../etc/passwd',
    '/anthropic/v1/messages?key=x&beta=true&url=http://evil.example',
    '*',
  ),
  fc
    .tuple(fc.constantFrom('/openai/v1/', '/anthropic/v1/', '/gemini/v1beta/models/'), line)
    .map(([head, tail]) => head + tail),
);
const header = fc.oneof(
  fc.constantFrom(
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Content-Length: 0',
    'Content-Length: 7',
    'Content-Length: 99999999999',
    'Content-Length: -1',
    'Connection: close, authorization',
    'Expect: 100-continue',
    'Upgrade: websocket',
    'Host: evil.example',
    'X-Forwarded-Host: evil.example',
    'Content-Encoding: gzip',
    'Range: bytes=0-',
  ),
  fc
    .tuple(fc.constantFrom('X-A', 'Accept', 'Content-Type', 'Cookie', 'Authorization', 'X-Api-Key'), line)
    .map(([name, value]) => `${name}: ${value}`),
  line,
);
const body = fc.oneof(
  fc.constant(JSON.stringify(ask)),
  fc.json().map(value => value.slice(0, 500)),
  fc.constantFrom(
    '5\r\nhello\r\n0\r\n\r\n',
    'ffffffffffffffff\r\nx',
    '-1\r\n\r\n',
    '0\r\nTrailer: x\r\n\r\n',
    '{"model":',
    '{"model":"m"}{"model":"n"}',
  ),
  text,
);

const mostly = fc.constantFrom(true, true, true, true, false);

it(
  'nothing that comes in gets past the routes, takes the key out or stops the facade',
  { timeout: 110_000 },
  async () => {
    const upstream = await startUpstream((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(whole),
    );
    const host = await startFacade({ upstream: upstream.url });
    const { port } = new URL(host.url);
    const token = fc.constantFrom(
      host.token,
      host.token,
      host.token,
      `${host.token}0`,
      host.token.toUpperCase(),
      upstreamKey,
      '',
    );
    // Most of a request is good, or none would get past the parser of HTTP.
    const request = fc.record({
      method: fc.oneof({ weight: 4, arbitrary: fc.constant('POST') }, { weight: 1, arbitrary: method }),
      path: fc.oneof({ weight: 2, arbitrary: fc.constant(messages) }, { weight: 3, arbitrary: path }),
      headers: fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(header, { maxLength: 3 }) },
      ),
      body: fc.oneof({ weight: 2, arbitrary: fc.constant(JSON.stringify(ask)) }, { weight: 1, arbitrary: body }),
      token,
      hasHost: mostly,
      hasLength: mostly,
    });
    // Pipelined requests fall together with a bad one behind them.
    const pipeline = fc.oneof(
      { weight: 4, arbitrary: request.map(one => [one]) },
      { weight: 1, arbitrary: fc.array(request, { minLength: 2, maxLength: 3 }) },
    );
    await fc.assert(
      fc.asyncProperty(pipeline, async requests => {
        const bytes = requests.map(one => {
          const length = one.hasLength ? [`Content-Length: ${Buffer.byteLength(one.body, 'latin1')}`] : [];
          const known = [
            ...(one.hasHost ? [`Host: 127.0.0.1:${port}`] : []),
            `Authorization: Bearer ${one.token}`,
            ...length,
          ];
          return [`${one.method} ${one.path} HTTP/1.1`, ...known, ...one.headers, '', one.body].join('\r\n');
        });
        const answer = await send(host, bytes.join(''));
        expect(answer).not.toContain(upstreamKey);
        expect(answer).not.toContain(host.token);
      }),
      { numRuns: 300 },
    );
    const asked =
      /^\/v1\/(messages(\/count_tokens)?|responses|chat\/completions|models(\/[\w.-]+)?)(\?[\w=&]*)?$|^\/v1beta\/models(\/[\w.-]+(:\w+)?)?(\?[\w=&]*)?$/;
    for (const { url, headers } of upstream.requests) {
      expect(url).toMatch(asked);
      expect(JSON.stringify(headers)).not.toContain(host.token);
      expect(headers.host).toBe(new URL(upstream.url).host);
    }
    // Some of it was good, or nothing was tried.
    expect(upstream.requests.length).toBeGreaterThan(5);
    expect((await host.post(messages, ask)).status).toBe(200);
    expect(host.store.read(({ modelCalls }) => modelCalls.open())).toEqual([]);
  },
);

it('whatever an upstream answers, its client gets an answer or an end', { timeout: 110_000 }, async () => {
  let say = '';
  const upstream = await startUpstream((request, response) => {
    response.on('error', () => {});
    request.socket.end(say, 'latin1');
  });
  const host = await startFacade({ upstream: upstream.url });
  const answerHeader = fc.oneof(
    fc.constantFrom(
      'Transfer-Encoding: chunked',
      'Content-Length: 3',
      'Content-Length: 999999',
      'Content-Type: text/event-stream',
      'Content-Encoding: gzip',
      'Connection: close, content-type',
      'Location: http://evil.example/',
      'Set-Cookie: a=b',
      'Trailer: x',
    ),
    line,
  );
  const chunk = fc.constantFrom(
    '3\r\nabc\r\n',
    '0\r\n\r\n',
    'zz\r\n',
    'data: {"usage":{"input_tokens":1e99}}\n\n',
    'data: {"usage":\n\n',
    '"usage"',
    '{"usage":[]}',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        '200 OK',
        '204 No Content',
        '101 Switching Protocols',
        '100 Continue',
        '301 Moved',
        '400 Bad',
        '999 Odd',
        'x',
      ),
      fc.array(answerHeader, { maxLength: 4 }),
      fc.array(fc.oneof(chunk, text), { maxLength: 4 }),
      async (status, headers, chunks) => {
        say = [`HTTP/1.1 ${status}`, ...headers, '', chunks.join('')].join('\r\n');
        await host.post(messages, ask).catch(() => undefined);
      },
    ),
    { numRuns: 40 },
  );
  await expect.poll(() => host.store.read(({ modelCalls }) => modelCalls.open())).toEqual([]);
});
