import { request } from 'node:http';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { expect, test, vi } from 'vitest';
import { Redactor } from '../../../src/base/redactor.js';
import { mapErrors } from '../../../src/host/server/interceptors.js';
import { createHandler, listen } from '../../../src/host/server/server.js';
import { EventService } from '../../../src/protocol/gen/muster/v1/events_pb.js';
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
  const handler = createHandler({
    signal,
    log,
    interceptors: [mapErrors(log, new Redactor())],
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
}

async function post(socket: string, path: string, type: string, body: Buffer): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'connect-protocol-version': '1' };
    const call = request({ socketPath: socket, path, method: 'POST', headers, agent: false }, response => {
      const pieces: Buffer[] = [];
      response.on('data', piece => pieces.push(piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }));
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
