import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';

/** The real clock of a client process. A pending sleep does not keep the process alive once its signal is aborted. */
export const systemClock: Clock = {
  now: () => Date.now(),
  awake: () => performance.now(),
  sleep: (ms, signal) =>
    setTimeout(ms, undefined, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    }),
};
