import { deferred } from '../../base/async.js';

/**
 * Turns pushed batches into pulled ones: the producer runs until it is done, the reader takes what has gathered.
 * Errors of the producer reach the reader after the batches before it.
 */
export async function* batches<T>(
  produce: (push: (items: readonly T[]) => void) => Promise<unknown>,
): AsyncGenerator<readonly T[]> {
  let gathered: T[] = [];
  let wake = deferred<void>();
  let done = false;
  const producing = produce(items => {
    gathered.push(...items);
    wake.resolve();
  }).finally(() => {
    done = true;
    wake.resolve();
  });
  // Awaited below; without this an early error would count as unhandled while the reader is busy.
  producing.catch(() => undefined);
  for (;;) {
    await wake.promise;
    wake = deferred();
    if (gathered.length > 0) {
      const batch = gathered;
      gathered = [];
      yield batch;
    }
    if (done && gathered.length === 0) break;
    if (done) wake.resolve();
  }
  await producing;
}
