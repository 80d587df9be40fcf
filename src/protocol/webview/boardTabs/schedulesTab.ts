import * as z from 'zod/mini';
import { count, shortText, time } from '../viewFields.js';

/** What names a trigger to the host. */
const triggerKey = {
  projectId: z.string().check(z.minLength(1), z.maxLength(200)),
  agent: z.string().check(z.minLength(1), z.maxLength(200)),
  name: z.string().check(z.minLength(1), z.maxLength(400)),
};

export const fireOutcomes = ['started', 'waiting', 'skipped', 'missed', 'failed'] as const;
export type FireOutcomeWord = (typeof fireOutcomes)[number];

const fireSchema = z.object({
  sequence: count,
  dueAt: time,
  at: time,
  /** clock, person, event */
  by: shortText,
  outcome: z.enum(fireOutcomes),
  /** Moments that it stands for as well. */
  missed: count,
  reason: shortText,
  /** What its run has come to by now. */
  runStatus: z.optional(shortText),
  /** The thread of the run; or what its script did. */
  threadId: z.optional(shortText),
  scriptRunId: z.optional(shortText),
});
export type FireView = z.infer<typeof fireSchema>;

const triggerSchema = z.object({
  ...triggerKey,
  projectName: shortText,
  /** cron, interval, timeout, event */
  kind: shortText,
  /** `cron:0 3 * * *@Europe/Berlin`, `interval:60000` or a topic. */
  source: shortText,
  enabled: z.boolean(),
  nextFireAt: z.optional(time),
  /** When it would fire in the next 24 hours. */
  upcoming: z.array(time).check(z.maxLength(1_000)),
  /** There are more of them than could be asked for. */
  goesOn: z.boolean(),
  /** What came of it on each of the last seven days, today last. */
  days: z.array(z.record(z.enum(fireOutcomes), count)).check(z.maxLength(7)),
  /** The last ones, newest first. */
  fires: z.array(fireSchema).check(z.maxLength(20)),
});
export type TriggerView = z.infer<typeof triggerSchema>;

const deliverySchema = z.object({
  agent: shortText,
  trigger: shortText,
  state: shortText,
  reason: shortText,
  threadId: z.optional(shortText),
});

const eventSchema = z.object({
  id: shortText,
  topic: shortText,
  source: shortText,
  createdAt: time,
  /** no_subscriber, pending, retrying, delivered, dead_letter */
  state: shortText,
  deliveries: z.array(deliverySchema).check(z.maxLength(50)),
});
export type EventView = z.infer<typeof eventSchema>;

/** Triggers of the projects that the board shows, and the events that were published last. */
export const schedulesTabSchema = z.object({
  tab: z.literal('schedules'),
  /** When it was read: where the strip of the next 24 hours begins. */
  now: time,
  /** Beginnings of the last seven days, today last. */
  days: z.array(time).check(z.maxLength(7)),
  triggers: z.array(triggerSchema),
  /** The latest first. */
  events: z.array(eventSchema),
  /** The compose file can be opened from here. */
  editable: z.optional(z.boolean()),
});
export type SchedulesTab = z.infer<typeof schedulesTabSchema>;

const id = z.string().check(z.minLength(1), z.maxLength(200));

/** What a person does on the tab. */
export const scheduleActionSchema = z.object({
  tab: z.literal('schedules'),
  action: z.union([
    z.object({ kind: z.literal('switch'), ...triggerKey, enabled: z.boolean() }),
    z.object({ kind: z.literal('fire'), ...triggerKey }),
    z.object({ kind: z.literal('preview'), projectId: triggerKey.projectId }),
    z.object({ kind: z.literal('script'), id }),
    z.object({ kind: z.literal('event'), id }),
    z.object({ kind: z.literal('replay'), id }),
    z.object({ kind: z.literal('edit') }),
  ]),
});
