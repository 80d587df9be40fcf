import { onTestFinished } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { FireService, type FireServiceOptions } from '../../src/core/schedules/fireService.js';
import { Scheduler } from '../../src/core/schedules/scheduler.js';
import { ScheduleService } from '../../src/core/schedules/scheduleService.js';
import type { Fire } from '../../src/core/schedules/trigger.js';
import type { RunStatus } from '../../src/core/runs/run.js';
import { cronTimes } from '../../src/host/schedules/cronTimes.js';
import { settle } from './clock.js';
import { AppliedTriggers } from '../../src/core/schedules/appliedTriggers.js';
import { EventTriggers } from '../../src/core/schedules/eventTriggers.js';
import { InternalTopics } from '../../src/core/topics/internalTopics.js';
import { TopicService } from '../../src/core/topics/topicService.js';
import { coreHost, coreWorld, waitingAgent, sha256, type CoreHost, type CoreWorld } from './coreHost.js';
import { specOf } from './projectSpecs.js';

export const minute = 60_000;
export const hour = 60 * minute;
/** The clock of {@link coreWorld} begins at midnight UTC. */
export const midnight = Date.UTC(2030, 0, 1);

/** A project whose agent `dev` has this scheduler, and others theirs; all run until the test ends them. */
export function worldWith(scheduler: object, others: Readonly<Record<string, object>> = {}): CoreWorld {
  const text = JSON.parse(waitingAgent) as { agents: { dev: object } };
  const agents = Object.entries({ dev: scheduler, ...others }).map(
    ([name, each]) => [name, { ...text.agents.dev, concurrency: 50, scheduler: each }] as const,
  );
  return coreWorld(specOf(JSON.stringify({ ...text, agents: Object.fromEntries(agents) })));
}

export interface Scheduled {
  readonly core: CoreHost;
  readonly service: ScheduleService;
  readonly fires: FireService;
  readonly scheduler: Scheduler;
  readonly topics: TopicService;
  /** The same with another store for what it writes itself. */
  firesWith(store: FireServiceOptions['store']): FireService;
  /** Ends the scheduler as a host that ends does; what it was about to fire stays due. */
  end(): Promise<void>;
}

/** A host of the world with its scheduler started. */
export async function schedule(world: CoreWorld): Promise<Scheduled> {
  const core = coreHost(world);
  const common = { store: world.store, clock: world.clock, log: silentLog };
  const service = new ScheduleService({ ...common, times: cronTimes });
  const { dispatcher, threads } = core;
  const applied = new AppliedTriggers(common);
  const firing = { ...common, applied, times: cronTimes, dispatcher, threads, scripts: noScripts };
  const fires = new FireService(firing);
  const scheduler = new Scheduler({ ...common, schedules: service, fires });
  const triggers = new EventTriggers(common);
  const topics = new TopicService({ ...common, ids: world.ids, triggers, digest: sha256 });
  const internal = new InternalTopics({ ...common, topics });
  let ended = false;
  const end = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    internal.dispose();
    applied.dispose();
    triggers.dispose();
    await scheduler.dispose();
    await core.end();
  };
  onTestFinished(end);
  internal.catchUp();
  scheduler.start();
  await settle();
  const firesWith = (store: FireServiceOptions['store']): FireService => new FireService({ ...firing, store });
  return { core, service, fires, scheduler, topics, firesWith, end };
}

/** For projects without any. */
const noScripts = {
  start: () => {
    throw new Error('No script was expected');
  },
  isAtWork: () => false,
  cancel: async () => undefined,
};

/** The history, oldest first. */
export function firesOf(world: CoreWorld): readonly Fire[] {
  const filter = { projectId: world.project.id, limit: 500 };
  return world.store.read(stores => stores.schedules.fires(filter)).toReversed();
}

/** When they were due, in minutes of the day. */
export const minutesOf = (some: readonly Fire[]): number[] => some.map(({ dueAt }) => (dueAt - midnight) / minute);

/** Of every run of every thread. */
export const statuses = (world: CoreWorld): readonly RunStatus[] =>
  world.store
    .read(stores => stores.threads.page({ limit: 500 }).threads)
    .flatMap(({ thread }) => world.store.read(stores => stores.runs.ofThread(thread.id)))
    .map(({ status }) => status);

/** Runs of every thread. */
export const runs = (world: CoreWorld): number => statuses(world).length;

/** The agent has nothing more to do in any of its runs. */
export async function finishAll(world: CoreWorld): Promise<void> {
  for (const { run } of world.store.read(stores => stores.runs.active())) world.sandbox.exit(run.id, { code: 0 });
  await settle();
}
