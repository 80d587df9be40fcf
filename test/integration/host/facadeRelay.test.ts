import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  answeringUpstream,
  ask,
  messages,
  openCall,
  spentOf,
  startFacade,
  startUpstream,
  upstreamKey,
  whole,
} from '../../support/facadeHost.js';

describe('an answer passes', () => {
  it.each([
    ['/anthropic/v1/messages', 'x-api-key', '/v1/messages'],
    ['/openai/v1/responses', 'authorization', '/v1/responses'],
    ['/openai/v1/chat/completions', 'authorization', '/v1/chat/completions'],
    [
      '/gemini/v1beta/models/gemini-2.5-pro:generateContent',
      'x-goog-api-key',
      '/v1beta/models/gemini-2.5-pro:generateContent',
    ],
  ])('byte for byte: %s', async (path, keyHeader, upstreamPath) => {
    const bytes = randomBytes(300_000);
    const upstream = await startUpstream((_, response) =>
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'x-request-id': 'r1' }).end(bytes),
    );
    const host = await startFacade({ upstream: upstream.url });
    const body = Buffer.from(`{"model" : "claude-sonnet-4-5", "ünï": "\\u00fc", "n":[1.0,2e5]}`);
    const answer = await host.post(path, body);
    expect(answer).toMatchObject({ status: 200, headers: { 'x-request-id': 'r1' } });
    expect(answer.bytes.equals(bytes)).toBe(true);
    const [request] = upstream.requests;
    expect(request?.url).toBe(upstreamPath);
    expect(request?.body.equals(body)).toBe(true);
    expect(request?.headers[keyHeader]).toContain(upstreamKey);
    expect(JSON.stringify(request?.headers)).not.toContain(host.token);
  });

  it('while it is still being said', async () => {
    let finish = (): void => {};
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: ping\ndata: {}\n\n');
      finish = () => response.end('data: {"type":"message_stop"}\n\n');
    });
    const host = await startFacade({ upstream: upstream.url });
    const headers = { authorization: `Bearer ${host.token}` };
    const answer = await openCall(host.url, { path: messages, headers, body: JSON.stringify(ask) });
    const chunks = answer.iterator();
    expect(String((await chunks.next()).value)).toBe('event: ping\ndata: {}\n\n');
    finish();
    expect(String((await chunks.next()).value)).toBe('data: {"type":"message_stop"}\n\n');
  });

  it('no faster than the client reads it', async () => {
    const piece = Buffer.alloc(1_000_000, 'x');
    const pieces = 200;
    let sent = 0;
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => {
        while (sent < pieces) {
          sent++;
          if (!response.write(piece)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const host = await startFacade({ upstream: upstream.url });
    const headers = { authorization: `Bearer ${host.token}` };
    const answer = await openCall(host.url, { path: messages, headers, body: JSON.stringify(ask) });
    answer.pause();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise(resolve => setTimeout(resolve, 200));
    }
    // What fits into the buffers of two connections, and nowhere near all of it.
    expect(sent).toBeLessThan(pieces / 4);
    let received = 0;
    for await (const chunk of answer) received += (chunk as Buffer).length;
    expect(received).toBe(piece.length * pieces);
  });

  it.each([
    [401, { error: { type: 'authentication_error' } }],
    [403, { error: { type: 'permission_error' } }],
    [404, { error: { type: 'not_found_error' } }],
    [429, { error: { type: 'rate_limit_error' } }],
    [500, { error: { type: 'api_error' } }],
  ])('with its meaning: %d', async (status, body) => {
    const upstream = await startUpstream((_, response) =>
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '30' }).end(JSON.stringify(body)),
    );
    const host = await startFacade({ upstream: upstream.url });
    const answer = await host.post(messages, ask);
    expect(answer).toMatchObject({ status, text: JSON.stringify(body), headers: { 'retry-after': '30' } });
    // The client has its own way to try again.
    expect(upstream.requests).toHaveLength(1);
    expect(spentOf(host)).toMatchObject({ calls: 1, costUsd: 0 });
  });

  it('also when it leads elsewhere: no redirect is followed', async () => {
    const elsewhere = await answeringUpstream();
    const upstream = await startUpstream((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
    const host = await startFacade({ upstream: upstream.url });
    expect((await host.post(messages, ask)).status).toBe(307);
    expect(elsewhere.requests).toHaveLength(0);
  });
});

describe('an upstream', () => {
  it('that is busy for a moment is asked again, with the same body', async () => {
    let calls = 0;
    const upstream = await startUpstream((_, response) => {
      if (++calls < 3) response.writeHead(529).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(whole);
    });
    const host = await startFacade({ upstream: upstream.url });
    expect((await host.post(messages, ask)).status).toBe(200);
    expect(new Set(upstream.requests.map(({ body }) => body.toString())).size).toBe(1);
    expect(upstream.requests).toHaveLength(3);
    expect(spentOf(host)).toMatchObject({ calls: 1, tokens: { input: 1000, output: 100 } });
  });

  it('that breaks the connection before it answers is asked again', async () => {
    let calls = 0;
    const upstream = await startUpstream((request, response) => {
      if (++calls === 1) request.socket.destroy();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(whole);
    });
    const host = await startFacade({ upstream: upstream.url });
    expect((await host.post(messages, ask)).status).toBe(200);
  });

  it('is never asked again once its answer has begun', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const usage = { input_tokens: 900, cache_read_input_tokens: 50, output_tokens: 1 };
      response.write(`data: ${JSON.stringify({ type: 'message_start', message: { usage } })}\n\n`, () =>
        response.destroy(),
      );
    });
    const host = await startFacade({ upstream: upstream.url });
    await expect(host.post(messages, ask)).rejects.toThrow();
    expect(upstream.requests).toHaveLength(1);
    // What it said until then counts; what it said is at least something.
    const { tokens } = spentOf(host);
    expect(tokens).toMatchObject({ input: 900, cacheRead: 50 });
    expect(tokens.output).toBeGreaterThan(0);
  });

  it('gets many calls over one connection', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    for (let i = 0; i < 10; i++) expect((await host.post(messages, ask)).status).toBe(200);
    expect(upstream.connections).toBe(1);
  });

  it('that is not there is named, and nothing else', async () => {
    const host = await startFacade({ upstream: 'http://127.0.0.1:9' });
    const answer = await host.post(messages, ask);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.text)).toEqual({
      type: 'error',
      error: { type: 'api_error', message: 'The upstream anthropic could not be reached.' },
    });
  });

  it('is told when the client leaves', async () => {
    let left: () => void = () => {};
    const gone = new Promise<void>(resolve => (left = resolve));
    const upstream = await startUpstream((_, response) => {
      response.once('close', left);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
    });
    const host = await startFacade({ upstream: upstream.url });
    const headers = { authorization: `Bearer ${host.token}` };
    const answer = await openCall(host.url, { path: messages, headers, body: JSON.stringify(ask) });
    answer.destroy();
    await gone;
    await expect.poll(() => spentOf(host).calls).toBe(1);
  });
});
