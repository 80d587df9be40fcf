import { describe, expect, test } from 'vitest';
import { isRunActive } from '../../../src/core/runs/run.js';
import {
  finishAll,
  firesOf,
  hour,
  midnight,
  minute,
  runs,
  schedule,
  statuses,
  worldWith,
  type Scheduled,
} from '../../support/schedules.ts';
import type { FireService } from '../../../src/core/schedules/fireService.js';
import type { CoreWorld } from '../../support/coreHost.ts';
import { settle } from '../../support/clock.ts';

const kinds = {
  cron: { cron: '0 * * * *', timezone: 'UTC' },
  interval: { interval: '1h' },
  timeout: { timeout: '1h' },
};

interface Situation {
  readonly world: CoreWorld;
  host: Scheduled;
}

/** What happens to the machine, its clock and its host around the first moment, an hour after the trigger was armed. */
const situations: Readonly<Record<string, (situation: Situation) => Promise<void>>> = {
  'on time': async ({ world }) => await world.clock.advance(61 * minute),
  'slept eight hours': async ({ world }) => {
    await world.clock.advance(30 * minute);
    world.clock.suspend(8 * hour);
    await world.clock.advance(minute);
  },
  'woke just after the eighth': async ({ world }) => {
    await world.clock.advance(30 * minute);
    world.clock.suspend(7 * hour + 30 * minute + 1_000);
    await world.clock.advance(minute);
  },
  'clock set back': async ({ world }) => {
    await world.clock.advance(90 * minute);
    world.clock.set(midnight + 30 * minute);
    await world.clock.advance(61 * minute);
  },
  'clock set forward': async ({ world }) => {
    await world.clock.advance(30 * minute);
    world.clock.set(midnight + 8 * hour + 30 * minute);
    await world.clock.advance(minute);
  },
  'killed before the run': async situation => {
    await situation.world.clock.advance(59 * minute);
    await situation.host.end();
    situation.world.clock.suspend(90_000);
    situation.host = await schedule(situation.world);
  },
  'killed before the record': async situation => {
    const { world } = situation;
    await world.clock.advance(59 * minute);
    await situation.host.end();
    world.clock.suspend(90_000);
    const [trigger] = world.store.read(stores => stores.schedules.ofProject(world.project.id));
    await expect(forgetful(situation).due(trigger!)).rejects.toThrow('killed');
    expect(runs(world)).toBe(1);
    situation.host = await schedule(world);
  },
  'killed after the record': async situation => {
    await situation.world.clock.advance(60 * minute);
    await situation.host.end();
    situation.world.clock.suspend(minute);
    situation.host = await schedule(situation.world);
  },
};

/** The run that it makes is written down, what it records of itself is not: its host is killed in between. */
function forgetful({ world, host }: Situation): FireService {
  const { store } = world;
  return host.firesWith({
    epoch: store.epoch,
    read: work => store.read(work),
    onDidCommit: listener => store.onDidCommit(listener),
    transact: () => {
      throw new Error('killed');
    },
  });
}

/** `started 1`: that of one o'clock became a run; `+7`: it stands for seven more. */
function told(world: CoreWorld): string {
  const lines = firesOf(world).map(({ outcome, dueAt, missed }) => {
    return `${outcome} ${(dueAt - midnight) / hour}${missed > 0 ? `+${missed}` : ''}`;
  });
  return lines.join(', ');
}

const each = (count: number): string => Array.from({ length: count }, (_, index) => `started ${index + 1}`).join(', ');

