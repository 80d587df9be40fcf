/** What a piece of work says while it is under way, and then what came of it. */
export type Next<S, R> = { readonly step: S } | { readonly result: R };

/** Steps that nobody read yet; whoever says more than that is listened to no faster than it is read, its oldest steps are dropped. */
const mostWaiting = 1_000;

/** Turns a callback into something to iterate over. Throws what the work throws. */
export async function* stepsOf<S, R>(work: (onStep: (step: S) => void) => Promise<R>): AsyncGenerator<Next<S, R>> {
  const waiting: S[] = [];
  let wake = Promise.withResolvers<void>();
  const working = work(step => {
    waiting.push(step);
    if (waiting.length > mostWaiting) waiting.shift();
    wake.resolve();
  });
  let over = false;
  const end = (): void => {
    over = true;
    wake.resolve();
  };
  working.then(end, end);
  while (!over || waiting.length > 0) {
    await wake.promise;
    wake = Promise.withResolvers();
    for (const step of waiting.splice(0)) yield { step };
    if (over) wake.resolve();
  }
  yield { result: await working };
}
