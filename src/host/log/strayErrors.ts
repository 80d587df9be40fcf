import type { EventEmitter } from 'node:events';
import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';

/**
 * The last resort for a host that is a process of its own: an error that nobody waits for (an event of a stream, a timer, a
 * promise that was let go) is a mistake of ours, and would end the work of every window and terminal. It is logged, with its
 * stack, and the host goes on: what must not be lost is in the database and in files, each written whole.
 */
export function survivesStrayErrors(log: Log, source: EventEmitter = process): Disposable {
  const onError = (error: unknown): void => {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    log.error('An error that nobody waited for', { reason: errorMessage(error), stack });
  };
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  for (const event of events) source.on(event, onError);
  return {
    dispose() {
      for (const event of events) source.off(event, onError);
    },
  };
}
