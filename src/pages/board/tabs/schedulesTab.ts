import type { HostServices } from '../../../client/hostServices.js';
import type { Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { Fire, FireCount, ScheduledTrigger, UpcomingFire } from '../../../protocol/gen/muster/v1/schedules_pb.js';
import type { TopicEvent } from '../../../protocol/gen/muster/v1/topics_pb.js';
import { projectNameOf, projectNames } from '../../../protocol/projectNames.js';
import {
  fireOutcomes,
  type EventView,
  type FireOutcomeWord,
  type FireView,
  type SchedulesTab,
  type TriggerView,
} from '../../../protocol/webview/boardTabs/schedulesTab.js';
import { cut, defined, happened } from '../../../protocol/webview/viewFields.js';
import type { TabServices } from '../boardServices.js';
import type { BoardTabSource } from '../boardTabSource.js';

const dayMs = 86_400_000;
const daysBack = 7;
/** Moments of the next day that are asked for. */
const mostUpcoming = 1_000;
/** Triggers that are each asked what they did last; of more, what the project did last is shown. */
const mostAsked = 50;
const firesRead = 200;
const firesShown = 5;
const eventsRead = 200;
const eventsShown = 50;

/** When triggers will fire, what came of them, and what was published. */
export function schedulesTab({ live, client, schedules: also }: TabServices): BoardTabSource {
  return {
    async read(signal) {
      const now = Date.now();
      const host = await client(signal);
      const days = lastDays(now);
      const [events, ...triggers] = await Promise.all([
        host.topics.listTopicEvents({ limit: eventsRead, summary: true }, { signal }),
        ...live.projects().map(project => triggersOf(project, { host, now, since: days[0] ?? now, signal })),
      ]);
      const names = projectNames(live.projects());
      const named = triggers.flat().map(each => ({ ...each, projectName: cut(projectNameOf(each, names)) }));
      const content = schedulesContent({ now, days, triggers: named, events: events.events });
      return { ...content, editable: also.openComposeFile !== undefined };
    },
    async act(action, signal) {
      if (action.tab !== 'schedules') return;
      const wanted = action.action;
      switch (wanted.kind) {
        case 'preview':
          return await also.preview(wanted.projectId);
        case 'script':
          return await also.openScriptRun(wanted.id);
        case 'event':
          return await also.openEvent(wanted.id);
        case 'edit':
          return await also.openComposeFile?.();
        default:
      }
      const host = await client(signal);
      if (wanted.kind === 'replay') {
        await host.topics.replayEvent({ id: wanted.id }, { signal });
        return;
      }
      const { projectId: project, agent, name } = wanted;
      if (wanted.kind === 'fire') await host.schedules.fireTrigger({ project, agent, name }, { signal });
      else await host.schedules.enableTrigger({ project, agent, name, enabled: wanted.enabled }, { signal });
    },
  };
}

/** Beginnings of the last seven days here, today last. */
function lastDays(now: number): readonly number[] {
  return Array.from({ length: daysBack }, (_, index) => {
    const day = new Date(now);
    day.setHours(0, 0, 0, 0);
    day.setDate(day.getDate() - (daysBack - 1 - index));
    return day.getTime();
  });
}

async function triggersOf(
  { id: project }: Project,
  options: { readonly host: HostServices; readonly now: number; readonly since: number; readonly signal: AbortSignal },
): Promise<readonly TriggerView[]> {
  const { host, now, since, signal } = options;
  const { schedules } = host;
  const { triggers } = await schedules.listTriggers({ project }, { signal });
  if (triggers.length === 0) return [];
  // One that is due every few seconds leaves the others theirs.
  const perTrigger = Math.max(1, Math.floor(mostUpcoming / triggers.length));
  const span = { from: BigInt(now), to: BigInt(now + dayMs), limit: mostUpcoming, perTrigger };
  // A trigger that fires every few seconds does not hide what the others did.
  const asked = triggers.length > mostAsked ? [{}] : triggers.map(({ agent, name }) => ({ agent, name }));
  const limit = triggers.length > mostAsked ? firesRead : firesShown;
  const [{ fires: upcoming }, lists, { counts }] = await Promise.all([
    schedules.simulateTriggers({ project, ...span }, { signal }),
    Promise.all(asked.map(of => schedules.listFires({ project, ...of, limit }, { signal }))),
    // A day on which clocks are changed has an hour of its neighbour.
    schedules.countFires({ project, since: BigInt(since), spanMs: BigInt(dayMs) }, { signal }),
  ]);
  const fires = lists.flatMap(list => list.fires);
  return triggers.map(trigger => triggerView(trigger, { upcoming, perTrigger, fires, counts }));
}

/** What the tab shows. */
export function schedulesContent(options: {
  readonly now: number;
  readonly days: readonly number[];
  readonly triggers: readonly TriggerView[];
  readonly events: readonly TopicEvent[];
}): SchedulesTab {
  const { now, days, triggers, events } = options;
  const shown = events.filter(isTelling).slice(0, eventsShown).map(eventView);
  return { tab: 'schedules', now, days: [...days], triggers: [...triggers], events: shown };
}

/** Muster says of everything that it does that it did, which is telling only where a trigger listens. */
function isTelling({ source, deliveries }: TopicEvent): boolean {
  return source !== 'muster' || deliveries.length > 0;
}

/** A trigger with what is known of it. */
export function triggerView(
  trigger: ScheduledTrigger,
  known: {
    readonly upcoming: readonly UpcomingFire[];
    /** As many of them as were asked for. */
    readonly perTrigger: number;
    readonly fires: readonly Fire[];
    readonly counts: readonly FireCount[];
  },
): TriggerView {
  const isOf = ({ agent, name }: { readonly agent: string; readonly name: string }): boolean =>
    agent === trigger.agent && name === trigger.name;
  const upcoming = known.upcoming.filter(isOf).map(({ at }) => Number(at));
  const days = Array.from({ length: daysBack }, (_, day) =>
    daily(known.counts.filter(each => isOf(each) && each.span === day)),
  );
  return {
    projectId: trigger.projectId,
    projectName: cut(trigger.projectName),
    agent: trigger.agent,
    name: trigger.name,
    kind: trigger.kind,
    source: cut(trigger.source),
    enabled: trigger.enabled,
    ...defined('nextFireAt', happened(trigger.nextFireAt)),
    upcoming,
    goesOn: upcoming.length >= known.perTrigger,
    days,
    fires: known.fires.filter(isOf).slice(0, firesShown).map(fireView),
  };
}

function daily(counts: readonly FireCount[]): Record<FireOutcomeWord, number> {
  const of = (outcome: FireOutcomeWord): number =>
    counts.filter(each => each.outcome === outcome).reduce((sum, each) => sum + each.count, 0);
  return {
    started: of('started'),
    waiting: of('waiting'),
    skipped: of('skipped'),
    missed: of('missed'),
    failed: of('failed'),
  };
}

function fireView(fire: Fire): FireView {
  return {
    sequence: Number(fire.sequence),
    dueAt: Number(fire.dueAt),
    at: Number(fire.at),
    by: fire.by,
    outcome: fireOutcomes.find(each => each === fire.outcome) ?? 'failed',
    missed: Number(fire.missed),
    reason: cut(fire.reason || fire.runError),
    ...defined('runStatus', fire.runStatus || undefined),
    ...defined('threadId', fire.threadId || undefined),
    ...defined('scriptRunId', fire.scriptRunId || undefined),
  };
}

function eventView(event: TopicEvent): EventView {
  return {
    id: event.id,
    topic: cut(event.topic),
    source: event.source,
    createdAt: Number(event.createdAt),
    state: event.state,
    deliveries: event.deliveries.slice(0, 50).map(({ agent, trigger, state, reason, threadId }) => ({
      agent: cut(agent),
      trigger: cut(trigger),
      state,
      reason: cut(reason),
      ...defined('threadId', threadId || undefined),
    })),
  };
}
