import type { Clock } from '../base/clock.js';
import { errorMessage } from '../base/errors.js';
import type { Log } from '../base/log.js';

/** Between two attempts, in ms. */
const pauseMs = 2_000;

/**
 * Writes what must not get lost while this host lives (the end of a run or a merge): at once, and when that fails (a full
 * disk) again and again until it works or `signal` aborts. Then the next host finds out by itself. Never rejects.
 */
export async function commitSurely(
  write: () => void,
  options: { readonly what: string; readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<'written' | 'left'> {
  try {
    write();
    return 'written';
  } catch (error) {
    options.log.error('Not written; it is tried again', { what: options.what, reason: errorMessage(error) });
    return await writeLater(write, options);
  }
}

async function writeLater(
  write: () => void,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<'written' | 'left'> {
  for (;;) {
    try {
      await clock.sleep(pauseMs, signal);
    } catch {
      // `signal`: the host ends, and the next one finds what is not written.
      return 'left';
    }
    try {
      write();
      return 'written';
    } catch {
      // Said once; a full disk is not made better by a log line every two seconds.
    }
  }
}
