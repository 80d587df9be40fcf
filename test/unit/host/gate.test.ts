import { createClient, createRouterTransport, type Interceptor } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { Scope } from '../../../src/core/access/accessToken.js';
import { requireAccess } from '../../../src/host/server/gate.js';
import { recognitionKey } from '../../../src/host/server/visitor.js';
import { ImageService } from '../../../src/protocol/gen/muster/v1/images_pb.js';
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

test('whoever names the engine of a call needs to be let apply, for this machine connects to it', async () => {
  const asked: string[] = [];
  const list = (scope: Scope, engine: string) => {
    const recognised: Interceptor = next => request => {
      request.contextValues.set(recognitionKey, {
        kind: 'visitor',
        visitor: { name: 'guest', scope, scopeNow: () => scope },
      });
      return next(request);
    };
    const gate = requireAccess({ needed: () => 'read', log: silentLog });
    const transport = createRouterTransport(
      router => router.service(ImageService, { listImages: ({ engine: at }) => (asked.push(at), {}) }),
      { router: { interceptors: [recognised, gate] } },
    );
    return createClient(ImageService, transport).listImages({ engine });
  };
  await list('read', '');
  await expect(list('read', 'ssh://me@elsewhere')).rejects.toThrow();
  await expect(list('operate', 'tcp://10.0.0.1:2375')).rejects.toThrow();
  await list('admin', 'ssh://me@elsewhere');
  expect(asked).toEqual(['', 'ssh://me@elsewhere']);
});
