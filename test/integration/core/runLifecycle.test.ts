import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import type { RunId } from '../../../src/base/ids.js';
import { deferred } from '../../../src/base/async.js';
import type { Provider } from '../../../src/core/agents/provider.js';
import type { ResolvedEnvironment } from '../../../src/core/runs/runEnvironment.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, finishRun, runNow, waitingAgent } from '../../support/coreHost.ts';
import { fakeCommand } from '../../support/fakes/fakeSandbox.ts';
import { specOf } from '../../support/projectSpecs.ts';

describe('from dispatch to the end', () => {
  test('a run gets a worktree, works, and its uncommitted work is kept', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    expect(runNow(world, task.run).status).toBe('running');
    await finishRun(world, task);
    const { thread, status, latestRun } = await host.threads.get(task.thread.id);
    expect({ status, run: latestRun?.status, settled: latestRun?.settled }).toEqual({
      status: 'ready',
      run: 'succeeded',
      settled: true,
    });
    expect(thread).toMatchObject({ filesChanged: 1, baseRef: 'main' });
  });

  test('a run may take as long as its agent says, longer than is usual, and no longer (defect 5)', async () => {
    const provider = { command: fakeCommand, args: ['[{"wait":true}]'], output: { format: 'text' } };
    const agents = { dev: { provider: 'mine', timeout: '48h' } };
    const world = coreWorld(specOf(JSON.stringify({ providers: { mine: provider }, agents })));
    const host = coreHost(world);
    const { run } = await host.dispatch();
    await world.clock.advance(47 * 3_600_000);
    expect(runNow(world, run).status).toBe('running');
    await world.clock.advance(2 * 3_600_000);
    expect(runNow(world, run).status).toBe('timed_out');
  });

  test('a worktree that cannot be made fails the run and runs nothing', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    world.worktrees.failNextCreate = new Error('no room');
    const { run, thread } = await host.dispatch();
    expect(runNow(world, run)).toMatchObject({ status: 'failed', error: { message: 'no room' } });
    expect((await host.threads.get(thread.id)).thread.worktree).toBeUndefined();
  });

  test('the end of a run is written as soon as the disk takes it again', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    const { store } = world;
    const transact = store.transact.bind(store);
    store.transact = () => {
      throw new AppError('state.unwritable', 'disk full', { path: '/state', reason: 'full' });
    };
    await finishRun(world, task);
    expect(runNow(world, task.run).status).toBe('running');
    store.transact = transact;
    await world.clock.advance(10_000);
    expect(runNow(world, task.run).status).toBe('succeeded');
  });

  test('a thread is ready, with its commit and counts, only when its work is committed; then its next run starts', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    const snapshot = world.worktrees.snapshot.bind(world.worktrees);
    const mayCommit = deferred<void>();
    world.worktrees.snapshot = async (worktree, message) => {
      await mayCommit.promise;
      return await snapshot(worktree, message);
    };
    const seen: string[] = [];
    world.store.onDidCommit(() => {
      const view = world.store.read(stores => stores.threads.view(task.thread.id));
      seen.push(`${view?.status} ${view?.thread.filesChanged ?? 0}`);
    });
    await finishRun(world, task);
    const { run: next } = await host.dispatch({ thread: task.thread.id });
    expect(runNow(world, task.run).status).toBe('succeeded');
    expect(runNow(world, next).status).toBe('queued');
    mayCommit.resolve();
    await settle();
    expect(runNow(world, next).status).toBe('running');
    expect(seen).toContain('working 0');
    expect(seen.some(state => state.startsWith('ready'))).toBe(false);
  });

  test('the state in which a run has ended and its work is not counted is never told as ready', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    const seen: string[] = [];
    world.store.onDidCommit(() => {
      const view = world.store.read(stores => stores.threads.view(task.thread.id));
      seen.push(`${view?.status} ${view?.thread.filesChanged ?? 0}`);
    });
    await finishRun(world, task);
    expect(new Set(seen)).toEqual(new Set(['working 0', 'ready 1']));
  });

  test('a run whose words the store refuses ends as failed, and its agent is free again', async () => {
    const world = coreWorld();
    // As a table that is asked for `constructor` once did.
    const poison = (provider: Provider): Provider => ({
      ...provider,
      conclude: () => JSON.parse('{"kind":"failed","reason":{},"message":"no"}'),
    });
    const host = coreHost(world, { decorate: poison });
    const task = await host.dispatch();
    await finishRun(world, task);
    expect(runNow(world, task.run)).toMatchObject({ status: 'failed', error: { code: 'unrecordable' } });
    expect(runNow(world, (await host.dispatch({ thread: task.thread.id })).run).status).toBe('running');
  });

  test('a line that a provider cannot read is shown as it is, and the run goes on', async () => {
    const world = coreWorld();
    const choke = (provider: Provider): Provider => ({
      ...provider,
      parse: line => {
        if (line === 'bad') throw new Error('no');
        return provider.parse(line);
      },
    });
    const host = coreHost(world, { decorate: choke });
    const task = await host.dispatch();
    world.sandbox.write(task.run.id, 'bad\ngood\n');
    await finishRun(world, task);
    expect(runNow(world, task.run)).toMatchObject({ status: 'succeeded', answer: 'good' });
  });

  test('what the agent left in the background has ended before its work is kept', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    const stop = world.sandbox.runs.stop;
    let stoppedBefore: boolean | undefined;
    world.sandbox.runs.stop = async (run, options) => {
      stoppedBefore ??= !runNow(world, task.run).settled;
      await stop(run, options);
    };
    await finishRun(world, task);
    expect(stoppedBefore).toBe(true);
    expect(runNow(world, task.run).settled).toBe(true);
  });
});

