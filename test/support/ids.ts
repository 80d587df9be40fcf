import { makeId, type Id, type IdSource } from '../../src/base/ids.js';

/** Ids that count up, so that a failing test prints the same ones every time. */
export function countingIds(): IdSource {
  let count = 0;
  return {
    next<Kind extends string>(): Id<Kind> {
      count++;
      const bytes = new Uint8Array(12);
      bytes[10] = Math.floor(count / 32);
      bytes[11] = count % 32;
      return makeId<Kind>(bytes);
    },
  };
}
