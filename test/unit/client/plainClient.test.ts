import { create, toJson, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import * as fc from 'fast-check';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireEndpoint } from '../../../src/client/endpointDiscovery.js';
import { connectEndpoint, type HostClient } from '../../../src/client/hostClient.js';
import { connectPlainly } from '../../../src/client/plainClient.js';
import { readMessage, writeMessage } from '../../../src/client/plainMessage.js';
import { EventService } from '../../../src/protocol/gen/muster/v1/events_pb.js';
import { HostService } from '../../../src/protocol/gen/muster/v1/host_pb.js';
import { MergeService } from '../../../src/protocol/gen/muster/v1/merges_pb.js';
import { ProjectService } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunService } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { ScheduleService } from '../../../src/protocol/gen/muster/v1/schedules_pb.js';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { SandboxService } from '../../../src/protocol/gen/muster/v1/sandboxes_pb.js';
import { WorktreeService } from '../../../src/protocol/gen/muster/v1/worktrees_pb.js';
import { unaryCalls } from '../../../src/protocol/gen/wireShapes.js';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { endpointOf, writeEndpoint } from '../../support/wireHost.ts';
import { hostError, wireHostWith } from '../../support/wireHostWith.ts';

const never = new AbortController().signal;
const services = [
  HostService,
  ProjectService,
  ThreadService,
  RunService,
  MergeService,
  SandboxService,
  WorktreeService,
  EventService,
  ScheduleService,
] as const;

/** Any message of a type, also with nothing set. */
function anyMessage(schema: DescMessage): fc.Arbitrary<object> {
  const fields = schema.fields.map(field => {
    const one: fc.Arbitrary<unknown> = field.message ? fc.constant(undefined) : anyScalar(field.scalar);
    const nested = field.message;
    const value = nested ? anyMessage(nested) : one;
    if (field.fieldKind === 'list') return [field.localName, fc.array(value, { maxLength: 3 })] as const;
    if (field.fieldKind === 'map')
      return [field.localName, fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true })] as const;
    return [field.localName, value] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

function anyScalar(type: ScalarType | undefined): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return fc.string({ unit: 'grapheme' });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.INT64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case ScalarType.INT32:
      return fc.integer();
    case ScalarType.DOUBLE:
      return fc.double().map(value => (Object.is(value, -0) ? 0 : value));
    case ScalarType.BYTES:
      return fc.uint8Array();
    default:
      throw new Error(`The test lacks scalar type ${type}`);
  }
}

const answers = services.flatMap(service =>
  service.methods.filter(({ methodKind }) => methodKind === 'unary').map(({ output }) => output),
);

describe.each(answers.map(schema => ({ name: schema.name, schema })))('$name', ({ schema }) => {
  test('is read from JSON as the descriptors read it', () => {
    fc.assert(
      fc.property(anyMessage(schema), init => {
        const message = create(schema, init as MessageInitShape<typeof schema>);
        const json: unknown = JSON.parse(JSON.stringify(toJson(schema, message)));
        expect(readMessage(schema.typeName, json)).toEqual(message);
      }),
      { numRuns: 30 },
    );
  });
});

test('every method is known as what it is', () => {
  for (const service of services)
    for (const method of service.methods)
      expect(Object.hasOwn(unaryCalls[service.typeName] ?? {}, method.localName), method.name).toBe(
        method.methodKind === 'unary',
      );
});

test('a request keeps large numbers and bytes', () => {
  expect(writeMessage({ at: 2n ** 60n, bytes: new Uint8Array([1, 2]), nothing: undefined })).toBe(
    '{"at":"1152921504606846976","bytes":"AQI="}',
  );
  expect(writeMessage(undefined)).toBe('{}');
});

describe('against a host', () => {
  const clients = { plain: connectPlainly, full: connectEndpoint };

  async function connectBoth(stateDir: string): Promise<readonly HostClient[]> {
    const endpoint = await requireEndpoint(stateDir);
    return await Promise.all(
      Object.values(clients).map(async connect => {
        const client = await connect(endpoint, { signal: never });
        onTestFinished(() => client.dispose());
        return client;
      }),
    );
  }

  async function failureOf(call: Promise<unknown>): Promise<object> {
    const error: unknown = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const { code, message, data } = error as { code: string; message: string; data: object };
    return { code, message, data };
  }

  test('both clients get the same answers', async () => {
    const stateDir = await wireHostWith(router => {
      router.service(ThreadService, {
        listThreads: request => ({
          threads: [{ id: 't1', subject: `about ${request.project} – é`, updatedAt: 5n, costUsd: 0.5 }],
          nextCursor: 'x'.repeat(3_000_000),
        }),
      });
    });
    const [plain, full] = await connectBoth(stateDir);
    const answer = await plain?.threads.listThreads({ project: 'p' }, { signal: never });
    expect(answer).toEqual(await full?.threads.listThreads({ project: 'p' }, { signal: never }));
    expect(answer?.threads[0]).toMatchObject({ id: 't1', updatedAt: 5n, costUsd: 0.5, worktree: '' });
  });

  test('both clients throw the same errors', async () => {
    const stateDir = await wireHostWith(router => {
      router.service(ThreadService, {
        getThread: () => {
          throw hostError('thread.unknown', 'There is no thread "é".', { thread: 'é' });
        },
        listThreads: () => {
          throw new ConnectError('This host is ending.', Code.Unavailable);
        },
        dispatch: async (_, { signal }) => {
          await new Promise(resolve => signal.addEventListener('abort', resolve));
          return {};
        },
      });
    });
    const [plain, full] = await connectBoth(stateDir);
    for (const call of [
      (client?: HostClient) => client?.threads.getThread({ threadId: 'é' }),
      (client?: HostClient) => client?.threads.listThreads({}),
      (client?: HostClient) => client?.threads.dispatch({}, { timeoutMs: 50 }),
      (client?: HostClient) => client?.threads.dispatch({}, { signal: AbortSignal.timeout(50) }),
      // This host has no such service.
      (client?: HostClient) =>
        client?.worktrees.listWorktrees({}).catch((error: Error) => {
          throw Object.assign(error, { message: '', data: {} });
        }),
    ])
      expect(await failureOf(Promise.resolve(call(plain)))).toEqual(await failureOf(Promise.resolve(call(full))));
  });

  test('a stream goes over the connection that every other client has', async () => {
    const stateDir = await wireHostWith(router => {
      router.service(EventService, {
        async *watch() {
          yield { update: { case: 'heartbeat', value: {} } };
        },
      });
    });
    const [plain] = await connectBoth(stateDir);
    const cases: unknown[] = [];
    for await (const { update } of plain?.events.watch({}, { signal: never }) ?? []) cases.push(update.case);
    expect(cases).toEqual(['heartbeat']);
  });

  test.each([
    ['closes', ''],
    ['says something else', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"pid"'],
    ['speaks no JSON', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
  ])('whatever %s is not a host', async (_, bytes) => {
    const stateDir = tempDirectory();
    const socket = join(stateDir, 'host.sock');
    const server = createServer(connection => {
      connection.on('error', () => {});
      connection.once('data', () => connection.end(bytes));
    });
    await new Promise<void>(resolve => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    writeEndpoint(stateDir, await endpointOf(socket));
    const connecting = connectPlainly(await requireEndpoint(stateDir), { signal: never });
    expect(await failureOf(connecting)).toMatchObject({ code: 'host.unreachable' });
  });
});
