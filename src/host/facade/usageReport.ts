import { z } from 'zod';
import { isId, type RunId } from '../../base/ids.js';
import type { FarCall } from '../../core/models/farFacade.js';

const count = z.int().nonnegative();
const duration = z.number().nonnegative();
/** A model is called by no longer names (`RequestBody.text`). */
const word = z.string().max(1_000);
export const maxRefusal = 4_000;

const callSchema = z.object({
  number: count,
  run: z.string().refine((text): text is RunId => isId<'run'>(text)),
  refused: z.string().max(maxRefusal).optional(),
  call: z
    .strictObject({
      upstream: word,
      protocol: z.enum(['messages', 'responses', 'chat_completions', 'gemini']),
      model: word,
      startedAt: count,
      requestBytes: count,
      end: z.object({
        status: count,
        firstByteMs: duration.optional(),
        totalMs: duration,
        tokens: z.object({
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

const reportSchema = z.object({
  /** Of the process: another one begins to count anew. */
  process: z.string().regex(/^[0-9a-f]{32}$/),
  calls: z.array(z.unknown()).max(10_000),
  /** There are more than these. */
  more: z.boolean(),
  /** How many there was no room for, since the process began. */
  lost: count,
});

const numberSchema = z.object({ number: count });

/** A call as a facade elsewhere tells of it. */
export type ReportedCall = FarCall & { readonly number: number };

/** What a process of a facade elsewhere says its calls came to. */
export interface UsageReport {
  readonly process: string;
  /** By their numbers, without gaps but for those that are lost. */
  readonly calls: readonly ReportedCall[];
  readonly more: boolean;
  readonly lost: number;
}

/**
 * `undefined` for what is no report. A facade may be older or newer: what is unknown of a call is passed over, and one that cannot be
 * understood is there with its number alone, so that it keeps none of the others back.
 */
export function reportOf(
  text: string,
): (Omit<UsageReport, 'calls'> & { readonly calls: readonly HeardCall[] }) | undefined {
  const report = reportSchema.safeParse(parsedJson(text)).data;
  return report && { ...report, calls: report.calls.flatMap(heard) };
}

/** What is understood of a call. */
export interface HeardCall {
  readonly number: number;
  readonly told?: FarCall | undefined;
}

function heard(value: unknown): readonly HeardCall[] {
  const number = numberSchema.safeParse(value).data?.number;
  return number === undefined ? [] : [{ number, told: callSchema.safeParse(value).data }];
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Something in between that answers in its place.
    return undefined;
  }
}
