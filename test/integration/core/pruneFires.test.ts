import { describe, expect, test } from 'vitest';
import { PruneFires, type PruneRequest } from '../../../src/core/schedules/pruneFires.js';
import { finishAll, firesOf, hour, minute, runs, schedule, worldWith } from '../../support/schedules.ts';

type World = ReturnType<typeof worldWith>;

async function prune(world: World, request: Partial<PruneRequest> = {}) {
  const everything = { projectId: world.project.id, statuses: [], olderThanMs: 0, force: true };
  return await new PruneFires(world).prune({ ...everything, ...request }, new AbortController().signal);
}

async function worldWithHistory(): Promise<World> {
  const world = worldWith({ sandbox_policy: 'sticky', triggers: [{ interval: '10m' }] });
  await schedule(world);
  // Started, two that find it at work, started, one that finds it at work.
  await world.clock.advance(30 * minute);
  await finishAll(world);
  await world.clock.advance(20 * minute);
  expect(firesOf(world).map(({ outcome }) => outcome)).toEqual(['started', 'skipped', 'skipped', 'started', 'skipped']);
  return world;
}

describe('pruning the history of triggers', () => {
  test('without force says what would go and takes nothing away', async () => {
    const world = await worldWithHistory();
    const { matched, removed } = await prune(world, { force: false });
    expect(matched.fires).toBe(4);
    expect(removed.fires).toBe(0);
    expect(firesOf(world)).toHaveLength(5);
  });

  test('takes away what has ended; the run at work, its thread and all runs stay', async () => {
    const world = await worldWithHistory();
    const before = runs(world);
    const { removed } = await prune(world);
    expect(removed.fires).toBe(4);
    expect(firesOf(world).map(({ outcome }) => outcome)).toEqual(['started']);
    expect(runs(world)).toBe(before);
  });

  test('leaves the last start of each trigger, so that a sticky schedule goes on in its thread', async () => {
    const world = await worldWithHistory();
    await finishAll(world);
    const thread = firesOf(world)[0]?.threadId;
    await prune(world);
    await world.clock.advance(10 * minute);
    expect(firesOf(world).at(-1)).toMatchObject({ outcome: 'started', threadId: thread });
  });

  test('takes only the statuses, the trigger, the agent and the age that were asked for', async () => {
    const world = await worldWithHistory();
    const count = async (request: Partial<PruneRequest>): Promise<number> =>
      (await prune(world, { ...request, force: false })).matched.fires;
    expect(await count({ statuses: ['skipped'] })).toBe(3);
    expect(await count({ statuses: ['succeeded'] })).toBe(1);
    expect(await count({ statuses: ['failed', 'canceled'] })).toBe(0);
    expect(await count({ agent: 'somebody' })).toBe(0);
    expect(await count({ name: 'cron-7' })).toBe(0);
    expect(await count({ olderThanMs: hour })).toBe(0);
    expect(await count({ olderThanMs: 25 * minute })).toBe(2);
  });

  test('looks through a history of more than one page', async () => {
    const world = worldWith({ triggers: [{ interval: '10m' }] });
    await schedule(world);
    await world.clock.advance(10 * minute);
    const [first] = firesOf(world);
    world.store.transact(stores => {
      for (let more = 0; more < 1_200; more++) stores.schedules.record({ ...first!, outcome: 'skipped' });
    });
    const pruning = prune(world, { statuses: ['skipped'] });
    await world.clock.advance(0);
    await world.clock.advance(0);
    await world.clock.advance(0);
    expect((await pruning).removed.fires).toBe(1_200);
    expect(firesOf(world).filter(({ outcome }) => outcome === 'skipped')).toEqual([]);
  });
});
