import type { Fire } from './trigger.js';

/** Before which attempt how long is waited. After the last one a person has to look. */
const delaysMs = [1_000, 10_000, 60_000, 600_000];

/** A fire whose run could not be queued waits for another attempt; `undefined` when it has had all of them. */
export function afterFailure(fire: Fire, reason: string | undefined, now: number): Partial<Fire> | undefined {
  const delay = delaysMs[fire.attempts];
  if (delay === undefined) return undefined;
  return {
    outcome: 'waiting',
    attempts: fire.attempts + 1,
    notBefore: now + delay,
    ...(reason === undefined ? {} : { reason }),
  };
}
