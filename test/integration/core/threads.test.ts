import { describe, expect, test } from 'vitest';
import { deferred } from '../../../src/base/async.js';
import type { MergeDriver } from '../../../src/core/merges/mergeDriver.js';
import { settle } from '../../support/clock.js';
import {
  coreHost,
  coreWorld,
  finishRun,
  runNow,
  waitingAgent,
  type CoreHost,
  type CoreWorld,
} from '../../support/coreHost.ts';
import { specOf } from '../../support/projectSpecs.ts';

const never = new AbortController().signal;

/** A thread whose agent has worked and ended. */
async function readyThread(world: CoreWorld, host: CoreHost) {
  const task = await host.dispatch();
  await finishRun(world, task);
  return task;
}

async function mergedThread(world: CoreWorld, host: CoreHost) {
  const task = await readyThread(world, host);
  const { id } = await host.merges.request({ thread: task.thread.id });
  await host.merges.wait(id, never);
  return task;
}

function mergingAfter(world: CoreWorld, gate: Promise<void>): MergeDriver {
  return {
    resume: request => world.merging.resume(request),
    undo: request => world.merging.undo(request),
    update: request => world.merging.update(request),
    settle: () => world.merging.settle(),
    targets: () => world.merging.targets(),
    land: (request, candidate, signal) => world.merging.land(request, candidate, signal),
    async compute(request, signal) {
      await gate;
      return await world.merging.compute(request, signal);
    },
  };
}

describe('dispatching', () => {
  test.each([
    ['an unknown agent', { agent: 'nobody' }, 'agent.unknown'],
    ['an empty task', { prompt: ' \n' }, 'prompt.invalid'],
    ['a NUL character', { prompt: 'a\0b' }, 'prompt.invalid'],
    ['a task beyond 4 MiB', { prompt: 'x'.repeat(4 * 1024 * 1024 + 1) }, 'prompt.invalid'],
    ['an unknown thread', { thread: 'zzzz' }, 'thread.unknown'],
  ])('%s is refused and leaves nothing behind', async (_, more, code) => {
    const world = coreWorld();
    await expect(coreHost(world).dispatch(more)).rejects.toMatchObject({ code });
    expect(world.store.read(stores => stores.threads.page({ limit: 10 }).threads)).toEqual([]);
  });

  test('an agent that asks for a virtual machine is not run on the bare machine', async () => {
    const text = JSON.parse(waitingAgent) as { agents: { dev: object } };
    const world = coreWorld(
      specOf(JSON.stringify({ ...text, agents: { dev: { ...text.agents.dev, driver: { microsandbox: {} } } } })),
    );
    await expect(coreHost(world).dispatch()).rejects.toMatchObject({
      code: 'request.invalid',
      message: expect.stringContaining('microsandbox'),
    });
  });

  test('nothing runs before a person consented to what the file asks for', async () => {
    const world = coreWorld();
    const { consent: _, ...project } = world.project;
    await expect(coreHost(world).dispatch({ project })).rejects.toMatchObject({ code: 'consent.required' });
  });

  test('the same key is one dispatch, also after a follow-up', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const first = await host.dispatch({ idempotencyKey: 'k1' });
    await host.dispatch({ thread: first.thread.id, idempotencyKey: 'k2' });
    const again = await host.dispatch({ idempotencyKey: 'k1' });
    expect({ thread: again.thread.id, run: again.run.id }).toEqual({ thread: first.thread.id, run: first.run.id });
  });

  test('a full queue says so', async () => {
    const world = coreWorld(
      specOf(JSON.stringify({ ...JSON.parse(waitingAgent), limits: { concurrency: 1, queued: 1 } })),
    );
    const host = coreHost(world);
    await host.dispatch();
    await host.dispatch();
    await expect(host.dispatch()).rejects.toMatchObject({ code: 'queue.full', data: { limit: 1 } });
  });
});

