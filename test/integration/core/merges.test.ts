import { describe, expect, test } from 'vitest';
import { deferred, type Deferred } from '../../../src/base/async.js';
import type { MergeDriver } from '../../../src/core/merges/mergeDriver.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, finishRun, type CoreHost, type CoreWorld } from '../../support/coreHost.ts';

const never = new AbortController().signal;

async function readyThread(world: CoreWorld, host: CoreHost, text = 'two\n') {
  const task = await host.dispatch();
  await finishRun(world, task, text);
  return task.thread;
}

/** The world's merge driver, with other methods. */
function driverWith({ merging }: CoreWorld, methods: Partial<MergeDriver>): MergeDriver {
  return {
    compute: (request, signal) => merging.compute(request, signal),
    land: (request, candidate, signal) => merging.land(request, candidate, signal),
    resume: request => merging.resume(request),
    ...methods,
  };
}

/** A merge driver that waits for the gate, and lets go of it when aborted. */
function gated(world: CoreWorld, gate: Deferred<void>): MergeDriver {
  return driverWith(world, {
    async compute(request, signal) {
      const aborted = deferred<void>();
      signal.addEventListener('abort', () => aborted.resolve());
      await Promise.race([gate.promise, aborted.promise]);
      return await world.merging.compute(request, signal);
    },
  });
}

describe('merging', () => {
  test('brings the reviewed commit to the target and completes the thread', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const { head } = (await host.threads.get(thread.id)).thread;
    const merge = await host.merges.request({ thread: thread.id, expect: head });
    expect(await host.merges.wait(merge.id, never)).toMatchObject({ status: 'merged', target: 'main', expect: head });
    expect((await host.threads.get(thread.id)).status).toBe('merged');
    expect(world.git.read('/shop/readme.md')).toBe('two\n');
  });

  test('is refused while the agent works, also when it was given work during the request', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await host.dispatch();
    await expect(host.merges.request({ thread: thread.id })).rejects.toMatchObject({ code: 'thread.busy' });

    const other = await readyThread(world, host);
    const snapshot = world.worktrees.snapshot.bind(world.worktrees);
    world.worktrees.snapshot = async (ref, message) => {
      const made = await snapshot(ref, message);
      await host.dispatch({ thread: other.id });
      return made;
    };
    await expect(host.merges.request({ thread: other.id })).rejects.toMatchObject({ code: 'thread.busy' });
  });

  test('two requests at once are one merge', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const [a, b] = await Promise.all([1, 2].map(() => host.merges.request({ thread: thread.id })));
    expect(a?.id).toBe(b?.id);
    await host.merges.wait(a?.id ?? '', never);
  });

  test('asking again for what was merged says so and leaves the thread merged', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const first = await host.merges.request({ thread: thread.id });
    const { commit } = await host.merges.wait(first.id, never);
    const again = await host.merges.request({ thread: thread.id });
    expect(await host.merges.wait(again.id, never)).toMatchObject({ status: 'merged', commit });
    expect((await host.threads.get(thread.id)).status).toBe('merged');
  });

  test('a thread that did not start from a branch needs a target', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch({ base: world.git.branches.get('main') ?? '' });
    await finishRun(world, task);
    await expect(host.merges.request({ thread: task.thread.id })).rejects.toMatchObject({ code: 'merge.refused' });
    const merge = await host.merges.request({ thread: task.thread.id, target: 'main' });
    expect((await host.merges.wait(merge.id, never)).status).toBe('merged');
  });

  test('a thread without work of its own is blocked, not merged', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    world.sandbox.exit(task.run.id, { code: 0 });
    await settle();
    const merge = await host.merges.request({ thread: task.thread.id });
    expect(await host.merges.wait(merge.id, never)).toMatchObject({ status: 'blocked', reason: 'no_commits' });
  });

  test('broken machinery fails the merge with its reason, and the next in the queue goes on', async () => {
    const world = coreWorld();
    let calls = 0;
    const host = coreHost(world, {
      merging: driverWith(world, {
        compute: (request, signal) =>
          ++calls === 1 ? Promise.reject(new Error('git is gone')) : world.merging.compute(request, signal),
      }),
    });
    const first = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const second = await host.merges.request({ thread: (await readyThread(world, host, 'other\n')).id });
    expect(await host.merges.wait(first.id, never)).toMatchObject({ status: 'failed', message: 'git is gone' });
    expect((await host.merges.wait(second.id, never)).status).toBe('merged');
  });

  test('waiting stops when nobody waits any more', async () => {
    const world = coreWorld();
    const host = coreHost(world, { merging: gated(world, deferred()) });
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const stop = new AbortController();
    const waiting = host.merges.wait(merge.id, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await host.end();
  });
});

describe('cancelling a merge', () => {
  test('one in the queue ends at once, one at work when git lets go', async () => {
    const world = coreWorld();
    const host = coreHost(world, { merging: gated(world, deferred()) });
    const first = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const second = await host.merges.request({ thread: (await readyThread(world, host, 'other\n')).id });
    await settle();
    expect(host.merges.cancel(second.id).status).toBe('cancelled');
    host.merges.cancel(first.id);
    expect((await host.merges.wait(first.id, never)).status).toBe('cancelled');
    expect(world.git.read('/shop/readme.md')).toBe('one\n');
  });

  test('one that has ended stays as it is', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    await host.merges.wait(merge.id, never);
    expect(host.merges.cancel(merge.id).status).toBe('merged');
  });
});

describe('when the host goes', () => {
  test('in the middle, the next one finishes the merges in their order', async () => {
    const world = coreWorld();
    const host = coreHost(world, { merging: gated(world, deferred()) });
    const first = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const second = await host.merges.request({ thread: (await readyThread(world, host, 'two\n')).id });
    await settle();
    await host.end();
    expect([first, second].map(({ id }) => host.merges.get(id).status)).toEqual(['checking', 'queued']);
    const next = coreHost(world);
    await next.takeUp();
    expect((await next.merges.wait(first.id, never)).status).toBe('merged');
    expect(await next.merges.wait(second.id, never)).toMatchObject({ status: 'blocked', reason: 'nothing_to_merge' });
  });

  test('after the branch moved and before that was written, the merge is done once', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const merge = await host.merges.request({ thread: thread.id });
    await host.merges.wait(merge.id, never);
    const main = world.git.branches.get('main');
    world.store.transact(stores => {
      stores.merges.update({ ...merge, status: 'checking' });
    });
    const next = coreHost(world);
    await next.takeUp();
    expect((await next.merges.wait(merge.id, never)).status).toBe('merged');
    expect(world.git.branches.get('main')).toBe(main);
  });

  test('a git that never lets go does not keep it', async () => {
    const world = coreWorld();
    const stuck = driverWith(world, { compute: () => new Promise(() => undefined) });
    const host = coreHost(world, { merging: stuck });
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    await settle();
    const ending = host.end();
    await world.clock.advance(30_000);
    await ending;
    expect(host.merges.get(merge.id).status).toBe('checking');
  });
});
