import { rmSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Figure } from '../../src/build/benchFigures.ts';
import { makeId, type IdSource } from '../../src/base/ids.js';
import { silentLog } from '../../src/base/log.js';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Project } from '../../src/core/projects/project.js';
import { AppliedTriggers } from '../../src/core/schedules/appliedTriggers.js';
import { EventTriggers } from '../../src/core/schedules/eventTriggers.js';
import { FireService } from '../../src/core/schedules/fireService.js';
import { Scheduler } from '../../src/core/schedules/scheduler.js';
import { ScheduleService } from '../../src/core/schedules/scheduleService.js';
import { TopicService } from '../../src/core/topics/topicService.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { openDatabase } from '../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../src/drivers/sqlite/sqliteStore.js';
import { cronTimes } from '../../src/host/schedules/cronTimes.js';
import { buildScriptEngine } from '../support/scriptEngine.ts';
import { specOf } from '../support/projectSpecs.ts';

const triggers = 10_000;
const listeners = 100;
const events = 5_000;

/** Ten thousand triggers in one minute, events to a hundred triggers, and the start of a script; what a fire starts is left out. */
export async function measure(): Promise<readonly Figure[]> {
  return [...(await dueTriggers()), ...(await publishedEvents()), ...(await scriptStart())];
}

const ids: IdSource = { next: () => makeId(randomBytes(12)) };
const clock = createNodeClock();

interface Bench {
  readonly store: SqliteStore;
  readonly project: Project;
  readonly fires: FireService;
  readonly schedules: ScheduleService;
  readonly dispose: () => void;
}

/** Real database and clock; a dispatch answers at once, because its cost is measured elsewhere. */
function bench(scheduler: object, onFire: () => void): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const database = openDatabase(join(folder, 'muster.db'), { log: silentLog, now: () => clock.now() });
  const store = new SqliteStore(database, { newEpoch: 'bench', onListenerError: () => undefined });
  const spec = specOf(
    JSON.stringify({
      providers: { mine: { command: 'true' } },
      agents: { dev: { provider: 'mine', scheduler: { overlap: 'parallel', ...scheduler } } },
    }),
  );
  const project: Project = {
    id: ids.next(),
    name: spec.name,
    folder,
    file: join(folder, 'agent-compose.yml'),
    revision: 1,
    specHash: 'x',
    spec,
    appliedAt: 1,
  };
  store.transact(stores => stores.projects.save(project));
  const common = { store, clock, ids, log: silentLog, times: cronTimes };
  const dispatched = { thread: { id: ids.next<'thread'>() }, run: { id: ids.next<'run'>() } };
  const applied = new AppliedTriggers({ store });
  const fires = new FireService({
    ...common,
    applied,
    dispatcher: {
      dispatch: async () => {
        onFire();
        return dispatched as never;
      },
    },
    threads: { cancel: async () => Promise.reject(new Error('Nothing to cancel')) },
    scripts: {
      start: () => {
        throw new Error('No script');
      },
      isAtWork: () => false,
      cancel: async () => undefined,
    },
  });
  const schedules = new ScheduleService(common);
  const dispose = (): void => {
    applied.dispose();
    store.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  return { store, project, fires, schedules, dispose };
}

async function dueTriggers(): Promise<readonly Figure[]> {
  const all = Promise.withResolvers<void>();
  let fired = 0;
  const made = bench(
    { triggers: Array.from({ length: triggers }, (_, index) => ({ name: `t${index}`, timeout: '1h' })) },
    () => {
      if (++fired === triggers) all.resolve();
    },
  );
  made.schedules.reconcile(made.project);
  const begin = Date.now() + 1_000;
  made.store.transact(stores => {
    stores.schedules
      .ofProject(made.project.id)
      .forEach((trigger, index) =>
        stores.schedules.save({ ...trigger, nextFireAt: begin + Math.floor((index * 60_000) / triggers) }),
      );
  });
  const loop = monitorEventLoopDelay({ resolution: 5 });
  const scheduler = new Scheduler({ ...made, clock, log: silentLog });
  loop.enable();
  scheduler.start();
  await all.promise;
  loop.disable();
  await scheduler.dispose();
  const late = made.store
    .read(stores => stores.schedules.fires({ projectId: made.project.id, limit: triggers }))
    .map(({ at, dueAt }) => at - dueAt)
    .toSorted((a, b) => a - b);
  made.dispose();
  return [
    { name: '10,000 triggers in one minute: late p99', value: late[Math.floor(late.length * 0.99)] ?? 0, unit: 'ms' },
    { name: '10,000 triggers in one minute: event loop p99', value: loop.percentile(99) / 1e6, unit: 'ms' },
  ];
}

async function publishedEvents(): Promise<readonly Figure[]> {
  const all = Promise.withResolvers<void>();
  let fired = 0;
  const made = bench(
    {
      triggers: Array.from({ length: listeners }, (_, index) => ({
        name: `t${index}`,
        event: { topic: `external.${index}` },
      })),
    },
    () => {
      if (++fired === events) all.resolve();
    },
  );
  const eventTriggers = new EventTriggers(made);
  const topics = new TopicService({
    ...made,
    clock,
    ids,
    triggers: eventTriggers,
    digest: text => createHash('sha256').update(text).digest('hex'),
  });
  const scheduler = new Scheduler({ ...made, clock, log: silentLog });
  made.schedules.reconcile(made.project);
  scheduler.start();
  const begin = performance.now();
  for (let index = 0; index < events; index++) {
    topics.publish({ topic: `external.${index % listeners}`, source: 'person', payload: `{"n":${index}}` });
    // As calls of the host come: one in a turn.
    await new Promise(resolve => setImmediate(resolve));
  }
  await all.promise;
  const seconds = (performance.now() - begin) / 1_000;
  await scheduler.dispose();
  eventTriggers.dispose();
  made.dispose();
  return [{ name: 'events to 100 triggers, published and delivered', value: events / seconds, unit: '/s' }];
}

async function scriptStart(): Promise<readonly Figure[]> {
  const engine = await buildScriptEngine();
  const times: number[] = [];
  for (let round = 0; round < 15; round++) {
    const begin = performance.now();
    await engine.run(
      { source: 'const main = () => 1', isWorkflow: false, limitMs: 10_000, call: async () => undefined },
      new AbortController().signal,
    );
    times.push(performance.now() - begin);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return [{ name: 'script: from nothing to its result', value: sorted[sorted.length >> 1] ?? 0, unit: 'ms' }];
}
