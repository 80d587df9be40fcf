import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeId, parseId, type RunId, type ThreadId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import { defaultRetention, garbageKey } from '../../../src/core/retention/garbage.js';
import { noTokens } from '../../../src/core/models/tokenCounts.js';
import type { Sandbox } from '../../../src/core/sandboxes/sandbox.js';
import { RetentionService } from '../../../src/core/retention/retentionService.js';
import type { StateFiles, StoredFiles } from '../../../src/core/retention/stateFiles.js';
import { coreHost, coreWorld, finishRun, type CoreHost, type CoreWorld } from '../../support/coreHost.js';

const day = 24 * 60 * 60 * 1000;

/** What is on disk in these tests: the folders of runs, and what lies beside the worktree of every thread. */
function stateFiles(
  world: CoreWorld,
  on: {
    readonly runs: Map<string, StoredFiles>;
    readonly threads: readonly string[];
    readonly sandboxes: readonly string[];
    readonly removed: string[];
  },
): StateFiles {
  const { runs, threads, sandboxes, removed } = on;
  const modifiedAt = world.clock.now();
  const there = (all: readonly StoredFiles[]): readonly StoredFiles[] =>
    all.filter(({ path }) => !removed.includes(path));
  const stored = (path: string): StoredFiles => ({
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    bytes: 5,
    modifiedAt,
  });
  return {
    runs: async () => [...runs.values()],
    rescue: async () => undefined,
    leftovers: async () => threads.map(thread => ({ ...stored(`/state/worktrees/${thread}/x.set-aside-1`), thread })),
    setAsideDatabases: async () => [stored('/state/muster.db.corrupt-1')],
    scratch: async () => [],
    sandboxes: async () => there(sandboxes.map(name => stored(`/state/sandboxes/${name}`))),
    journals: async () => there(threads.map(thread => stored(`/state/notebooks/cells/${thread}`))),
    remove: async ({ path }) => void removed.push(path),
  };
}

function sandboxOf(threadId: ThreadId, at: number): Sandbox {
  const driver = { name: 'docker' } as const;
  return {
    id: makeId(randomBytes(12)),
    threadId,
    agent: 'dev',
    driver,
    image: 'i',
    state: 'ready',
    createdAt: at,
    usedAt: at,
  };
}

async function open(): Promise<{
  world: CoreWorld;
  host: CoreHost;
  closed: string;
  kept: string;
  service: RetentionService;
  keptRun: RunId;
  closedRun: RunId;
  removed: readonly string[];
}> {
  const world = coreWorld();
  const host = coreHost(world);
  const [kept, closed] = [await host.dispatch(), await host.dispatch()];
  await finishRun(world, kept);
  await finishRun(world, closed);
  await host.threads.abandon(closed.thread.id);
  const runs = new Map<string, StoredFiles>();
  for (const { run } of [kept, closed])
    runs.set(run.id, { path: `/runs/${run.id}`, name: run.id, bytes: 10, modifiedAt: 0 });
  const removed: string[] = [];
  const sandboxes = world.store.transact(stores =>
    [kept, closed].map(({ thread }) => {
      const sandbox = sandboxOf(thread.id, world.clock.now());
      stores.sandboxes.save(sandbox);
      return sandbox.id;
    }),
  );
  const service = new RetentionService({
    store: world.store,
    clock: world.clock,
    log: silentLog,
    policy: defaultRetention,
    files: stateFiles(world, { runs, sandboxes, removed, threads: [kept.thread.id, closed.thread.id, 'nobody'] }),
    directory: { remove: async run => void runs.delete(run) },
    driver: world.rescuing,
    workspaces: { exclusive: (_, work) => work() },
    warm: { list: () => [], discard: async () => true },
  });
  const [keptRun, closedRun] = [kept.run.id, closed.run.id];
  return { world, host, service, removed, keptRun, closedRun, kept: kept.thread.id, closed: closed.thread.id };
}