describe('cancelling', () => {
  test('a run whose worktree is being made ends before the answer comes, and nothing of it runs', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const making = deferred<void>();
    const create = world.worktrees.create.bind(world.worktrees);
    world.worktrees.create = async (request, signal) => {
      await making.promise;
      return await create(request, signal);
    };
    const { run, thread } = await host.dispatch();
    expect(runNow(world, run).status).toBe('starting');
    const cancelling = host.threads.cancel(thread.id);
    await settle();
    making.resolve();
    expect((await cancelling).latestRun?.status).toBe('cancelled');
    expect(await world.sandbox.directory.exists(run.id)).toBe(false);
  });

  test('a running one is stopped, a queued one never starts', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { run, thread } = await host.dispatch();
    const next = await host.dispatch({ thread: thread.id });
    expect(runNow(world, next.run).status).toBe('queued');
    const view = await host.threads.cancel(thread.id);
    expect(runNow(world, run).status).toBe('cancelled');
    expect(runNow(world, next.run).status).toBe('cancelled');
    expect(view.status).toBe('closed');
  });

  test('a run that nobody knows is no error', async () => {
    const world = coreWorld();
    await expect(coreHost(world).runs.cancel(world.ids.next<'run'>())).resolves.toBeUndefined();
  });
});

describe('a host that ends', () => {
  test('leaves a run that is being prepared to the next one, which runs it once', async () => {
    const world = coreWorld();
    const shell = deferred<ResolvedEnvironment>();
    const host = coreHost(world, { environment: { resolve: () => shell.promise } });
    const { run } = await host.dispatch();
    expect(runNow(world, run).status).toBe('starting');
    await host.end();
    expect(runNow(world, run)).toMatchObject({ status: 'queued', generation: 1 });
    await coreHost(world).takeUp();
    expect(runNow(world, run)).toMatchObject({ status: 'running', generation: 2 });
    expect(world.store.read(stores => stores.runs.ofThread(run.threadId))).toHaveLength(1);
  });

  test('does not bring back a run that was cancelled while it was being prepared', async () => {
    const world = coreWorld();
    const shell = deferred<ResolvedEnvironment>();
    const host = coreHost(world, { environment: { resolve: () => shell.promise } });
    const { run, thread } = await host.dispatch();
    await Promise.all([host.threads.cancel(thread.id), host.end()]);
    expect(runNow(world, run).status).toBe('cancelled');
  });

  test('does not bring back a run that was cancelled when it had begun to end', async () => {
    const world = coreWorld();
    const shell = deferred<ResolvedEnvironment>();
    const host = coreHost(world, { environment: { resolve: () => shell.promise } });
    const { run, thread } = await host.dispatch();
    await Promise.all([host.end(), host.threads.cancel(thread.id)]);
    expect(runNow(world, run).status).toBe('cancelled');
    await coreHost(world).takeUp();
    expect(world.store.read(stores => stores.runs.ofThread(thread.id))).toHaveLength(1);
  });

  test('leaves working agents to the next one', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    await host.end();
    expect(runNow(world, task.run).status).toBe('running');
    await coreHost(world).takeUp();
    await finishRun(world, task);
    expect(runNow(world, task.run).status).toBe('succeeded');
  });
});

