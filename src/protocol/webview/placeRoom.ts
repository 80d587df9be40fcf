import * as z from 'zod/mini';
import { count, shortText } from './viewFields.js';

const amount = z.number().check(z.nonnegative());

/** What room there is where runs of some agents are; what is absent is not known. */
export const placeRoomSchema = z.object({
  /** kubernetes or docker */
  driver: shortText,
  name: shortText,
  agents: z.array(shortText),
  machines: z.optional(z.object({ ready: count, all: count })),
  cpus: z.optional(z.object({ has: amount, asked: z.optional(amount) })),
  memoryBytes: z.optional(z.object({ has: amount, asked: z.optional(amount) })),
  atWork: count,
  waiting: count,
  /** What the waiting ones wait for, in the place's words; empty when none does. */
  waitsFor: shortText,
  /** Why something is absent; empty when nothing is. */
  unknown: shortText,
});
export type PlaceRoom = z.infer<typeof placeRoomSchema>;
