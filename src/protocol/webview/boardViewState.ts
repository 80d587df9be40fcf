import * as z from 'zod/mini';
import { threadViewSchema } from './threadView.js';

/** What the board keeps with `setState`, so that something is painted before the host answers. */
export const boardViewStateSchema = z.object({
  threads: z.array(threadViewSchema),
});
export type BoardViewState = z.infer<typeof boardViewStateSchema>;
