import type { Disposable } from '../../base/lifecycle.js';
import type { PayloadCondition, TriggerSpec } from '../../compose/projectSpec.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { TopicEvent, TopicStores } from '../topics/topicEvent.js';
import { heardAs, hears } from '../topics/topicName.js';
import { valueAt } from './promptTemplate.js';
import type { ScheduleStores } from './scheduleStore.js';
import { declaredTriggers, keyOf, type DeclaredTrigger, type TriggerKey } from './trigger.js';
import { isPast, isUsedUp } from './triggerPlan.js';

export type ListeningStores = ProjectStores & ScheduleStores & TopicStores;

/** How far back is looked for what led to an event. A chain that long is no accident any more. */
const longestChain = 32;

/** Which triggers hear an event. What the applied files declare is kept between two events and read again after an apply. */
export class EventTriggers implements Disposable {
  readonly #subscription: Disposable;
  #listening: readonly Listening[] | undefined;

  constructor({ store }: { readonly store: Store<ListeningStores> }) {
    this.#subscription = store.onDidCommit(events => {
      if (events.some(({ event }) => event.kind === 'project_changed')) this.#listening = undefined;
    });
  }

  dispose(): void {
    void this.#subscription.dispose();
  }

  /** Writes a waiting fire for every trigger that is on and hears the event. */
  match(stores: ListeningStores, event: TopicEvent): void {
    this.#listening ??= listeningOf(stores);
    const heard = this.#listening.filter(({ trigger, spec }) => isFor(trigger, spec, event));
    if (heard.length === 0) return;
    const payload: unknown = JSON.parse(event.payload);
    for (const { trigger, spec } of heard) {
      if (!(spec.where ?? []).every(condition => holds(condition, payload))) continue;
      const stored = stores.schedules.get(trigger);
      if (!stored?.enabled || isUsedUp(spec, stored) || isPast(spec, event.createdAt)) continue;
      const again = hasFiredFor(stores, trigger, event);
      stores.schedules.record({
        ...keyOf(trigger),
        dueAt: event.createdAt,
        at: event.createdAt,
        missed: 0,
        attempts: 0,
        by: 'event',
        eventId: event.id,
        ...(again ? { outcome: 'skipped', reason: itsOwn } : { outcome: 'waiting' }),
      });
    }
  }
}

const itsOwn = 'The event came of a run that this trigger started.';

type EventSpec = TriggerSpec & { readonly kind: 'event' };

interface Listening {
  readonly trigger: DeclaredTrigger;
  readonly spec: EventSpec;
}

function listeningOf(stores: ProjectStores): readonly Listening[] {
  return stores.projects
    .list()
    .flatMap(declaredTriggers)
    .flatMap(trigger => (trigger.spec.kind === 'event' ? [{ trigger, spec: trigger.spec }] : []));
}

function isFor(trigger: TriggerKey, spec: EventSpec, event: TopicEvent): boolean {
  const isHeard = heardAs(spec.topic, event.topic) !== undefined;
  return isHeard && (event.projectId === undefined || event.projectId === trigger.projectId);
}

/** The value at the path, or for a list one of its items, is one of those asked for. */
function holds({ path, values }: PayloadCondition, payload: unknown): boolean {
  const found = valueAt(payload, path);
  const candidates: readonly unknown[] = Array.isArray(found) ? found : [found];
  return candidates.some(candidate => {
    if (typeof candidate !== 'string' && typeof candidate !== 'number' && typeof candidate !== 'boolean') return false;
    return values.some(value => hears(value, String(candidate)));
  });
}

/** An agent that is started by its own work would go on for ever, at the user's expense. */
function hasFiredFor(stores: ListeningStores, trigger: TriggerKey, event: TopicEvent): boolean {
  let ancestor = event.parentId;
  for (let depth = 0; ancestor !== undefined; depth++) {
    if (depth === longestChain || stores.schedules.hasFiredFor(trigger, ancestor)) return true;
    ancestor = stores.topics.get(ancestor)?.parentId;
  }
  return false;
}
