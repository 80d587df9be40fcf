import * as z from 'zod/mini';

/** What a model gives the tools of chat; `extension/manifest/chatToolTable.ts` describes it to the model. */
const text = z.string().check(z.minLength(1), z.maxLength(100_000));

export const dispatchInput = z.object({ agent: text, prompt: text, thread_id: z.optional(z.string()) });
export type DispatchInput = z.infer<typeof dispatchInput>;

export const threadInput = z.object({ thread_id: text });

export const changesInput = z.object({ thread_id: text, offset: z.optional(z.int().check(z.nonnegative())) });
export type ChangesInput = z.infer<typeof changesInput>;
