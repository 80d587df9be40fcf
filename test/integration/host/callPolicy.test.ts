import { createClient, createRouterTransport, type Interceptor } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { Redactor } from '../../../src/base/redactor.js';
import { threadsApi } from '../../../src/host/api/threadsApi.js';
import { enforcePolicy } from '../../../src/host/server/callPolicy.js';
import { mapErrors } from '../../../src/host/server/interceptors.js';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { runHeader } from '../../../src/protocol/version.js';
import { coreHost, coreWorld, waitingAgent } from '../../support/coreHost.ts';
import { specOf } from '../../support/projectSpecs.ts';

/** Two threads at work, and what the run of the first can call. */
async function insideFirst(more: object = {}) {
  const text = JSON.parse(waitingAgent) as { agents: { dev: object } };
  const world = coreWorld(specOf(JSON.stringify({ ...text, agents: { dev: { ...text.agents.dev, ...more } } })));
  const host = coreHost(world);
  const { store, worktrees: driver } = world;
  const own = await host.dispatch();
  const other = await host.dispatch();
  const clientAs = (run: string) => {
    const says: Interceptor = next => request => {
      if (run !== '') request.header.set(runHeader, run);
      return next(request);
    };
    const transport = createRouterTransport(
      router =>
        router.service(
          ThreadService,
          threadsApi({
            notebooks: { startWithRuns: () => undefined },
            ...host,
            store,
            driver,
            problems: { of: () => '', permissions: () => 'confined' },
            conflicts: { lookedAt: () => undefined },
            handMerges: { lookedAt: async () => undefined },
            retries: { again: () => Promise.reject(new Error('Nothing is asked again here')) },
          }),
        ),
      {
        router: { interceptors: [mapErrors(silentLog, new Redactor()), enforcePolicy(store)] },
        transport: { interceptors: [says] },
      },
    );
    return createClient(ThreadService, transport);
  };
  const task = { project: world.project.id, agent: 'dev', prompt: 'More' };
  return { own: own.thread.id, other: other.thread.id, clientAs, run: own.run.id, task };
}

const refused = { rawMessage: expect.stringMatching(/from inside run .* is refused/) };

describe('a call from inside a run', () => {
  test('may not abandon, close, restore or approve, not even its own thread', async () => {
    const { own, clientAs, run } = await insideFirst();
    const client = clientAs(run);
    await expect(client.abandonThread({ threadId: own })).rejects.toMatchObject(refused);
    await expect(client.closeThread({ threadId: own })).rejects.toMatchObject(refused);
    await expect(client.restoreThread({ threadId: own })).rejects.toMatchObject(refused);
    await expect(client.approveThread({ threadId: own })).rejects.toMatchObject(refused);
    await expect(client.reviewThread({ threadId: own })).rejects.toMatchObject(refused);
    expect(await client.getThread({ threadId: own })).toMatchObject({ thread: { id: own } });
  });

  test('may stop its own thread and no other', async () => {
    const { own, other, clientAs, run } = await insideFirst();
    await expect(clientAs(run).cancelThread({ threadId: other })).rejects.toMatchObject(refused);
    await expect(clientAs('nobody-knows').cancelThread({ threadId: own })).rejects.toMatchObject(refused);
    expect(await clientAs(run).cancelThread({ threadId: own })).toMatchObject({ thread: { id: own } });
  });

  test('may dispatch only where its definition allows it, and never a command', async () => {
    const plain = await insideFirst();
    await expect(plain.clientAs(plain.run).dispatch(plain.task)).rejects.toMatchObject({
      rawMessage: expect.stringContaining('may_dispatch: true'),
    });
    const allowed = await insideFirst({ may_dispatch: true });
    expect(await allowed.clientAs(allowed.run).dispatch(allowed.task)).toMatchObject({ runId: expect.any(String) });
    await expect(
      allowed.clientAs(allowed.run).dispatch({ ...allowed.task, prompt: 'true', command: true }),
    ).rejects.toMatchObject(refused);
  });
});

test('a person may do all of it', async () => {
  const { own, other, clientAs, task } = await insideFirst();
  const client = clientAs('');
  await client.dispatch({ ...task, prompt: 'true', command: true });
  expect(await client.cancelThread({ threadId: other })).toMatchObject({ thread: { id: other } });
  expect(await client.abandonThread({ threadId: own })).toMatchObject({ thread: { id: own } });
});
