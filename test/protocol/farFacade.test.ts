import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { signedToken } from '../../src/host/facade/signedToken.js';
import { ask, callFacade, messages, openCall, startUpstream, upstreamKey, whole } from '../support/facadeHost.js';
import { claimsOf, facadeVariables, newKey } from '../support/facadeTokens.ts';
import { collect } from '../support/farFacade.js';
import { buildPrograms, testHome, type Programs } from '../support/hostProcess.js';
import { rawRequest } from '../support/rawRequest.js';
import { tempDirectory } from '../support/tempDirectory.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const key = newKey();
const token = (changed = {}): string => signedToken(claimsOf(key, changed), key);
const bearer = (said: string) => ({ authorization: `Bearer ${said}` });
const body = JSON.stringify(ask);

/** `muster facade`, with what it printed. */
async function startProcess(variables: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [programs.cli, 'facade'], {
    env: { PATH: process.env['PATH'], HOME: tempDirectory(), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve));
  const said: string[] = [];
  const complaints = text(child.stderr);
  const { promise, resolve, reject } = Promise.withResolvers<{ models: number; control: number }>();
  createInterface(child.stdout).on('line', line => {
    said.push(line);
    const told = JSON.parse(line) as { models?: number; control?: number };
    if (told.models && told.control) resolve({ models: told.models, control: told.control });
  });
  void exited.then(async () => reject(new Error(await complaints)));
  const ports = await promise;
  return {
    child,
    exited,
    url: `http://127.0.0.1:${ports.models}`,
    control: `http://127.0.0.1:${ports.control}`,
    output: async () => said.join('\n') + (child.exitCode === null ? '' : await complaints),
  };
}

