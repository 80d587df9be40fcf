import { readFileSync } from 'node:fs';
import type { AlarmClock } from '../base/clock.js';

declare const MUSTER_TEST_BUILD: boolean | undefined;

/** How often somebody who waits for a time of day looks whether a test has moved it. */
const lookAgainMs = 20;

/**
 * In a build for tests alone, and there only with `MUSTER_TEST_CLOCK`: the time of day is off by as many milliseconds as that
 * file says at the moment, while timers go on as they do, as if the machine had slept or its clock had been set.
 */
export function shiftedClock(clock: AlarmClock): AlarmClock {
  const file =
    typeof MUSTER_TEST_BUILD === 'boolean' && MUSTER_TEST_BUILD ? process.env['MUSTER_TEST_CLOCK'] : undefined;
  if (file === undefined) return clock;
  const now = (): number => clock.now() + Number(readFileSync(file, 'utf8'));
  return {
    now,
    awake: () => clock.awake(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    async wakeAt(at, signal) {
      while (now() < at) await clock.sleep(Math.min(at - now(), lookAgainMs), signal);
      signal.throwIfAborted();
    },
  };
}
