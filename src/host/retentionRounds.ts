import { errorMessage } from '../base/errors.js';
import type { Disposable } from '../base/lifecycle.js';
import type { Log } from '../base/log.js';
import type { RetentionService } from '../core/retention/retentionService.js';

/** Long after a start, so that nobody waits for a disk that is being measured. */
const firstMs = 5 * 60_000;
const everyMs = 24 * 60 * 60_000;

/** Lets go of what is kept no longer, once a day. Each thing is in the log before it goes. */
export function retentionRounds(retention: RetentionService, log: Log): Disposable {
  let timer: NodeJS.Timeout;
  const plan = (ms: number): void => {
    timer = setTimeout(() => {
      retention
        .collect()
        .catch((error: unknown) => log.warn('Old files could not be looked after', { reason: errorMessage(error) }))
        .finally(() => plan(everyMs));
    }, ms).unref();
  };
  plan(firstMs);
  return { dispose: () => clearTimeout(timer) };
}
