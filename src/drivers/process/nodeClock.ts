import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { AwakeTime, heartbeatMs } from './awakeTime.js';

/** Node clamps longer timers to 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

/** The real clock. `awake()` stands while the machine sleeps, on every platform. */
export function createNodeClock(platform: NodeJS.Platform = process.platform): Clock {
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
  };
}
