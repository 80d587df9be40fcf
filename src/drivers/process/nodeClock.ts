import { setTimeout as delay } from 'node:timers/promises';
import type { AlarmClock } from '../../base/clock.js';
import { AwakeTime, heartbeatMs } from './awakeTime.js';

/**
 * Timers stand while the machine sleeps and know nothing of a clock that was set, so that whoever waits for a time of day looks
 * again this often. Only a host with a schedule waits so.
 */
const lookAgainMs = 60_000;
/** Node clamps longer timers to 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

/** The real clock. `awake()` stands while the machine sleeps, on every platform. */
export function createNodeClock(platform: NodeJS.Platform = process.platform): AlarmClock {
  // Linux's monotonic clock stands during suspend; those of macOS and Windows go on, so their jumps are cut out.
  const awakeTime = platform === 'linux' ? undefined : new AwakeTime(performance.now());
  const awake = (): number => (awakeTime ? awakeTime.observe(performance.now()) : performance.now());
  const longestWait = awakeTime ? heartbeatMs : longestTimerMs;
  return {
    now: () => Date.now(),
    awake,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      const until = awake() + ms;
      for (let left = ms; ; left = until - awake()) {
        try {
          await delay(Math.max(0, Math.min(left, longestWait)), undefined, { signal });
        } catch (error) {
          signal.throwIfAborted();
          throw error;
        }
        if (until - awake() <= 0 || left <= longestWait) return;
      }
    },
    async wakeAt(at, signal) {
      for (let left = at - Date.now(); left > 0; left = at - Date.now()) {
        await this.sleep(Math.min(left, lookAgainMs), signal);
      }
      signal.throwIfAborted();
    },
  };
}
