import { request } from 'node:http';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { expect, test, vi } from 'vitest';
import { Redactor } from '../../../src/base/redactor.js';
import { createCompatHandler } from '../../../src/host/compat/compatHandler.js';
import { ourCalls } from '../../../src/host/compat/ours.js';
import { mapErrors } from '../../../src/host/server/interceptors.js';
import { createHandler, listen } from '../../../src/host/server/server.js';
import { EventService } from '../../../src/protocol/gen/muster/v1/events_pb.js';
import { HealthService } from '../../../src/protocol/gen/health/v1/health_pb.js';
import { HostService } from '../../../src/protocol/gen/muster/v1/host_pb.js';
import { tempDirectory } from '../../support/tempDirectory.js';

async function host() {
  const said: unknown[] = [];
  const log = {
    debug() {},
    info() {},
    warn: (...all: unknown[]) => void said.push(all),
    error: (...all: unknown[]) => void said.push(all),
  };
  const console = vi.spyOn(globalThis.console, 'error').mockImplementation((...all) => void said.push(all));
  const { signal } = new AbortController();
  const socket = join(tempDirectory(), 'host.sock');
  const interceptors = [mapErrors(log, new Redactor())];
  const own = createHandler({
    signal,
    log,
    interceptors,
    routes: router => {
      router.service(HostService, {
        getStatus: () => ({ pid: 7 }),
        shutdown() {
          throw new TypeError('Not foreseen');
        },
      });
      router.service(EventService, {
        async *watch(_, { signal: gone }) {
          yield {};
          await new Promise(resolve => gone.addEventListener('abort', resolve));
        },
      });
    },
  });
  const theirs = createCompatHandler({
    ours: ourCalls(() => undefined, []),
    own: () => undefined,
    admits: () => true,
    environment: async () => ({}),
    sleep: (_, gone) => new Promise(resolve => gone.addEventListener('abort', () => resolve())),
    interceptors,
    signal,
    log,
  });
  const handler: typeof own = (call, response) => (call.url?.startsWith('/muster.') ? own : theirs)(call, response);
  const listening = await listen({ socket, handler, signal });
  const end = async (): Promise<void> => {
    await listening.dispose();
    console.mockRestore();
  };
  return { socket, said, [Symbol.asyncDispose]: end };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly trailers: NodeJS.Dict<string>;
}

async function post(socket: string, path: string, type: string, body: Buffer): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'connect-protocol-version': '1' };
    const call = request({ socketPath: socket, path, method: 'POST', headers, agent: false }, response => {
      const pieces: Buffer[] = [];
      response.on('data', piece => pieces.push(piece));
      response.on('end', () => {
        const { statusCode: status = 0, trailers } = response;
        resolve({ status, text: Buffer.concat(pieces).toString(), trailers });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

const garbage = Buffer.from('ffffffffffffffffffffff', 'hex');
const enveloped = Buffer.concat([Buffer.from([0, 0, 0, 0, garbage.length]), garbage]);

test('a message that is no message is the error of the client who sent it, and no stack in the log', async () => {
  await using served = await host();
  const { socket, said } = served;
  const unary = await post(socket, '/muster.v1.HostService/GetStatus', 'application/proto', garbage);
  expect(unary).toMatchObject({ status: 400, text: expect.stringContaining('"code":"invalid_argument"') });
  const json = await post(socket, '/muster.v1.HostService/GetStatus', 'application/json', Buffer.from('{{'));
  expect(json).toMatchObject({ status: 400, text: expect.stringContaining('"code":"invalid_argument"') });
  const stream = await post(socket, '/muster.v1.EventService/Watch', 'application/connect+proto', enveloped);
  expect(stream.text).toContain('"code":"invalid_argument"');
  expect(await post(socket, '/muster.v1.Nothing/AtAll', 'application/proto', garbage)).toMatchObject({ status: 404 });
  expect(said).toEqual([]);
});

test('agent-compose’s clients are told the same, whichever way they ask', async () => {
  await using served = await host();
  const { socket, said } = served;
  const path = '/agentcompose.v2.ProjectService/ListProjects';
  const unary = await post(socket, path, 'application/proto', garbage);
  expect(unary).toMatchObject({ status: 400, text: expect.stringContaining('"code":"invalid_argument"') });
  const stream = await post(socket, '/health.v1.HealthService/WatchStatus', 'application/connect+proto', enveloped);
  expect(stream.text).toContain('"code":"invalid_argument"');
  const invalidArgument = '3';
  for (const way of ['/health.v1.HealthService/WatchStatus', path]) {
    const grpc = await post(socket, way, 'application/grpc', enveloped);
    expect(grpc, way).toMatchObject({ status: 200, trailers: { 'grpc-status': invalidArgument } });
    const web = await post(socket, way, 'application/grpc-web+proto', enveloped);
    expect(web.text, way).toContain(`grpc-status: ${invalidArgument}`);
  }
  expect(await post(socket, '/api/null', 'application/json', Buffer.alloc(0))).toMatchObject({ status: 404 });
  expect(said).toEqual([]);
});

test('clients of agent-compose’s API that leave are not worth a line either', async () => {
  await using served = await host();
  const { socket, said } = served;
  const leaving = new AbortController();
  const transport = createConnectTransport({
    httpVersion: '1.1',
    baseUrl: 'http://host',
    nodeOptions: { socketPath: socket },
  });
  const watching = createClient(HealthService, transport).watchStatus({}, { signal: leaving.signal });
  setTimeout(() => leaving.abort(), 100);
  await expect(
    (async () => {
      for await (const _ of watching) leaving.abort();
    })(),
  ).rejects.toThrow();
  expect(await post(socket, '/api/null', 'application/json', Buffer.alloc(0))).toMatchObject({ status: 404 });
  expect(said.filter(line => JSON.stringify(line).includes('at '))).toEqual([]);
});

test('what nobody foresaw stays the host’s own error, and is logged', async () => {
  await using served = await host();
  const { socket, said } = served;
  const answer = await post(socket, '/muster.v1.HostService/Shutdown', 'application/proto', Buffer.alloc(0));
  expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('"code":"internal"') });
  expect(said).toHaveLength(1);
});

test('clients that leave in the middle of an answer are not worth a line', async () => {
  await using served = await host();
  const { socket, said } = served;
  const transport = createConnectTransport({
    httpVersion: '1.1',
    baseUrl: 'http://host',
    nodeOptions: { socketPath: socket },
  });
  const leaving = new AbortController();
  const watching = createClient(EventService, transport).watch({}, { signal: leaving.signal });
  await expect(
    (async () => {
      for await (const _ of watching) leaving.abort();
    })(),
  ).rejects.toThrow();
  expect(await createClient(HostService, transport).getStatus({})).toMatchObject({ pid: 7 });
  expect(said).toEqual([]);
});
