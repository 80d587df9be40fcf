import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cronTimes } from '../../../src/host/schedules/cronTimes.js';
import {
  finishAll,
  firesOf,
  hour,
  midnight,
  minute,
  minutesOf,
  runs,
  schedule,
  worldWith,
} from '../../support/schedules.ts';

describe('a trigger', () => {
  test('fires by cron, in its time zone, and says who asked', async () => {
    const world = worldWith({
      concurrency_policy: 'parallel',
      triggers: [{ cron: '30 7 * * *', timezone: 'Europe/Berlin', prompt: 'sweep' }],
    });
    await schedule(world);
    await world.clock.advance(24 * hour);
    expect(minutesOf(firesOf(world))).toEqual([6 * 60 + 30]);
    const [fire] = firesOf(world);
    expect(fire).toMatchObject({ outcome: 'started', by: 'clock', missed: 0 });
    const messages = world.store.read(stores => stores.messages.ofThread(fire!.threadId!));
    expect(messages[0]).toMatchObject({ from: 'scheduler', to: 'dev', body: 'sweep' });
  });

  test('fires at each interval after the last fire', async () => {
    const world = worldWith({ concurrency_policy: 'parallel', triggers: [{ interval: '10m' }] });
    await schedule(world);
    await world.clock.advance(35 * minute);
    expect(minutesOf(firesOf(world))).toEqual([10, 20, 30]);
  });

  test('fires once after a timeout, and not again after the next start or apply', async () => {
    const world = worldWith({ triggers: [{ timeout: '5m' }] });
    const first = await schedule(world);
    await world.clock.advance(hour);
    await first.end();
    const second = await schedule(world);
    second.service.reconcile(world.project);
    await world.clock.advance(hour);
    expect(minutesOf(firesOf(world))).toEqual([5]);
    expect(second.scheduler.isNeeded).toBe(false);
  });

  test('keeps its phase and its switch over an apply that leaves it alone, and is armed anew by another schedule', async () => {
    const world = worldWith({ triggers: [{ name: 'often', interval: '10m' }] });
    const { service } = await schedule(world);
    await world.clock.advance(4 * minute);
    service.reconcile(world.project);
    const key = { projectId: world.project.id, agent: 'dev', name: 'often' };
    const stored = () => world.store.read(stores => stores.schedules.get(key));
    expect(stored()?.nextFireAt).toBe(midnight + 10 * minute);
    const changed = worldWith({ triggers: [{ name: 'often', interval: '20m' }] }).project.spec;
    service.reconcile({ ...world.project, spec: changed });
    expect(stored()?.nextFireAt).toBe(midnight + 24 * minute);
    service.enable(world.project, { agent: 'dev' }, false);
    service.reconcile(world.project);
    expect(stored()).toMatchObject({ enabled: false });
    expect(stored()?.nextFireAt).toBeUndefined();
  });

  test('that left the file is gone, its history stays', async () => {
    const world = worldWith({ triggers: [{ interval: '10m' }] });
    const { service, scheduler } = await schedule(world);
    await world.clock.advance(10 * minute);
    service.reconcile({ ...world.project, removedAt: 1 });
    await world.clock.advance(hour);
    expect(minutesOf(firesOf(world))).toEqual([10]);
    expect(scheduler.isNeeded).toBe(false);
  });

  test('fires by hand also when it is off, and the clock goes on as before', async () => {
    const world = worldWith({ triggers: [{ name: 'nightly', cron: '0 3 * * *' }] });
    const { service, fires } = await schedule(world);
    service.enable(world.project, { agent: 'dev', name: 'nightly' }, false);
    await fires.byHand(world.project, { agent: 'dev' });
    expect(firesOf(world)).toMatchObject([{ by: 'person', outcome: 'started' }]);
    await expect(fires.byHand(world.project, { agent: 'dev', name: 'x' })).rejects.toMatchObject({
      code: 'trigger.unknown',
      data: { known: ['nightly'] },
    });
  });
});