/** Per kind and situation what `run_once`, `skip` and `run_all` make of it; one text when they agree. */
const expected: Readonly<Record<string, string | readonly [string, string, string]>> = {
  'cron on time': 'started 1',
  'cron slept eight hours': ['started 1+7', 'missed 1+7', each(8)],
  'cron woke just after the eighth': ['started 1+7', 'missed 1+6, started 8', each(8)],
  'cron clock set back': 'started 1',
  'cron clock set forward': ['started 1+7', 'missed 1+7', each(8)],
  'cron killed before the run': 'started 1',
  'cron killed before the record': 'started 1',
  'cron killed after the record': 'started 1',
  'interval on time': 'started 1',
  'interval slept eight hours': ['started 1+7', 'missed 1+7', each(8)],
  'interval woke just after the eighth': ['started 1+7', 'missed 1+7', each(8)],
  'interval clock set back': 'started 1',
  'interval clock set forward': ['started 1+7', 'missed 1+7', each(8)],
  'interval killed before the run': 'started 1',
  'interval killed before the record': 'started 1',
  'interval killed after the record': 'started 1',
  'timeout on time': 'started 1',
  'timeout slept eight hours': ['started 1', 'missed 1', 'started 1'],
  'timeout woke just after the eighth': ['started 1', 'missed 1', 'started 1'],
  'timeout clock set back': 'started 1',
  'timeout clock set forward': ['started 1', 'missed 1', 'started 1'],
  'timeout killed before the run': 'started 1',
  'timeout killed before the record': 'started 1',
  'timeout killed after the record': 'started 1',
};

const overlaps = ['skip', 'queue', 'parallel', 'replace'] as const;
type Overlap = (typeof overlaps)[number];

/** What becomes of moments that come while the first of them is at work: none of these runs ends by itself. */
function overlapping(outcome: string, overlap: Overlap): string {
  if (overlap === 'parallel' || overlap === 'replace') return outcome;
  let count = 0;
  return outcome.replaceAll('started', () => (count++ === 0 ? 'started' : overlap === 'skip' ? 'skipped' : 'waiting'));
}

const cells = Object.entries(kinds).flatMap(([kind, trigger]) =>
  Object.entries(situations).flatMap(([name, happen]) =>
    (['run_once', 'skip', 'run_all'] as const).flatMap((misfire, index) => {
      const cell = expected[`${kind} ${name}`] ?? '';
      const alone = typeof cell === 'string' ? cell : (cell[index] ?? '');
      return overlaps.map(overlap => ({
        ...{ kind, name, misfire, overlap, trigger, happen },
        outcome: overlapping(alone, overlap),
      }));
    }),
  ),
);

/** Each makes one run; of those that take another's place only the last goes on. */
function expectRuns(world: CoreWorld, outcome: string, overlap: Overlap): void {
  const made = (outcome.match(/started/g) ?? []).length;
  expect(runs(world)).toBe(made);
  const goingOn = statuses(world).filter(isRunActive);
  expect(goingOn).toHaveLength(overlap === 'replace' ? Math.min(1, made) : made);
}

describe('a moment', () => {
  test.each(cells)(
    'of $kind, misfire $misfire, overlap $overlap, $name: $outcome',
    async ({ misfire, overlap, trigger, happen, outcome }) => {
      const world = worldWith({
        overlap,
        misfire,
        triggers: [{ ...trigger, prompt: 'Look at ${{ trigger.due_at }}' }],
      });
      const situation = { world, host: await schedule(world) };
      await happen(situation);
      await settle();
      expect(told(world)).toBe(outcome);
      expectRuns(world, outcome, overlap);
    },
  );

  test('of a clock that was set back by a day comes again within the length of its interval', async () => {
    const world = worldWith({ overlap: 'parallel', triggers: [{ interval: '10m' }] });
    await schedule(world);
    await world.clock.advance(11 * minute);
    world.clock.set(midnight - 24 * hour);
    await world.clock.advance(25 * minute);
    expect(firesOf(world).length).toBeGreaterThanOrEqual(2);
  });

  test('more than a hundred of which were missed: the newest hundred are made up for', async () => {
    const world = worldWith({ overlap: 'parallel', misfire: 'run_all', triggers: [{ cron: '* * * * *' }] });
    await schedule(world);
    world.clock.suspend(48 * hour);
    await world.clock.advance(minute);
    const [first, second, ...rest] = firesOf(world);
    expect(first).toMatchObject({ outcome: 'missed', dueAt: midnight + minute });
    const due = [second!, ...rest].map(({ dueAt }) => dueAt);
    expect(due.length).toBeGreaterThan(45);
    expect(due.length).toBeLessThanOrEqual(102);
    expect(due.every((at, index) => index === 0 || at === due[index - 1]! + minute)).toBe(true);
    expect(due.at(-1)).toBe(midnight + 48 * hour + minute);
  });
});

