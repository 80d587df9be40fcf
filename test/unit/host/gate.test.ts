import { createClient, createRouterTransport, type Interceptor } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { Scope } from '../../../src/core/access/accessToken.js';
import { requireAccess } from '../../../src/host/server/gate.js';
import { recognitionKey } from '../../../src/host/server/visitor.js';
import { ExecService } from '../../../src/protocol/gen/agentcompose/v2/exec_pb.js';

test('a stream ends with what let it begin, at its next message in either direction', async () => {
  let scope: Scope | undefined = 'operate';
  const visitor = { name: 'guest', scope: 'operate', scopeNow: () => scope } as const;
  const recognised: Interceptor = next => request => {
    request.contextValues.set(recognitionKey, { kind: 'visitor', visitor });
    return next(request);
  };
  const gate = requireAccess({ needed: () => 'operate', log: silentLog });
  const heard: string[] = [];
  const ended = Promise.withResolvers<void>();
  const transport = createRouterTransport(
    router =>
      router.service(ExecService, {
        async *attachExec(frames) {
          yield { serverFrameId: 'begun' };
          try {
            for await (const { clientFrameId } of frames) heard.push(clientFrameId);
          } catch {
            heard.push('refused');
          }
          ended.resolve();
          yield { serverFrameId: 'last' };
        },
      }),
    { router: { interceptors: [recognised, gate] } },
  );
  const more = Promise.withResolvers<void>();
  async function* said() {
    yield { clientFrameId: 'one' };
    await more.promise;
    yield { clientFrameId: 'two' };
  }
  const stream = createClient(ExecService, transport).attachExec(said());
  const answers = stream[Symbol.asyncIterator]();
  expect((await answers.next()).value?.serverFrameId).toBe('begun');
  const next = answers.next();
  await expect.poll(() => heard).toEqual(['one']);
  scope = undefined;
  more.resolve();
  await ended.promise;
  expect(heard).toEqual(['one', 'refused']);
  await expect(next).rejects.toThrow();
});