describe('following up', () => {
  test('goes on in the same worktree', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const first = await readyThread(world, host);
    const next = await host.dispatch({ thread: first.thread.id.slice(0, 11) });
    expect(next.thread.id).toBe(first.thread.id);
    expect(runNow(world, next.run).status).toBe('running');
  });

  test('is refused while the thread is being merged', async () => {
    const world = coreWorld();
    const gate = deferred<void>();
    const host = coreHost(world, { merging: mergingAfter(world, gate.promise) });
    const { thread } = await readyThread(world, host);
    const merge = await host.merges.request({ thread: thread.id });
    await expect(host.dispatch({ thread: thread.id })).rejects.toMatchObject({ code: 'thread.busy' });
    gate.resolve();
    expect((await host.merges.wait(merge.id, never)).status).toBe('merged');
  });

  test('a merged thread whose worktree was removed gets a new one from the branch that has its work', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await mergedThread(world, host);
    await host.threads.removeWorktree(thread.id);
    const next = await host.dispatch({ thread: thread.id });
    expect(runNow(world, next.run).status).toBe('running');
    await finishRun(world, next, 'three\n');
    const view = await host.threads.get(thread.id);
    expect(view).toMatchObject({ status: 'ready', thread: { baseCommit: world.git.branches.get('main') } });
    const merge = await host.merges.request({ thread: thread.id });
    expect((await host.merges.wait(merge.id, never)).status).toBe('merged');
    expect(world.git.read('/shop/readme.md')).toBe('three\n');
  });

  test('a merged thread stays merged when its removed worktree is brought back', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await mergedThread(world, host);
    await host.threads.removeWorktree(thread.id);
    const restored = await host.threads.restore(thread.id);
    expect(restored).toMatchObject({ status: 'merged', thread: { worktree: expect.any(String) } });
    const more = await host.dispatch({ thread: thread.id });
    await finishRun(world, more, 'three\n');
    expect((await host.threads.get(thread.id)).status).toBe('ready');
  });

  test('work whose merge was taken back is not begun anew without it', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const before = world.git.branches.get('main') ?? '';
    const { thread } = await mergedThread(world, host);
    const [merge] = world.store.read(stores => stores.merges.ofThread(thread.id));
    if (merge === undefined) throw new Error('It was merged');
    const to = world.git.branches.get('main') ?? '';
    world.store.transact(stores =>
      stores.landings.save({
        ...{ merge: merge.id, step: 'done', commonDir: '/shop/.git', target: 'main', at: 1 },
        ...{ from: before, to },
      }),
    );
    await host.undos.undo(thread.id, never);
    expect((await host.threads.removeWorktree(thread.id)).status).toBe('closed');
    await expect(host.dispatch({ thread: thread.id })).rejects.toMatchObject({ code: 'thread.closed' });
    expect((await host.threads.restore(thread.id)).status).toBe('ready');
  });

  test('a follow-up during a removal does not begin anew without the work that is put away', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    const keep = world.rescuing.keep.bind(world.rescuing);
    const mayRemove = deferred<void>();
    world.rescuing.keep = async removal => {
      await mayRemove.promise;
      return await keep(removal);
    };
    const removing = host.threads.removeWorktree(thread.id);
    await settle();
    const during = host.dispatch({ thread: thread.id });
    await expect(during).rejects.toMatchObject({ code: 'thread.busy', data: { status: 'being removed' } });
    mayRemove.resolve();
    await removing;
    await expect(host.dispatch({ thread: thread.id })).rejects.toMatchObject({ code: 'thread.closed' });
    await host.threads.restore(thread.id);
    expect(runNow(world, (await host.dispatch({ thread: thread.id })).run).status).toBe('running');
  });

  test('work that was done after the merge and put away must be restored first', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await mergedThread(world, host);
    const more = await host.dispatch({ thread: thread.id });
    await finishRun(world, more, 'three\n');
    await host.threads.removeWorktree(thread.id);
    await expect(host.dispatch({ thread: thread.id })).rejects.toMatchObject({ code: 'thread.closed' });
    await host.threads.restore(thread.id);
    const next = await host.dispatch({ thread: thread.id });
    await finishRun(world, next, 'four\n');
    const merge = await host.merges.request({ thread: thread.id });
    expect((await host.merges.wait(merge.id, never)).status).toBe('merged');
    expect(world.git.read('/shop/readme.md')).toBe('four\n');
  });

  test('a worktree whose folder was deleted by hand is made again from its branch', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    const { worktree } = (await host.threads.get(thread.id)).thread;
    world.git.checkouts.delete(worktree ?? '');
    expect(await host.threads.restore(thread.id)).toMatchObject({ status: 'ready', thread: { worktree } });
    expect(world.git.read(`${worktree}/readme.md`)).toBe('two\n');
    await expect(host.threads.restore(thread.id)).rejects.toMatchObject({ code: 'rescue.unknown' });
  });

  test('a thread whose unmerged work was put away must be restored first', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    await host.threads.removeWorktree(thread.id);
    await expect(host.dispatch({ thread: thread.id })).rejects.toMatchObject({
      code: 'thread.closed',
      message: expect.stringContaining(`muster restore ${thread.id}`),
    });
    await host.threads.restore(thread.id);
    expect(runNow(world, (await host.dispatch({ thread: thread.id })).run).status).toBe('running');
  });
});