/** What happens around two events, one after the other. */
const eventSituations: Readonly<Record<string, (situation: Situation, publish: () => void) => Promise<void>>> = {
  'on time': async ({ world }, publish) => {
    publish();
    await world.clock.advance(minute);
    publish();
  },
  'slept before and between': async ({ world }, publish) => {
    world.clock.suspend(8 * hour);
    publish();
    await world.clock.advance(minute);
    world.clock.suspend(8 * hour);
    publish();
  },
  'clock set back': async ({ world }, publish) => {
    publish();
    await world.clock.advance(minute);
    world.clock.set(midnight - 24 * hour);
    publish();
  },
  'clock set forward': async ({ world }, publish) => {
    publish();
    await world.clock.advance(minute);
    world.clock.set(midnight + 48 * hour);
    publish();
  },
  'killed before the run': async (situation, publish) => {
    await situation.host.scheduler.dispose();
    publish();
    publish();
    await situation.host.end();
    situation.host = await schedule(situation.world);
  },
  'killed before the record': async (situation, publish) => {
    const { world } = situation;
    await situation.host.scheduler.dispose();
    publish();
    publish();
    await expect(forgetful(situation).deliver(new AbortController().signal)).rejects.toThrow('killed');
    expect(runs(world)).toBe(1);
    await situation.host.end();
    situation.host = await schedule(world);
  },
  'killed after the record': async (situation, publish) => {
    publish();
    await situation.world.clock.advance(minute);
    await situation.host.end();
    situation.host = await schedule(situation.world);
    await situation.host.core.takeUp();
    publish();
  },
};

describe('an event', () => {
  test.each(
    Object.entries(eventSituations).flatMap(([name, happen]) => overlaps.map(overlap => ({ name, overlap, happen }))),
  )('overlap $overlap, $name', async ({ overlap, happen }) => {
    const prompt = 'Look at ${{ event.payload.n }}';
    const world = worldWith({ overlap, triggers: [{ event: { topic: 'external.it' }, prompt }] });
    const situation = { world, host: await schedule(world) };
    let count = 0;
    const publish = (): void => {
      situation.host.topics.publish({ topic: 'external.it', source: 'person', payload: `{"n":${count++}}` });
    };
    await happen(situation, publish);
    await world.clock.advance(minute);
    await settle();
    const outcome = overlapping('started, started', overlap);
    expect(
      firesOf(world)
        .map(fire => fire.outcome)
        .join(', '),
    ).toBe(outcome);
    expectRuns(world, outcome, overlap);
  });
});

describe('while a run of the schedule is at work', () => {
  const hourly = (overlap: string, more: object = {}) =>
    worldWith({
      overlap,
      triggers: [{ cron: '0 * * * *', timezone: 'UTC', prompt: 'Look at ${{ trigger.due_at }}', ...more }],
    });

  test.each([
    ['skip', 'started 1, skipped 2, skipped 3', 1],
    ['queue', 'started 1, waiting 2, waiting 3', 1],
    ['parallel', 'started 1, started 2, started 3', 3],
    ['replace', 'started 1, started 2, started 3', 3],
  ])('%s: %s', async (overlap, outcome, count) => {
    const world = hourly(overlap);
    await schedule(world);
    await world.clock.advance(3 * hour + minute);
    expect(told(world)).toBe(outcome);
    expect(runs(world)).toBe(count);
  });

  test('queue starts one after the other as each ends, also through the next host', async () => {
    const world = hourly('queue');
    const first = await schedule(world);
    await world.clock.advance(3 * hour + minute);
    await finishAll(world);
    expect(told(world)).toBe('started 1, started 2, waiting 3');
    await first.end();
    const second = await schedule(world);
    expect(second.scheduler.isNeeded).toBe(true);
    await second.core.takeUp();
    await finishAll(world);
    expect(told(world)).toBe('started 1, started 2, started 3');
  });

  test('replace cancels what is at work and says so', async () => {
    const world = hourly('replace');
    await schedule(world);
    await world.clock.advance(2 * hour + minute);
    const [first, second] = firesOf(world);
    const status = (thread: string | undefined) =>
      world.store.read(stores => stores.runs.ofThread(stores.threads.withPrefix(thread ?? '')[0]!))[0]?.status;
    expect([status(first?.threadId), status(second?.threadId)]).toEqual(['cancelled', 'running']);
    expect(second?.reason).toMatch(/took the place of an earlier run/);
  });

  test('what waits for a trigger that was switched off does not start', async () => {
    const world = hourly('queue', { name: 'often' });
    const { service } = await schedule(world);
    await world.clock.advance(2 * hour + minute);
    service.enable(world.project, { agent: 'dev' }, false);
    await finishAll(world);
    expect(told(world)).toBe('started 1, skipped 2');
  });
});

