import { randomBytes } from 'node:crypto';
import { makeId } from '../../src/base/ids.js';
import type { Id, IdSource } from '../../src/base/ids.js';

/**
 * Ids for runs with real processes: these are found by the id that they carry, so two tests at the same time must never use
 * the same one.
 */
export function randomIds(): IdSource {
  return {
    next<Kind extends string>(): Id<Kind> {
      return makeId<Kind>(randomBytes(12));
    },
  };
}
