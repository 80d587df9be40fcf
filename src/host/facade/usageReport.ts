import { z } from 'zod';
import { isId, type RunId } from '../../base/ids.js';
import type { FarCall } from '../../core/models/farFacade.js';

const count = z.int().nonnegative();
const duration = z.number().nonnegative();
const word = z.string().max(300);

const callSchema = z.strictObject({
  number: count,
  run: z.string().refine((text): text is RunId => isId<'run'>(text)),
  refused: z.string().max(2_000).optional(),
  call: z
    .strictObject({
      upstream: word,
      protocol: z.enum(['messages', 'responses', 'chat_completions', 'gemini']),
      model: word,
      startedAt: count,
      requestBytes: count,
      end: z.strictObject({
        status: count,
        firstByteMs: duration.optional(),
        totalMs: duration,
        tokens: z.strictObject({
          input: count,
          output: count,
          cacheRead: count,
          cacheWrite: count,
          reasoning: count,
        }),
        estimated: z.boolean(),
      }),
    })
    .optional(),
});

const reportSchema = z.strictObject({
  /** Of the process: another one begins to count anew. */
  process: z.string().regex(/^[0-9a-f]{32}$/),
  /** By their numbers, without gaps but for those that are lost. */
  calls: z.array(callSchema).max(10_000),
  /** There are more than these. */
  more: z.boolean(),
  /** How many there was no room for, since the process began. */
  lost: count,
});

/** A call as a facade elsewhere tells of it. */
export type ReportedCall = FarCall & { readonly number: number };

/** What a process of a facade elsewhere says its calls came to. */
export interface UsageReport extends Omit<z.infer<typeof reportSchema>, 'calls'> {
  readonly calls: readonly ReportedCall[];
}

/** `undefined` for what is no report. */
export function reportOf(text: string): UsageReport | undefined {
  try {
    return reportSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
