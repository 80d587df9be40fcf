/** Whether `npm run soak` asked for the whole of each long matrix. */
export const soaking = process.env['MUSTER_SOAK'] === '1';

/** What chooses the samples of this run; `npm test` prints it, `MUSTER_SEED=n npm test` chooses the same ones again. */
export const seed = Number(process.env['MUSTER_SEED'] ?? Date.now() % 1_000_000);

/** A repeatable source of numbers in [0, 1). */
export function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Where a story of `count` steps (1-based) is to be broken off: everywhere while soaking, otherwise at `few` places that `random` chooses. */
export function momentsOf(count: number, random: () => number, few = 6): readonly number[] {
  const all = Array.from({ length: count }, (_, index) => ({ moment: index + 1, at: random() }));
  if (soaking || count <= few) return all.map(({ moment }) => moment);
  const chosen = all.toSorted((a, b) => a.at - b.at).slice(0, few);
  return chosen.map(({ moment }) => moment).toSorted((a, b) => a - b);
}
