import { nextFireTimes, readCron } from '../../compose/cron/cronSchedule.js';
import type { CronTimes } from '../../core/schedules/triggerPlan.js';

/**
 * Cron by the rules of the compose language. Where hours are named, a local time that a change of clocks leaves out counts at the end of
 * the gap, and one that comes twice counts once, the first time; otherwise a change of clocks is none.
 */
export const cronTimes: CronTimes = {
  next({ cron, timezone }, after) {
    const reading = readCron(cron);
    // What was applied was read then; only a zone that this machine lost since would fail now, and then nothing is due.
    if (!reading.ok) return undefined;
    const [next] = nextFireTimes(reading.schedule, {
      after,
      count: 1,
      ...(timezone === undefined ? {} : { timezone }),
    });
    return next;
  },
};
