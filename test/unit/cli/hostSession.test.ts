import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { HostClient } from '../../../src/client/hostClient.js';
import { HostSession } from '../../../src/cli/connection/hostSession.js';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { damagedHeader } from '../../../src/protocol/version.js';
import { wireHostWith } from '../../support/wireHostWith.ts';

const signal = new AbortController().signal;

function sessionOf(stateDir: string): HostSession {
  const session = new HostSession({
    stateDir,
    bundleDir: '/nowhere',
    env: {},
    signal,
    log: silentLog,
    host: undefined,
  });
  onTestFinished(() => session.dispose());
  return session;
}

/** A host whose list of threads is answered by `answer`; `calls` names the calls that it was asked. */
async function host(answer: (call: number, header: Headers) => Promise<void> | void = () => {}) {
  const calls: string[] = [];
  const stateDir = await wireHostWith(
    router =>
      router.service(ThreadService, {
        async listThreads(_, { responseHeader }) {
          const call = calls.filter(name => name === 'ListThreads').length;
          await answer(call, responseHeader);
          return { threads: [{ id: 't1' }] };
        },
      }),
    name => calls.push(name),
  );
  return { session: sessionOf(stateDir), calls };
}

const list = async (client: HostClient): Promise<readonly string[]> =>
  (await client.threads.listThreads({}, { signal })).threads.map(({ id }) => id);

describe('a call that may be made again', () => {
  test('is the only one: no other asks first whether the host is there', async () => {
    const { session, calls } = await host();
    expect(await session.repeatable(list)).toEqual(['t1']);
    expect(await Promise.all([session.repeatable(list), session.repeatable(list)])).toEqual([['t1'], ['t1']]);
    expect(calls).toEqual(['ListThreads', 'ListThreads', 'ListThreads']);
  });

  test('is made again when the host was about to end', async () => {
    const { session, calls } = await host(call => {
      if (call === 1) throw new ConnectError('This host is ending.', Code.Unavailable);
    });
    expect(await session.repeatable(list)).toEqual(['t1']);
    expect(calls).toEqual(['ListThreads', 'GetStatus', 'ListThreads']);
  });

  test('fails with what is wrong with it', async () => {
    const { session } = await host(() => {
      throw new ConnectError('No such thing.', Code.NotFound);
    });
    await expect(session.repeatable(list)).rejects.toMatchObject({ message: expect.stringContaining('No such thing') });
  });

  test('tells of a damaged database that was put aside, though nobody asked for it', async () => {
    const { session, calls } = await host((_, header) => header.set(damagedHeader, '1'));
    expect(await session.damaged()).toEqual([]);
    await session.repeatable(list);
    await session.damaged();
    expect(calls).toEqual(['ListThreads', 'GetStatus']);
  });
});

test('what must not be made twice is not begun before the host has answered', async () => {
  const { session, calls } = await host();
  await list(await session.connect());
  expect(calls).toEqual(['GetStatus', 'ListThreads']);
});