describe('what is kept no longer', () => {
  test('goes in its time, and never anything of an open thread', async () => {
    const { world, host, service, kept, closed } = await open();
    await world.clock.advance(31 * day);
    expect((await service.collect()).map(({ kind }) => kind)).toEqual(['run', 'sandbox', 'journal']);
    await world.clock.advance(60 * day);
    const listed = await service.list();
    expect(listed.map(({ kind }) => kind)).toEqual(['rescue', 'leftover', 'database']);
    expect(listed.map(({ path }) => path).join(' ')).not.toContain(kept);
    await service.collect();
    expect(world.rescuing.kept.size).toBe(0);
    await expect(host.threads.restore(closed)).rejects.toMatchObject({
      code: 'rescue.unknown',
      message: expect.stringContaining('discarded'),
    });
    expect((await host.threads.get(kept)).status).toBe('ready');
  });

  test('is also what was put aside, when its thread is over or nobody can put it back any more', async () => {
    const { world, service, kept, keptRun, closedRun } = await open();
    const commit = (digit: string): string => digit.repeat(40);
    const edits = { kind: 'edits', path: '/shop', files: ['a'], kept: commit('3'), stashed: false } as const;
    world.store.transact(stores => {
      stores.repositories.save({ root: '/shop', commonDir: '/shop/.git', identity: '1@1' });
      stores.shared.saveChanges(parseId<'thread'>(kept), [edits]);
      const thread = stores.threads.get(parseId<'thread'>(kept));
      if (!thread) throw new Error('There is no thread');
      stores.threads.update({ ...thread, carried: commit('5') });
      // One that waits for its first run is in no repository yet.
      const id = makeId<'thread'>(randomBytes(12));
      const { repository: _root, commonDir: _dir, worktree: _path, ...waiting } = thread;
      stores.threads.insert({ ...waiting, id, carried: commit('7') });
      // A run is at work that has seen all of it.
      const seen = ['aside/closed', 'aside/kept'].map(ref => [ref, commit('1')] as const);
      stores.shared.pin(thread.id, { stash: [], config: '', refs: seen });
    });
    const at = world.clock.now();
    for (const [ref, digit, run] of [
      ['aside/closed', '1', closedRun],
      ['aside/kept', '2', keptRun],
      ['checkout/wanted', '3', undefined],
      ['checkout/lost', '4', undefined],
      ['carried/wanted', '5', undefined],
      ['carried/lost', '6', undefined],
      ['carried/waiting', '7', undefined],
    ] as const)
      world.rescuing.put.set(ref, { ref, commit: commit(digit), at, ...(run === undefined ? {} : { run }) });
    await world.clock.advance(89 * day);
    expect((await service.list()).filter(({ kind }) => kind === 'aside')).toEqual([]);
    await world.clock.advance(2 * day);
    await service.collect();
    expect([...world.rescuing.put.keys()]).toEqual([
      'aside/kept',
      'checkout/wanted',
      'carried/wanted',
      'carried/waiting',
    ]);
    // What went by the clock is no loss to tell.
    const pinned = world.store.transact(stores => stores.shared.takePinned(parseId<'thread'>(kept)));
    expect(pinned?.refs.map(([ref]) => ref)).toEqual(['aside/kept']);
  });

  test('is what people only look back at, a year later, and never what goes on', async () => {
    const { world, service, closedRun, closed } = await open();
    const projectId = world.store.read(
      stores => stores.runs.get(closedRun) && stores.threads.get(parseId<'thread'>(closed))?.projectId,
    )!;
    const upstream = { upstream: 'u', protocol: 'chat_completions', model: 'm', startedAt: world.clock.now() } as const;
    world.store.transact(stores => {
      const ended = stores.modelCalls.begin({ ...upstream, run: closedRun }, 1);
      stores.modelCalls.end(ended, { status: 200, totalMs: 1, tokens: noTokens, estimated: false });
      stores.modelCalls.begin({ ...upstream, run: closedRun }, 1);
      const fire = {
        projectId,
        agent: 'dev',
        name: 'n',
        dueAt: 0,
        at: world.clock.now(),
        missed: 0,
        by: 'clock',
      } as const;
      for (const outcome of ['skipped', 'waiting'] as const) stores.schedules.record({ ...fire, outcome, attempts: 0 });
    });
    await world.clock.advance(399 * day);
    expect((await service.list()).filter(({ kind }) => kind === 'record')).toEqual([]);
    await world.clock.advance(2 * day);
    const listed = (await service.list()).filter(({ kind }) => kind === 'record');
    expect(listed.map(({ path }) => path)).toEqual(['1 × fire', '1 × model call']);
    const collecting = service.collect();
    await world.clock.advance(10);
    await collecting;
    expect((await service.list()).filter(({ kind }) => kind === 'record')).toEqual([]);
    world.store.read(stores => {
      expect(stores.modelCalls.open()).toHaveLength(1);
      expect(stores.schedules.fires({ projectId, limit: 10 }).map(({ outcome }) => outcome)).toEqual(['waiting']);
    });
  });

  test('is only what a person was shown', async () => {
    const { world, host, service, closed } = await open();
    await world.clock.advance(91 * day);
    const shown = (await service.list()).filter(({ kind }) => kind === 'rescue').map(garbageKey);
    await host.threads.restore(closed);
    // Brought back in between: an open thread again.
    expect(await service.collect(new Set(shown))).toEqual([]);
    expect((await service.list()).map(({ kind }) => kind)).toEqual(['database']);
  });
});