describe('a host that was killed', () => {
  function kill(world: ReturnType<typeof coreWorld>, run: RunId): void {
    world.store.transact(stores => {
      const found = stores.runs.get(run);
      if (found) stores.runs.update({ ...found, status: 'starting', generation: found.generation + 1 });
    });
  }

  test('before it made the run’s directory: the message gets a new run', async () => {
    const world = coreWorld();
    const first = coreHost(world);
    first.runs.stop();
    const { run, thread } = await first.dispatch();
    kill(world, run.id);
    await coreHost(world).takeUp();
    const runs = world.store.read(stores => stores.runs.ofThread(thread.id));
    expect(runs.map(({ status }) => status)).toEqual(['lost', 'running']);
  });

  test('before it made the directory of a run that a person had cancelled: it stays cancelled', async () => {
    const world = coreWorld();
    const never = new Promise<ResolvedEnvironment>(() => {});
    const first = coreHost(world, { environment: { resolve: () => never } });
    const { run, thread } = await first.dispatch();
    first.runs.stop();
    const { store } = world;
    const transact = store.transact.bind(store);
    const told: unknown[] = [];
    const listening = store.onDidCommit(events => told.push(...events.map(({ event }) => event)));
    void first.threads.cancel(thread.id);
    // Whoever watches knows at once: nothing of it has ended yet.
    expect(told).toContainEqual({ kind: 'run_changed', threadId: thread.id, runId: run.id, status: 'starting' });
    await listening.dispose();
    // Killed here: nothing that it does from now on is written.
    store.transact = () => {
      throw new AppError('state.unwritable', 'killed', { path: '/state', reason: 'killed' });
    };
    await settle();
    store.transact = transact;
    expect(runNow(world, run).status).toBe('starting');
    await coreHost(world).takeUp();
    const runs = store.read(stores => stores.runs.ofThread(thread.id));
    expect(runs.map(({ status }) => status)).toEqual(['cancelled']);
    expect(store.read(stores => stores.runs.isCancelled(run.id))).toBe(false);
  });

  test.each([
    { when: 'was seen working', seen: true },
    { when: 'was launched a moment ago', seen: false },
  ])('a run that $when and whose directory is gone is lost and does not run twice', async ({ seen }) => {
    const world = coreWorld();
    const first = coreHost(world);
    const { run, thread } = await first.dispatch();
    await first.end();
    const stored = runNow(world, run);
    if (!seen) {
      const { startedAt: _, ...launched } = stored;
      world.store.transact(stores => stores.runs.update({ ...launched, status: 'starting' }));
    }
    await world.sandbox.directory.remove(run.id);
    world.sandbox.kill(run.id, 'wrapper');
    world.sandbox.kill(run.id, 'cli');
    const next = coreHost(world);
    await next.takeUp();
    await world.clock.advance(5_000);
    expect(world.store.read(stores => stores.runs.ofThread(thread.id))).toMatchObject([
      { status: 'lost', error: { message: expect.stringContaining('run directory was removed') } },
    ]);
    expect((await next.threads.get(thread.id)).status).toBe('needs_you');
  });

  test('a run that waited long in the queue before it has not used up its time', async () => {
    const world = coreWorld();
    const first = coreHost(world);
    first.runs.stop();
    const { run } = await first.dispatch();
    world.clock.suspend(24 * 3_600_000);
    kill(world, run.id);
    await world.sandbox.directory.create(run.id, { spec: {}, prompt: '', files: {} });
    world.sandbox.leave(run.id, { started: true, pid: true, alive: ['wrapper', 'cli'] });
    await coreHost(world).takeUp();
    await world.clock.advance(10_000);
    expect(runNow(world, run).status).toBe('running');
  });

  test('after a run’s end, before its leftovers were ended: the next host ends them and keeps the work', async () => {
    const world = coreWorld();
    const { run } = await coreHost(world).dispatch();
    world.store.transact(stores => {
      const found = stores.runs.get(run.id);
      if (found) stores.runs.update({ ...found, status: 'succeeded', endedAt: 1, generation: 9 });
    });
    world.sandbox.kill(run.id, 'wrapper');
    await coreHost(world).takeUp();
    expect(await world.sandbox.runs.isAlive(run.id)).toBe(false);
    expect(runNow(world, run).settled).toBe(true);
  });

  test('a run whose agent has left the compose file is watched to its end', async () => {
    const world = coreWorld();
    const task = await coreHost(world).dispatch();
    const spec = specOf(waitingAgent.replace('"dev"', '"other"'));
    world.store.transact(stores => stores.projects.save({ ...world.project, spec, revision: 2 }));
    await coreHost(world).takeUp();
    await finishRun(world, task);
    expect(runNow(world, task.run).status).toBe('succeeded');
  });

  test('a run whose provider has left the compose file is stopped, and the reason is told', async () => {
    const world = coreWorld();
    const { run } = await coreHost(world).dispatch();
    const spec = specOf('agents: {dev: {provider: demo}}');
    world.store.transact(stores => stores.projects.save({ ...world.project, spec, revision: 2 }));
    await coreHost(world).takeUp();
    expect(await world.sandbox.runs.isAlive(run.id)).toBe(false);
    expect(runNow(world, run)).toMatchObject({ status: 'failed', error: { code: 'provider.unknown' } });
  });
});