describe('while a run of the schedule is at work', () => {
  test('skip leaves the moment out and says why', async () => {
    const world = worldWith({ triggers: [{ interval: '10m' }] });
    await schedule(world);
    await world.clock.advance(25 * minute);
    expect(firesOf(world)).toMatchObject([
      { outcome: 'started' },
      { outcome: 'skipped', reason: expect.stringMatching(/still at work/) },
    ]);
    await finishAll(world);
    await world.clock.advance(10 * minute);
    expect(firesOf(world).map(({ outcome }) => outcome)).toEqual(['started', 'skipped', 'started']);
  });

  test('parallel starts another', async () => {
    const world = worldWith({ concurrency_policy: 'parallel', triggers: [{ interval: '10m' }] });
    await schedule(world);
    await world.clock.advance(30 * minute);
    expect(runs(world)).toBe(3);
  });

  test('sticky goes on in one thread, and in a new one when that was abandoned', async () => {
    const world = worldWith({ sandbox_policy: 'sticky', triggers: [{ interval: '10m' }] });
    const { core } = await schedule(world);
    await world.clock.advance(10 * minute);
    await finishAll(world);
    await world.clock.advance(10 * minute);
    await finishAll(world);
    const [first, second] = firesOf(world);
    expect(second?.threadId).toBe(first?.threadId);
    await core.threads.abandon(first!.threadId!);
    await world.clock.advance(10 * minute);
    expect(firesOf(world)[2]).toMatchObject({ outcome: 'started' });
    expect(firesOf(world)[2]?.threadId).not.toBe(first?.threadId);
  });
});

describe('when time was missed', () => {
  const everyTenMinutes = { concurrency_policy: 'parallel', triggers: [{ cron: '*/10 * * * *' }] };

  test('a machine that slept fires once and counts the rest', async () => {
    const world = worldWith(everyTenMinutes);
    await schedule(world);
    await world.clock.advance(5 * minute);
    world.clock.suspend(8 * hour);
    await world.clock.advance(minute);
    expect(firesOf(world)).toMatchObject([{ outcome: 'started', dueAt: midnight + 10 * minute, missed: 47 }]);
  });

  test('a host that was away fires once', async () => {
    const world = worldWith(everyTenMinutes);
    const first = await schedule(world);
    await first.end();
    world.clock.suspend(hour);
    await schedule(world);
    expect(firesOf(world)).toMatchObject([{ outcome: 'started', missed: 5 }]);
  });

  test('a clock that was set back fires no moment twice', async () => {
    const world = worldWith(everyTenMinutes);
    await schedule(world);
    await world.clock.advance(25 * minute);
    world.clock.set(midnight + 5 * minute);
    await world.clock.advance(30 * minute);
    expect(minutesOf(firesOf(world))).toEqual([10, 20, 30]);
  });

  test('a clock that was set back does not leave an interval waiting for longer than its length', async () => {
    const world = worldWith({ concurrency_policy: 'parallel', triggers: [{ interval: '10m' }] });
    const first = await schedule(world);
    await first.end();
    world.clock.set(midnight - 24 * hour);
    await schedule(world);
    await world.clock.advance(10 * minute);
    expect(firesOf(world)).toHaveLength(1);
  });

  test('a host killed between the run and its record makes no second run', async () => {
    const world = worldWith(everyTenMinutes);
    const { fires, end } = await schedule(world);
    await end();
    const [trigger] = world.store.read(stores => stores.schedules.ofProject(world.project.id));
    world.clock.suspend(10 * minute);
    await fires.due(trigger!);
    // The record is lost, the run is there.
    world.store.transact(stores => stores.schedules.save(trigger!));
    await schedule(world);
    expect(runs(world)).toBe(1);
  });

  test('a trigger whose fire cannot be written down holds up no other, and fires later', async () => {
    const world = worldWith({
      concurrency_policy: 'parallel',
      triggers: [
        { name: 'broken', interval: '10m' },
        { name: 'sound', interval: '10m' },
      ],
    });
    const { fires } = await schedule(world);
    const fire = fires.due.bind(fires);
    let isFull = true;
    fires.due = async trigger => {
      if (isFull && trigger.name === 'broken') throw new Error('database or disk is full');
      await fire(trigger);
    };
    await world.clock.advance(21 * minute);
    expect(firesOf(world).map(({ name, dueAt }) => [name, (dueAt - midnight) / minute])).toEqual([
      ['sound', 10],
      ['sound', 20],
    ]);
    isFull = false;
    await world.clock.advance(minute);
    expect(firesOf(world).at(-1)).toMatchObject({ name: 'broken', outcome: 'started', missed: 1 });
  });

  test('whatever happens to clock and host, each moment fires at most once and none is forgotten', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 3 * hour }) }),
      fc.record({ kind: fc.constant('suspend' as const), ms: fc.integer({ min: 0, max: 30 * hour }) }),
      fc.record({ kind: fc.constant('restart' as const), ms: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
        const world = worldWith({ concurrency_policy: 'parallel', triggers: [{ cron: '0 * * * *' }] });
        let host = await schedule(world);
        for (const { kind, ms } of steps) {
          if (kind === 'advance') await world.clock.advance(ms);
          if (kind === 'suspend') world.clock.suspend(ms);
          if (kind === 'restart') {
            await host.end();
            host = await schedule(world);
          }
          await finishAll(world);
        }
        await world.clock.advance(minute);
        await host.end();
        const all = firesOf(world);
        const due = all.map(({ dueAt }) => dueAt);
        expect(new Set(due).size).toBe(due.length);
        const passed = Math.floor((world.clock.now() - midnight) / hour);
        expect(all.reduce((sum, { missed }) => sum + 1 + missed, 0)).toBe(passed);
      }),
      { numRuns: 25 },
    );
  });
});