describe('abandoning and restoring', () => {
  test('brings back what was there, once', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    expect(await host.threads.abandon(thread.id)).toMatchObject({ status: 'abandoned' });
    const results = await Promise.allSettled([host.threads.restore(thread.id), host.threads.restore(thread.id)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    const view = await host.threads.get(thread.id);
    expect(view.status).toBe('ready');
    expect(world.git.read(`${view.thread.worktree}/readme.md`)).toBe('two\n');
  });

  test('twice at once is once', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    await Promise.all([host.threads.abandon(thread.id), host.threads.abandon(thread.id)]);
    expect(world.rescuing.kept.size).toBe(1);
    expect(await host.threads.restore(thread.id)).toMatchObject({ status: 'ready' });
  });

  test('is refused for what is merged, whose worktree can go all the same, and not for what came after', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    await host.merges.wait((await host.merges.request({ thread: thread.id })).id, never);
    const refused = { code: 'thread.merged', data: { thread: thread.id, target: 'main' } };
    await expect(host.threads.abandon(thread.id)).rejects.toMatchObject(refused);
    await expect(host.threads.close(thread.id, { outcome: 'failed' })).rejects.toMatchObject(refused);
    expect((await host.threads.get(thread.id)).status).toBe('merged');
    expect(await host.threads.removeWorktree(thread.id)).toMatchObject({ status: 'merged' });
    await expect(host.threads.abandon(thread.id)).rejects.toMatchObject(refused);
    await host.dispatch({ thread: thread.id });
    expect(await host.threads.abandon(thread.id)).toMatchObject({ status: 'abandoned' });
  });

  test('is refused while the thread is being merged', async () => {
    const world = coreWorld();
    const gate = deferred<void>();
    const host = coreHost(world, { merging: mergingAfter(world, gate.promise) });
    const { thread } = await readyThread(world, host);
    const merge = await host.merges.request({ thread: thread.id });
    await expect(host.threads.abandon(thread.id)).rejects.toMatchObject({ code: 'thread.busy' });
    gate.resolve();
    await host.merges.wait(merge.id, never);
  });

  test('ends a working agent first', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread, run } = await host.dispatch();
    await host.threads.abandon(thread.id);
    expect(runNow(world, run).status).toBe('cancelled');
    expect(await world.sandbox.runs.isAlive(run.id)).toBe(false);
  });

  test('gives the agent nothing more to do while its files go', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    const gate = deferred<void>();
    const keep = world.rescuing.keep.bind(world.rescuing);
    world.rescuing.keep = async removal => {
      await gate.promise;
      return await keep(removal);
    };
    const abandoning = host.threads.abandon(thread.id);
    await settle();
    const followUp = host.dispatch({ thread: thread.id });
    await expect(followUp).rejects.toMatchObject({ code: 'thread.busy', data: { status: 'being removed' } });
    gate.resolve();
    expect((await abandoning).status).toBe('abandoned');
  });

  test('that fails leaves the thread as it was', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    world.rescuing.keep = () => Promise.reject(new Error('a large file is in the way'));
    await expect(host.threads.abandon(thread.id)).rejects.toThrow('large file');
    expect(await host.threads.get(thread.id)).toMatchObject({ status: 'ready' });
  });

  test('goes on at the next start when the host was killed in it', async () => {
    const world = coreWorld();
    const { thread } = await readyThread(world, coreHost(world));
    world.store.transact(stores => {
      const found = stores.threads.get(thread.id);
      if (found) stores.threads.update({ ...found, outcome: 'abandoned' });
    });
    const next = coreHost(world);
    await next.takeUp();
    const view = await next.threads.get(thread.id);
    expect(view.thread.worktree).toBeUndefined();
    expect(await next.threads.restore(thread.id)).toMatchObject({ status: 'ready' });
  });
});

describe('a git that hangs', () => {
  test('holds up whoever looks at a thread only for a moment', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    world.worktrees.snapshot = () => new Promise(() => undefined);
    await finishRun(world, task);
    const looking = host.threads.get(task.thread.id);
    const listing = host.settler.settledForLooking();
    await world.clock.advance(5_000);
    expect((await looking).latestRun?.status).toBe('succeeded');
    await listing;
  });

  test('does not keep the host from ending', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    world.worktrees.snapshot = () => new Promise(() => undefined);
    await finishRun(world, task);
    const ending = host.end();
    await world.clock.advance(30_000);
    await ending;
    expect(runNow(world, task.run).settled).toBe(false);
  });
});

describe('closing and opening again', () => {
  test('a thread with changes is completed only once they are merged, when that is asked for', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    const counted = world.store.read(stores => stores.threads.get(thread.id));
    expect(counted?.filesChanged).toBeGreaterThan(0);
    await expect(host.threads.close(thread.id, { requireMerged: true })).rejects.toMatchObject({
      code: 'merge.refused',
    });
    expect(await host.threads.close(thread.id, { requireMerged: true, outcome: 'failed' })).toMatchObject({
      thread: { outcome: 'failed' },
    });
  });

  test('a note is a message of the conversation', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    await host.threads.close(thread.id, { note: 'done by hand' });
    expect(world.store.read(stores => stores.messages.ofThread(thread.id)).at(-1)).toMatchObject({
      intent: 'completion',
      body: 'done by hand',
      from: 'you',
    });
  });

  test('stopping ends the run first; without it a thread at work is busy', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    await expect.poll(() => runNow(world, task.run).status).toBe('running');
    await expect(host.threads.close(task.thread.id)).rejects.toMatchObject({ code: 'thread.busy' });
    const closed = await host.threads.close(task.thread.id, { stop: true });
    expect(closed).toMatchObject({ thread: { outcome: 'completed' }, latestRun: { status: 'cancelled' } });
  });

  test('a closed thread opens again, an open one is not opened', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await readyThread(world, host);
    await expect(host.threads.reopen(thread.id)).rejects.toMatchObject({ code: 'thread.busy' });
    await host.threads.close(thread.id);
    expect(await host.threads.reopen(thread.id)).toMatchObject({ thread: { outcome: 'open' }, status: 'ready' });
  });
});