describe('`muster facade`', () => {
  test('calls models by what a host has signed, and says nothing of keys and tokens', async () => {
    const upstream = await startUpstream((_, response) => response.writeHead(200).end(whole));
    const facade = await startProcess(facadeVariables({ keys: [newKey(), key], upstream: upstream.url }));
    expect(await callFacade(facade.control, { path: '/healthz', method: 'GET' })).toMatchObject({ status: 200 });
    const call = { path: messages, headers: bearer(token()), body };
    expect(await callFacade(facade.url, call)).toMatchObject({ status: 200, text: whole });
    expect(upstream.requests[0]).toMatchObject({ url: '/v1/messages', headers: { 'x-api-key': upstreamKey } });
    expect(JSON.stringify(upstream.requests[0]?.headers)).not.toContain('muster_far_');

    for (const wrong of [
      signedToken(claimsOf(key), newKey()),
      token({ expires: Date.now() - 1 }),
      token({ facade: 'muster-facade.other' }),
      upstreamKey,
    ])
      expect(await callFacade(facade.url, { ...call, headers: bearer(wrong) })).toMatchObject({ status: 401 });
    for (const path of [
      '/healthz',
      '/usage',
      '/anthropic/v1/../../admin',
      '/anthropic/v1/files',
      `/${upstream.url}/v1/messages`,
    ])
      expect(await callFacade(facade.url, { ...call, path })).toMatchObject({ status: 404 });
    expect(await callFacade(facade.url, { ...call, headers: bearer(token({ models: ['gpt-*'] })) })).toMatchObject({
      status: 403,
    });
    expect(await callFacade(facade.url, { ...call, headers: bearer(token({ upstream: '../openai' })) })).toMatchObject({
      status: 400,
    });
    const smuggled = await rawRequest(facade.url, [
      `POST ${messages} HTTP/1.1`,
      'Host: facade',
      `Authorization: Bearer ${token()}`,
      'Content-Length: 4',
      'Transfer-Encoding: chunked',
      '',
      '0',
      '',
      'GET /usage HTTP/1.1',
      '',
      '',
    ]);
    expect(smuggled).not.toContain(' 200 ');
    expect(upstream.requests).toHaveLength(1);

    facade.child.kill('SIGTERM');
    const { report } = await collect(facade.control, key);
    expect(report.calls).toMatchObject([{ number: 1, run: '0123456789ab', call: { end: { status: 200 } } }]);
    await collect(facade.control, key, { taken: { [report.process]: 1 } });
    expect(await facade.exited).toBe(0);
    const output = await facade.output();
    expect(output).toContain('The facade serves models');
    for (const secret of [upstreamKey, 'muster_far_', 'PRIVATE']) expect(output).not.toContain(secret);
  });

  test('finishes the streams that are open when it is told to end, and takes no new connections', async () => {
    const { promise: goOn, resolve: finish } = Promise.withResolvers<void>();
    const event = `data: ${JSON.stringify({ type: 'message_start', message: { usage: { input_tokens: 7, output_tokens: 1 } } })}\n\n`;
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event);
      void goOn.then(() => response.end(`data: {"type":"message_delta","usage":{"output_tokens":5}}\n\n`));
    });
    const facade = await startProcess(facadeVariables({ keys: [key], upstream: upstream.url }));
    const answer = await openCall(facade.url, { path: messages, headers: bearer(token()), body });
    const { port } = new URL(facade.url);
    facade.child.kill('SIGTERM');
    await expect.poll(() => refuses(Number(port))).toBe(true);
    expect(await callFacade(facade.control, { path: '/healthz', method: 'GET' })).toMatchObject({ status: 503 });
    finish();
    expect(await text(answer)).toBe(`${event}data: {"type":"message_delta","usage":{"output_tokens":5}}\n\n`);
    const { report } = await collect(facade.control, key);
    expect(report.calls[0]?.call?.end).toMatchObject({ tokens: { input: 7, output: 5 }, estimated: false });
    await collect(facade.control, key, { taken: { [report.process]: 1 } });
    expect(await facade.exited).toBe(0);
  });

  test('takes keys from the files of a Secret, also when they change', async () => {
    const upstream = await startUpstream((_, response) => response.writeHead(200).end(whole));
    const keys = tempDirectory('keys');
    writeFileSync(join(keys, 'ANTHROPIC_API_KEY'), 'of-the-secret-0123456789\n');
    mkdirSync(join(keys, '..data'));
    const variables = facadeVariables({ keys: [key], upstream: upstream.url });
    const facade = await startProcess({ ...variables, MUSTER_FACADE_KEYS: keys });
    const call = { path: messages, headers: bearer(token()), body };
    expect((await callFacade(facade.url, call)).status).toBe(200);
    writeFileSync(join(keys, 'ANTHROPIC_API_KEY'), 'another-secret-0123456789');
    await expect
      .poll(
        async () => {
          await callFacade(facade.url, call);
          return upstream.requests.at(-1)?.headers['x-api-key'];
        },
        { timeout: 20_000 },
      )
      .toBe('another-secret-0123456789');
    expect(upstream.requests[0]?.headers['x-api-key']).toBe('of-the-secret-0123456789');
    expect(await facade.output()).not.toContain('secret-0123456789');
  });

  test.each([
    ['MUSTER_FACADE_NAME', 'evil/../name'],
    ['MUSTER_FACADE_HOST_KEYS', 'muster-facade-key:short'],
    ['MUSTER_FACADE_HOST_KEYS', ''],
    ['MUSTER_FACADE_LISTEN', 'everywhere'],
    ['MUSTER_FACADE_DRAIN_SECONDS', '-1'],
  ])('does not start with %s=%s, and says what is wrong', async (name, value) => {
    const variables = facadeVariables({ keys: [key], upstream: 'http://127.0.0.1:9' });
    const started = startProcess({ ...variables, [name]: value });
    await expect(started).rejects.toThrow(name === 'MUSTER_FACADE_LISTEN' ? 'Cannot listen' : name);
  });

  test('is told the key of a host by the host', async () => {
    const home = testHome(programs);
    const first = await home.muster(['facade', 'key']);
    expect(first).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^muster-facade-key:[\w-]{43}\n$/) as string,
    });
    await home.killHost();
    expect(await home.musterJson(['facade', 'key'])).toEqual({ key: first.stdout.trim() });
  });
});

async function refuses(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => resolve(false)).once('error', () => resolve(true));
  const refused = await promise;
  socket.destroy();
  return refused;
}
