import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { defaultRetention, garbageKey } from '../../../src/core/retention/garbage.js';
import { RetentionService } from '../../../src/core/retention/retentionService.js';
import type { StateFiles, StoredFiles } from '../../../src/core/retention/stateFiles.js';
import { coreHost, coreWorld, finishRun, type CoreHost, type CoreWorld } from '../../support/coreHost.js';

const day = 24 * 60 * 60 * 1000;

/** What is on disk in these tests: the folders of runs, and what lies beside the worktree of every thread. */
function stateFiles(world: CoreWorld, runs: Map<string, StoredFiles>, threads: readonly string[]): StateFiles {
  const modifiedAt = world.clock.now();
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
    remove: async () => undefined,
  };
}

async function open(): Promise<{
  world: CoreWorld;
  host: CoreHost;
  closed: string;
  kept: string;
  service: RetentionService;
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
  const service = new RetentionService({
    store: world.store,
    clock: world.clock,
    log: silentLog,
    policy: defaultRetention,
    files: stateFiles(world, runs, [kept.thread.id, closed.thread.id, 'nobody']),
    directory: { remove: async run => void runs.delete(run) },
    driver: world.rescuing,
    workspaces: { exclusive: (_, work) => work() },
    warm: { list: () => [], discard: async () => true },
  });
  return { world, host, service, kept: kept.thread.id, closed: closed.thread.id };
}

describe('what is kept no longer', () => {
  test('goes in its time, and never anything of an open thread', async () => {
    const { world, host, service, kept, closed } = await open();
    await world.clock.advance(31 * day);
    expect((await service.collect()).map(({ kind }) => kind)).toEqual(['run']);
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
