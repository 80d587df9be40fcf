import type { Clock } from '../base/clock.js';
import { errorMessage } from '../base/errors.js';
import type { Log } from '../base/log.js';

/** Between two attempts, in ms. */
const pauseMs = 2_000;

/**
 * Writes what must not get lost while this host lives (the end of a run or a merge): at once, and when that fails (a full
 * disk) again and again until it works or `signal` aborts. Then the next host finds out by itself.
 */
export function commitSurely(
  write: () => void,
  options: { readonly what: string; readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): void {
  try {
    write();
  } catch (error) {
    options.log.error('Not written; it is tried again', { what: options.what, reason: errorMessage(error) });
    void writeLater(write, options);
  }
}

async function writeLater(
  write: () => void,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    try {
      await clock.sleep(pauseMs, signal);
    } catch {
      return;
    }
    try {
      write();
      return;
    } catch {
      // Said once; a full disk is not made better by a log line every two seconds.
    }
  }
}
