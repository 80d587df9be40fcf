import { describe, expect, test } from 'vitest';
import { deferred, untilAborted } from '../../../src/base/async.js';
import type { MergeId } from '../../../src/base/ids.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, finishRun } from '../../support/coreHost.ts';
import { driverWith, readyThread } from './mergingWorld.ts';

const never = new AbortController().signal;

describe('the queue', () => {
  /** Four threads that change different files; the first is at work and held. */
  async function waiting() {
    const world = coreWorld();
    const gate = deferred<void>();
    const landed: string[] = [];
    const merging = driverWith(world, {
      compute: async (request, signal) => {
        await untilAborted(gate.promise, signal);
        landed.push(request.id);
        return await world.merging.compute(request, signal);
      },
    });
    const host = coreHost(world, { merging });
    const merges = [];
    for (let i = 0; i < 4; i++) {
      const thread = await readyThread(world, host, `${i}\n`);
      merges.push(await host.merges.request({ thread: thread.id, priority: 0 }));
    }
    await settle();
    const [a, b, c, d] = merges.map(({ id }) => id) as [MergeId, MergeId, MergeId, MergeId];
    const order = async () => {
      gate.resolve();
      await Promise.all([a, b, c, d].map(id => host.merges.wait(id, never)));
      return landed.filter((id, index) => landed.indexOf(id) === index);
    };
    return { world, host, a, b, c, d, order };
  }

  test('works first come, first served; priority and place change the turn of those that wait', async () => {
    const { host, a, b, c, d, order } = await waiting();
    host.merges.move(d, { before: c });
    host.merges.move(c, { priority: 5 });
    expect(host.merges.list().map(({ merge }) => merge.id)).toEqual([a, c, b, d]);
    expect(await order()).toEqual([a, c, b, d]);
    expect(host.merges.list()).toEqual([]);
  });

  test('what is at work or over keeps its turn', async () => {
    const { host, a, b, order } = await waiting();
    expect(() => host.merges.move(a, { priority: 1 })).toThrow(expect.objectContaining({ code: 'merge.refused' }));
    await order();
    expect(() => host.merges.move(b, { priority: 1 })).toThrow(expect.objectContaining({ code: 'merge.refused' }));
  });

  test('another target does not wait', async () => {
    const { world, host, order } = await waiting();
    world.git.branches.set('release', world.git.branches.get('main') ?? '');
    const other = await host.merges.request({
      thread: (await readyThread(world, host, 'five\n')).id,
      target: 'release',
    });
    await settle();
    expect(host.merges.get(other.id).status).toBe('checking');
    await order();
    expect((await host.merges.wait(other.id, never)).status).toBe('merged');
  });

  test('survives the host in its order', async () => {
    const { world, host, b, c, d } = await waiting();
    host.merges.move(d, { before: b });
    await host.end();
    const next = coreHost(world);
    expect(
      next.merges
        .list()
        .map(({ merge }) => merge.id)
        .slice(1),
    ).toEqual([d, b, c]);
    await next.takeUp();
    expect((await next.merges.wait(c, never)).status).not.toBe('queued');
  });

  test('trying again asks for the same', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    world.git.write('/shop/readme.md', 'my edit\n');
    const first = await host.merges.request({ thread: thread.id, message: 'My words' });
    expect((await host.merges.wait(first.id, never)).status).toBe('blocked');
    world.git.write('/shop/readme.md', 'one\n');
    const again = await host.merges.retry(first.id);
    expect(again).toMatchObject({ expect: first.expect, commitMessage: 'My words' });
    expect((await host.merges.wait(again.id, never)).status).toBe('merged');
  });

  test('takes everything that a person approved and that has not changed since', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const approved = await readyThread(world, host);
    const changed = await readyThread(world, host, 'other\n');
    await readyThread(world, host, 'not looked at\n');
    await host.reviews.approve(approved.id);
    await host.reviews.approve(changed.id);
    const more = await host.dispatch({ thread: changed.id });
    await finishRun(world, more, 'changed since\n');
    const merges = await host.merges.requestApproved();
    expect(merges.map(({ threadId }) => threadId)).toEqual([approved.id]);
    expect((await host.merges.wait(merges[0]?.id ?? '', never)).status).toBe('merged');
  });
});