describe('the plan', () => {
  test('shows what would fire, in order, and changes nothing', async () => {
    const world = worldWith({
      triggers: [
        { name: 'a', interval: '30m' },
        { name: 'b', cron: '45 * * * *' },
      ],
    });
    const { service } = await schedule(world);
    const plan = service.simulate(world.project, { from: midnight, to: midnight + 2 * hour, count: 10 });
    expect(plan.map(({ name, at }) => `${name} ${(at - midnight) / minute}`)).toEqual([
      'a 30',
      'b 45',
      'a 60',
      'a 90',
      'b 105',
      'a 120',
    ]);
    expect(firesOf(world)).toEqual([]);
  });

  test('begins as far away as it is asked to, and one that is often due leaves room for the others', async () => {
    const world = worldWith({
      triggers: [
        { name: 'a', interval: '30m' },
        { name: 'often', interval: '10s' },
        { name: 'thrice', interval: '1h', max_runs: 3 },
        { name: 'b', cron: '45 * * * *' },
      ],
    });
    const { service } = await schedule(world);
    const shown = (asked: object): readonly string[] =>
      service
        .simulate(world.project, { from: midnight, to: midnight + 2 * hour, count: 8, ...asked })
        .map(({ name, at }) => `${name} ${Math.round((at - midnight) / minute)}`);
    const later = { from: midnight + 720 * hour, to: midnight + 721 * hour };
    expect(shown({ ...later, name: 'a' })).toEqual(['a 43200', 'a 43230', 'a 43260']);
    expect(shown({ ...later, name: 'b' })).toEqual(['b 43245']);
    expect(shown({ ...later, name: 'thrice' })).toEqual([]);
    expect(shown({ from: midnight + 110 * minute, name: 'thrice' })).toEqual(['thrice 120']);
    expect(shown({ perTrigger: 2 })).toEqual([
      ...['often 0', 'often 0', 'a 30', 'b 45', 'a 60', 'thrice 60', 'b 105', 'thrice 120'],
    ]);
  });

  test.each([
    [
      'is left out by summer time: the end of the gap',
      '30 2 * * *',
      Date.UTC(2030, 2, 30, 12),
      [Date.UTC(2030, 2, 31, 1, 0), Date.UTC(2030, 3, 1, 0, 30)],
    ],
    [
      'comes twice at its end: the first',
      '30 2 * * *',
      Date.UTC(2030, 9, 26, 12),
      [Date.UTC(2030, 9, 27, 0, 30), Date.UTC(2030, 9, 28, 1, 30)],
    ],
  ])('a local time that %s', (_, cron, from, expected) => {
    const first = cronTimes.next({ cron, timezone: 'Europe/Berlin' }, from);
    expect([first, cronTimes.next({ cron, timezone: 'Europe/Berlin' }, first!)]).toEqual(expected);
  });
});
