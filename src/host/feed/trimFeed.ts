import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';

/** Events that the feed keeps: a client that was away longer gets a snapshot. */
const keptEvents = 100_000;
/** Published events that stay to be looked at. */
const keptTopicEvents = 100_000;
/** Entries per transaction, so that no dispatch ever waits behind a large deletion. */
const atOnce = 2_000;
const pauseMs = 50;
const everyMs = 600_000;

/** Drops old entries of the change feed, a little at a time, at the start and every ten minutes. */
export function trimFeed(store: Store<Stores>, log: Log): Disposable {
  let timer: NodeJS.Timeout;
  const plan = (ms: number): void => {
    timer = setTimeout(() => {
      plan(prune(store, log) === atOnce ? pauseMs : everyMs);
    }, ms).unref();
  };
  plan(1_000);
  return { dispose: () => clearTimeout(timer) };
}

/** How many entries went. A full disk keeps them until the next time. */
function prune(store: Store<Stores>, log: Log): number {
  try {
    const published = store.transact(stores => stores.topics.prune(keptTopicEvents, atOnce));
    return Math.max(
      published,
      store.transact(stores => stores.events.prune(keptEvents, atOnce)),
    );
  } catch (error) {
    log.warn('Old events could not be dropped', { reason: errorMessage(error) });
    return 0;
  }
}
