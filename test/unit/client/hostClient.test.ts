import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { create, type DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AppError, isAppError } from '../../../src/base/errors.js';
import { looksOnly } from '../../../src/client/callNeeds.js';
import { connectHost } from '../../../src/client/hostClient.js';
import { ErrorDetailSchema } from '../../../src/protocol/gen/muster/v1/errors_pb.js';
import { EventService } from '../../../src/protocol/gen/muster/v1/events_pb.js';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { endpointOf, startWireHost, writeEndpoint } from '../../support/wireHost.ts';

const never = new AbortController().signal;

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Something on a socket that is not a host. */
async function hostile(onConnection: (socket: Socket) => void): Promise<string> {
  const stateDir = tempDirectory();
  const socket = join(stateDir, 'host.sock');
  const open = new Set<Socket>();
  const server = createServer(connection => {
    open.add(connection);
    connection.on('error', () => {});
    onConnection(connection);
  });
  await new Promise<void>(resolve => server.listen(socket, resolve));
  onTestFinished(() => {
    for (const connection of open) connection.destroy();
    server.close();
  });
  writeEndpoint(stateDir, await endpointOf(socket));
  return stateDir;
}

describe('connectHost', () => {
  test('carries the host’s own error with its code and data', async () => {
    const stateDir = tempDirectory();
    const host = await startWireHost(stateDir, {
      routes: router =>
        router.service(ThreadService, {
          getThread: () => {
            const value = create(ErrorDetailSchema, {
              code: 'thread.unknown',
              message: 'There is no thread "x".',
              data: '{"thread":"x"}',
            });
            throw new ConnectError('wire text', Code.NotFound, undefined, [{ desc: ErrorDetailSchema, value }]);
          },
        }),
    });
    const client = await connectHost({ stateDir, signal: never });
    const error = await failure(client.threads.getThread({ threadId: 'x' }));
    expect(isAppError(error, 'thread.unknown') && error.data.thread).toBe('x');
    expect(error).toHaveProperty('message', 'There is no thread "x".');
    client.dispose();
    await host.kill();
  });

  test('refuses what does more than look for as long as it is told to, and nothing of it leaves', async () => {
    const stateDir = tempDirectory();
    const asked: string[] = [];
    const host = await startWireHost(stateDir, {
      routes: router =>
        router.service(ThreadService, {
          getThread: () => (asked.push('get'), {}),
          dispatch: () => (asked.push('dispatch'), { threadId: 'x' }),
        }),
    });
    const untrusted = new AppError('workspace.untrusted', 'Not trusted.', {});
    let isTrusted = false;
    const refuse = (method: DescMethod) => (isTrusted || looksOnly(method) ? undefined : untrusted);
    const client = await connectHost({ stateDir, signal: never, refuse });
    await client.threads.getThread({ threadId: 'x' });
    expect(await failure(client.threads.dispatch({ agent: 'dev' }))).toBe(untrusted);
    expect(asked).toEqual(['get']);
    isTrusted = true;
    await client.threads.dispatch({ agent: 'dev' });
    expect(asked).toEqual(['get', 'dispatch']);
    client.dispose();
    await host.kill();
  });

  test('ends a stream on the wire when its reader leaves the loop', async () => {
    const stateDir = tempDirectory();
    const left = Promise.withResolvers<void>();
    const host = await startWireHost(stateDir, {
      routes: router =>
        router.service(EventService, {
          async *watch(_, { signal }) {
            signal.addEventListener('abort', () => left.resolve());
            for (;;) {
              yield { update: { case: 'heartbeat', value: {} } };
              await new Promise(resolve => setImmediate(resolve));
            }
          },
        }),
    });
    const client = await connectHost({ stateDir, signal: never });
    for await (const response of client.events.watch({})) {
      expect(response.update.case).toBe('heartbeat');
      break;
    }
    await left.promise;
    client.dispose();
    await host.kill();
  });

  test('fails calls and streams with host.unreachable when the host dies, and at once when nothing listens', async () => {
    const stateDir = tempDirectory();
    const host = await startWireHost(stateDir, {
      routes: router =>
        router.service(EventService, {
          async *watch() {
            yield { update: { case: 'heartbeat', value: {} } };
            await new Promise(() => {});
          },
        }),
    });
    const client = await connectHost({ stateDir, signal: never });
    const stream = client.events.watch({})[Symbol.asyncIterator]();
    await stream.next();
    const next = failure(stream.next());
    await host.kill();
    expect(isAppError(await next, 'host.unreachable')).toBe(true);
    expect(isAppError(await failure(client.host.getStatus({})), 'host.unreachable')).toBe(true);
    client.dispose();
  });

  test('an aborted call is cancelled, not a broken host', async () => {
    const stateDir = tempDirectory();
    const host = await startWireHost(stateDir, {
      routes: router => router.service(ThreadService, { getThread: () => new Promise(() => {}) }),
    });
    const client = await connectHost({ stateDir, signal: never });
    const stop = new AbortController();
    const call = failure(client.threads.getThread({ threadId: 'x' }, { signal: stop.signal }));
    stop.abort();
    expect(isAppError(await call, 'cancelled')).toBe(true);
    client.dispose();
    await host.kill();
  });

  test.each([
    ['says nothing', () => {}],
    ['answers junk', (socket: Socket) => void socket.end(randomBytes(100_000))],
    ['answers in HTTP/1.1', (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')],
    ['hangs up', (socket: Socket) => void socket.destroy()],
  ])('does not hang on something that %s', async (_, onConnection) => {
    const stateDir = await hostile(onConnection);
    const error = await failure(connectHost({ stateDir, signal: never, timeoutMs: 300 }));
    expect(isAppError(error, 'host.unreachable')).toBe(true);
  });

  test('refuses a host of a newer protocol, and one that does not take the token', async () => {
    const stateDir = tempDirectory();
    const host = await startWireHost(stateDir);
    writeEndpoint(stateDir, { ...host.endpoint, protocol: 99 });
    expect(isAppError(await failure(connectHost({ stateDir, signal: never })), 'host.unreachable')).toBe(true);
    writeEndpoint(stateDir, { ...host.endpoint, token: '0'.repeat(64) });
    const error = await failure(connectHost({ stateDir, signal: never }));
    expect(isAppError(error, 'host.unreachable') && error.data.reason).toContain('token');
    await host.kill();
  });

  test('stops connecting when aborted', async () => {
    const stateDir = await hostile(() => {});
    const stop = new AbortController();
    const connecting = failure(connectHost({ stateDir, signal: stop.signal }));
    setImmediate(() => stop.abort());
    expect(isAppError(await connecting, 'cancelled')).toBe(true);
  });
});
