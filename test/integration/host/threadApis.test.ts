import { create } from '@bufbuild/protobuf';
import { createRouterTransport, createClient } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import type { MergeDriver } from '../../../src/core/merges/mergeDriver.js';
import { silentLog } from '../../../src/base/log.js';
import { Redactor } from '../../../src/base/redactor.js';
import { threadsApi } from '../../../src/host/api/threadsApi.js';
import { worktreesApi } from '../../../src/host/api/worktreesApi.js';
import { WorktreeCleaner } from '../../../src/core/threads/worktreeCleaner.js';
import { WorktreeLooks } from '../../../src/core/threads/worktreeLooks.js';
import { mapErrors, refuseWhenEnding } from '../../../src/host/server/interceptors.js';
import { DispatchRequestSchema, ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { WorktreeService } from '../../../src/protocol/gen/muster/v1/worktrees_pb.js';
import { coreHost, coreWorld, finishRun, type CoreWorld } from '../../support/coreHost.ts';

function clientsOf(
  world: CoreWorld,
  { ending = new AbortController().signal, merging }: { ending?: AbortSignal; merging?: MergeDriver } = {},
) {
  const host = coreHost(world, merging === undefined ? {} : { merging });
  const { dispatcher, batches, threads, merges, reviews, settler } = host;
  const { store, worktrees: driver } = world;
  const nobody = { inside: async (folders: readonly string[]) => folders.map(() => []) };
  const worktreeLooks = new WorktreeLooks({ store, driver, processes: nobody });
  const transport = createRouterTransport(
    router => {
      router.service(
        ThreadService,
        threadsApi({
          notebooks: { startWithRuns: () => undefined },
          store,
          dispatcher,
          batches,
          threads,
          merges,
          reviews,
          settler,
          driver,
          problems: { of: () => '', permissions: () => 'confined' },
          conflicts: { lookedAt: () => undefined },
          handMerges: { lookedAt: async () => undefined },
          retries: { again: () => Promise.reject(new Error('Nothing is asked again here')) },
        }),
      );
      router.service(
        WorktreeService,
        worktreesApi({
          store,
          threads,
          worktreeLooks,
          worktreeCleaner: new WorktreeCleaner({ store, clock: world.clock, looks: worktreeLooks, threads }),
          adoption: { list: () => expect.unreachable(), adopt: () => expect.unreachable() },
          preparer: { skip: () => expect.unreachable() },
        }),
      );
    },
    { router: { interceptors: [mapErrors(silentLog, new Redactor()), refuseWhenEnding(ending)] } },
  );
  return { host, threads: createClient(ThreadService, transport), worktrees: createClient(WorktreeService, transport) };
}

describe('dispatching over the wire', () => {
  test('a follow-up on a thread whose project was removed says what to do', async () => {
    const world = coreWorld();
    const { host, threads } = clientsOf(world);
    const task = await host.dispatch();
    await finishRun(world, task);
    world.store.transact(stores => stores.projects.save({ ...world.project, removedAt: 5 }));
    const request = create(DispatchRequestSchema, { threadId: task.thread.id, agent: 'dev', prompt: 'More' });
    await expect(threads.dispatch(request)).rejects.toThrow(/was removed.*\/shop\/agent-compose\.yml.*muster up/);
  });

  test('a host that is ending takes no new work', async () => {
    const world = coreWorld();
    const { threads } = clientsOf(world, { ending: AbortSignal.abort() });
    const request = create(DispatchRequestSchema, { project: world.project.id, agent: 'dev', prompt: 'Fix it' });
    await expect(threads.dispatch(request)).rejects.toMatchObject({ rawMessage: expect.stringContaining('ending') });
    expect(world.store.read(stores => stores.threads.page({ limit: 1 }).threads)).toEqual([]);
  });
});

describe('what concerns a folder', () => {
  test('is its project with the open threads, and as many of those that are done as are wanted', async () => {
    const world = coreWorld();
    const { host, threads } = clientsOf(world);
    const open = await host.dispatch();
    for (let index = 0; index < 3; index++) {
      const { thread } = await host.dispatch();
      await threads.closeThread({ threadId: thread.id, stop: true });
    }
    const inside = await threads.overview({ folder: `${world.project.folder}/src`, doneLimit: 2 });
    expect(inside.project).toMatchObject({ id: world.project.id });
    expect(inside.threads.map(({ status }) => status)).toEqual(['working', 'closed', 'closed']);
    expect(inside.threads[0]?.id).toBe(open.thread.id);
    expect((await threads.overview({ folder: world.project.folder, statuses: ['closed'] })).threads).toEqual([]);
  });

  test('that belongs to no project are the threads of all', async () => {
    const world = coreWorld();
    const { host, threads } = clientsOf(world);
    const { thread } = await host.dispatch();
    const { project, threads: found } = await threads.overview({ folder: '/elsewhere' });
    expect(project).toBeUndefined();
    expect(found.map(({ id }) => id)).toEqual([thread.id]);
    expect((await threads.overview({ folder: '/elsewhere', agent: 'nobody' })).threads).toEqual([]);
  });
});

describe('cancelling a thread', () => {
  test('ends a merge that is under way, and says so', async () => {
    const world = coreWorld();
    const merging: MergeDriver = {
      resume: request => world.merging.resume(request),
      undo: request => world.merging.undo(request),
      update: request => world.merging.update(request),
      settle: () => world.merging.settle(),
      targets: () => world.merging.targets(),
      land: (request, candidate, signal) => world.merging.land(request, candidate, signal),
      compute: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    const { host, threads } = clientsOf(world, { merging });
    const task = await host.dispatch();
    await finishRun(world, task);
    const { id } = await host.merges.request({ thread: task.thread.id });
    const answer = await threads.cancelThread({ threadId: task.thread.id });
    expect(answer).toMatchObject({ ended: ['merge'], thread: { status: 'ready' } });
    expect(host.merges.get(id).status).toBe('cancelled');
  });

  test('says when there was nothing to end', async () => {
    const world = coreWorld();
    const { host, threads } = clientsOf(world);
    const task = await host.dispatch();
    expect((await threads.cancelThread({ threadId: task.thread.id })).ended).toEqual(['run']);
    expect((await threads.cancelThread({ threadId: task.thread.id })).ended).toEqual([]);
  });
});

describe('listing worktrees', () => {
  async function twoWorktrees() {
    const world = coreWorld();
    const clients = clientsOf(world);
    const first = await clients.host.dispatch();
    const second = await clients.host.dispatch();
    return { world, clients, first: first.thread.id, second: second.thread.id };
  }

  test('one that is gone is listed as missing, the others as they are', async () => {
    const { world, clients, first, second } = await twoWorktrees();
    const path = world.store.read(stores => stores.threads.get(first))?.worktree ?? '';
    world.git.checkouts.delete(path);
    const { worktrees } = await clients.worktrees.listWorktrees({});
    expect(new Map(worktrees.map(each => [each.threadId, each.missing]))).toEqual(
      new Map([
        [first, true],
        [second, false],
      ]),
    );
  });

  test('a base branch that was deleted is replaced by the commit it was at', async () => {
    const { world, clients } = await twoWorktrees();
    const state = world.worktrees.state.bind(world.worktrees);
    world.worktrees.state = async (ref, compareTo) => {
      if (compareTo === 'main')
        throw new AppError('git.failed', 'bad revision', { command: '', exitCode: 128, stderr: '' });
      return await state(ref, compareTo);
    };
    const { worktrees } = await clients.worktrees.listWorktrees({});
    expect(worktrees.map(each => each.missing)).toEqual([false, false]);
    expect(worktrees[0]?.head).toMatch(/^c{39}1$/);
  });

  test('one that git cannot read does not hide the others', async () => {
    const { world, clients } = await twoWorktrees();
    world.worktrees.state = async () => {
      throw new AppError('git.failed', 'broken', { command: '', exitCode: 128, stderr: '' });
    };
    expect((await clients.worktrees.listWorktrees({})).worktrees).toHaveLength(2);
  });
});