test('fires are counted by trigger, outcome and span of time, one whose run failed as failed', async () => {
  const world = worldWith({ overlap: 'skip', triggers: [{ name: 'hourly', cron: '0 * * * *', timezone: 'UTC' }] });
  await schedule(world);
  await world.clock.advance(2 * hour + minute);
  const count = () =>
    world.store.read(stores =>
      stores.schedules.countFires({ projectId: world.project.id, since: midnight, spanMs: 90 * minute }),
    );
  const of = { agent: 'dev', name: 'hourly' };
  expect(count()).toEqual([
    { ...of, span: 0, outcome: 'started', count: 1 },
    { ...of, span: 1, outcome: 'skipped', count: 1 },
  ]);
  const [{ run } = { run: undefined }] = world.store.read(stores => stores.runs.active());
  world.sandbox.exit(run!.id, { code: 3 });
  await settle();
  expect(count()[0]).toEqual({ ...of, span: 0, outcome: 'failed', count: 1 });
});

describe('limits of a trigger', () => {
  test('max_runs: it is spent after so many runs, and armed again by a higher number', async () => {
    const world = worldWith({ overlap: 'parallel', triggers: [{ interval: '1h', max_runs: 2 }] });
    const { service, scheduler } = await schedule(world);
    expect(service.simulate(world.project, { from: midnight, to: midnight + 24 * hour, count: 10 })).toHaveLength(2);
    await world.clock.advance(5 * hour);
    expect(told(world)).toBe('started 1, started 2');
    expect(scheduler.isNeeded).toBe(false);
    const more = worldWith({ overlap: 'parallel', triggers: [{ interval: '1h', max_runs: 3 }] }).project.spec;
    service.reconcile({ ...world.project, spec: more });
    expect(scheduler.isNeeded).toBe(true);
  });

  test('until: nothing is due after it', async () => {
    const world = worldWith({ overlap: 'parallel', triggers: [{ interval: '1h', until: '2030-01-01T02:30Z' }] });
    const { scheduler } = await schedule(world);
    await world.clock.advance(5 * hour);
    expect(told(world)).toBe('started 1, started 2');
    expect(scheduler.isNeeded).toBe(false);
  });

  test('jitter: late by the same each time it is asked, never by more, and as the plan says', async () => {
    const world = worldWith({
      overlap: 'parallel',
      triggers: [{ cron: '0 * * * *', timezone: 'UTC', jitter: '10m' }],
    });
    const { service } = await schedule(world);
    const plan = service.simulate(world.project, { from: midnight, to: midnight + 24 * hour, count: 24 });
    await world.clock.advance(24 * hour);
    expect(firesOf(world).map(({ dueAt }) => dueAt)).toEqual(plan.map(({ at }) => at));
    const late = plan.map(({ at }) => (at - midnight) % hour);
    expect(Math.max(...late)).toBeLessThanOrEqual(10 * minute);
    expect(new Set(late).size).toBeGreaterThan(10);
  });
});