describe('a run that waited while the compose file was edited', () => {
  test.each([
    [
      'its agent was given a virtual machine without an image',
      { driver: { microsandbox: {} } },
      /microsandbox and names no image/,
    ],
    ['its agent was given a container without an image', { driver: { docker: {} } }, /names no image/],
    ['nobody agreed to what its agent is given now', { env: { LD_PRELOAD: './x.so' } }, /consent/],
    ['its agent was disabled', { enabled: false }, /no longer in the compose file/],
  ])('does not start when %s', async (_, change, message) => {
    const world = coreWorld();
    const waiting = coreHost(world);
    waiting.runs.stop();
    const { run } = await waiting.dispatch();
    const text = JSON.parse(waitingAgent) as { agents: { dev: object } };
    const spec = specOf(JSON.stringify({ ...text, agents: { dev: { ...text.agents.dev, ...change } } }));
    world.store.transact(stores => stores.projects.save({ ...world.project, spec, revision: 2 }));
    await coreHost(world).takeUp();
    expect(runNow(world, run)).toMatchObject({ status: 'failed', error: { message: expect.stringMatching(message) } });
  });

  test('does not start when its project was removed', async () => {
    const world = coreWorld();
    const waiting = coreHost(world);
    waiting.runs.stop();
    const { run } = await waiting.dispatch();
    world.store.transact(stores => stores.projects.save({ ...world.project, removedAt: 5 }));
    await coreHost(world).takeUp();
    expect(runNow(world, run)).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('muster up') },
    });
  });
});
