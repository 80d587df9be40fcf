import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  answeringUpstream,
  ask,
  callFacade,
  messages,
  openCall,
  startFacade,
  startUpstream,
  upstreamKey,
  whole,
} from '../../support/facadeHost.js';

describe('nobody gets in', () => {
  it.each([
    ['without a token', {}],
    ['with another token', { authorization: `Bearer muster_llm_${'0'.repeat(64)}` }],
    ['with the key of the upstream', { 'x-api-key': upstreamKey }],
    ['with a token in another scheme', { authorization: 'Basic x' }],
  ])('%s', async (_, headers) => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    const answer = await callFacade(host.url, { path: messages, headers, body: JSON.stringify(ask) });
    expect(answer.status).toBe(401);
    expect(upstream.requests).toHaveLength(0);
  });

  it('under another name than that of loopback', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    for (const name of ['evil.example', `evil.example:${new URL(host.url).port}`, 'localhost', '127.0.0.1:1']) {
      expect((await host.post(messages, ask, { host: name })).status).toBe(403);
    }
    expect(upstream.requests).toHaveLength(0);
  });

  it.each(['host.microsandbox.internal'])('except under %s, as virtual machines call it', async name => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    const { port } = new URL(host.url);
    expect((await host.post(messages, ask, { host: `${name}:${port}` })).status).toBe(200);
    expect((await host.post(messages, ask, { host: `${name}.evil.example:${port}` })).status).toBe(403);
  });

  it('once the run has ended; calls that were at work end with it', async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>(resolve => (closed = resolve));
    const upstream = await startUpstream((_, response) => {
      response.once('close', closed);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
    });
    const host = await startFacade({ upstream: upstream.url });
    const other = await host.openRun();
    const headers = { authorization: `Bearer ${host.token}` };
    await openCall(host.url, { path: messages, headers, body: JSON.stringify(ask) }).then(answer =>
      answer.on('error', () => {}),
    );
    host.endRun(host.run);
    await gone;
    expect((await host.post(messages, ask)).status).toBe(401);
    expect(other.token).not.toBe(host.token);
  });

  it('anywhere but to models', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    const headers = { authorization: `Bearer ${host.token}` };
    for (const path of ['/', '/v1/files', '/openai/v1/../admin', `/${upstream.url}/`, '/openai/v1/responses/%2e%2e']) {
      expect((await callFacade(host.url, { path, headers, body: '{}' })).status).toBe(404);
    }
    expect(upstream.requests).toHaveLength(0);
  });

  it('to a model that the agent may not call', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({
      upstream: upstream.url,
      compose: 'agents: {dev: {provider: claude, llm: {via: facade, models: ["claude-*"]}}}',
    });
    const answer = await host.post('/openai/v1/responses', { model: 'gpt-5-pro', input: 'x' });
    expect(answer).toMatchObject({ status: 403 });
    expect(answer.text).toContain('claude-*');
    expect((await host.post(messages, ask)).status).toBe(200);
    const gemini = await host.post('/gemini/v1beta/models/gemini-2.5-pro:generateContent', {});
    expect(gemini.status).toBe(403);
  });

  it('with two models in one request', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    const answer = await host.post(messages, '{"model":"claude-haiku-4-5","model":"claude-opus-4-1"}');
    expect(answer.status).toBe(400);
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('the size of a request', () => {
  it('may be 64 MiB and not a byte more', { timeout: 60_000 }, async () => {
    const upstream = await startUpstream((_, response) => response.writeHead(200).end(whole));
    const host = await startFacade({ upstream: upstream.url });
    const limit = 64 * 1024 * 1024;
    const frame = '{"model":"m","text":""}';
    const text = (size: number): Buffer =>
      Buffer.concat([Buffer.from(frame.slice(0, -2)), Buffer.alloc(size - frame.length, 'x'), Buffer.from('"}')]);
    expect((await host.post(messages, text(limit))).status).toBe(200);
    expect(upstream.requests[0]?.body.length).toBe(limit);
    const announced = await host.post(messages, text(limit + 1)).catch((error: NodeJS.ErrnoException) => error.code);
    // The answer may be lost when the client is still sending; what counts is that nothing went on.
    expect(announced).toSatisfy(
      (found: unknown) => found === 'EPIPE' || found === 'ECONNRESET' || (found as { status: number }).status === 413,
    );
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('keys', () => {
  it('are nowhere in what a run gets, nor in the database or the folder of the state', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    await host.post(messages, ask);
    expect(JSON.stringify(host.variables)).not.toContain(upstreamKey);
    expect(host.variables['PATH']).toBe('/bin');
    const files = ['muster.db', 'muster.db-wal', 'models.json'].map(name =>
      readFileSync(join(host.stateDir, name), 'latin1'),
    );
    for (const content of files) {
      expect(content).not.toContain(upstreamKey);
      expect(content).not.toContain(host.token);
    }
    expect(files.join('')).toContain(createHash('sha256').update(host.token).digest('hex'));
  });

  it('come from the command of models.json, once for many calls, and again when one was refused', async () => {
    let status = 200;
    const upstream = await startUpstream((_, response) => response.writeHead(status).end(whole));
    const host = await startFacade({ upstream: upstream.url });
    const counter = join(host.stateDir, 'asked');
    const command = `echo x >> ${counter}; echo printed-key-0123456789`;
    host.settings({ upstreams: { anthropic: { endpoint: upstream.url, key_command: command } } });
    await Promise.all([host.post(messages, ask), host.post(messages, ask)]);
    expect(upstream.requests.map(({ headers }) => headers['x-api-key'])).toEqual(
      Array(2).fill('printed-key-0123456789'),
    );
    expect(readFileSync(counter, 'utf8')).toBe('x\n');
    status = 401;
    await host.post(messages, ask);
    await host.post(messages, ask);
    expect(readFileSync(counter, 'utf8')).toBe('x\nx\n');
  });

  it('of a command that fails are missing, and its words stay with us', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    host.settings({ upstreams: { anthropic: { endpoint: upstream.url, key_command: 'echo half-a-key; exit 3' } } });
    const answer = await host.post(messages, ask);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain('half-a-key');
    expect(answer.text).toContain('key_command');
  });

  it('and what is said are logged only where a person wants it, and then without the key', async () => {
    const upstream = await answeringUpstream(`{"said":"the key is ${upstreamKey}"}`);
    const host = await startFacade({ upstream: upstream.url });
    await host.post(messages, ask);
    const file = join(host.stateDir, 'model-calls.ndjson');
    expect(existsSync(file)).toBe(false);
    host.settings({ log_calls: true });
    await host.post(messages, { ...ask, metadata: { key: upstreamKey } });
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n')).toBe(true);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(upstreamKey);
    expect(text).not.toContain(host.token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(text)).toMatchObject({
      run: host.run.id,
      model: ask.model,
      status: 200,
      answer: expect.stringContaining('the key is') as string,
    });
  });

  it('that a client hands over come before those of the environment', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    host.models.modelKeys.offer('anthropic', 'from-the-editor-0123');
    await host.post(messages, ask);
    expect(upstream.requests[0]?.headers['x-api-key']).toBe('from-the-editor-0123');
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['rubbish', 'hello\r\n\r\n'],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
    ['another protocol', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a header without end', `GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}`],
  ])('is dropped: %s', async (_, text) => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
    socket.resume();
    socket.write(text);
    await closed;
    expect((await host.post(messages, ask)).status).toBe(200);
    expect(upstream.requests).toHaveLength(1);
  });
});
