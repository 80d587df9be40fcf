import { z } from 'zod';
import { clip, count, optionalText, threadId } from '../fields.js';
import { readThread } from '../threads.js';
import { defineTool } from '../tool.js';
import { passing, waitForMessage, waited } from '../waiting.js';
import { referenceTo, runWord, threadWord } from '../words.js';

/** Length of the piece of a message that a look shows. */
const previewLength = 200;

const filter = {
  thread_id: threadId,
  intent: optionalText('Only messages with this intent, such as response or error.'),
  since_reference: optionalText('Only messages after this one.'),
};

export const wait = defineTool({
  name: 'orch_wait',
  title: 'Wait for a message',
  description:
    'Returns the newest message of a thread that passes the filter, as soon as there is one. Ends at once with the reason when none can come any more.',
  input: z.object({
    ...filter,
    strict_new: z.boolean().optional().describe('Only messages that are not there yet.'),
    timeout_secs: count({ min: 1 }).describe('How long to wait. Left out: as long as it takes.'),
    await_chain: z.boolean().optional().describe('Not before everything that follows from the task has ended.'),
  }),
  output: waited,
  reads: true,
  run: async (context, input) =>
    await waitForMessage(context, {
      thread: input.thread_id,
      intent: input.intent,
      since: input.since_reference,
      strictNew: input.strict_new,
      timeoutS: input.timeout_secs,
      awaitChain: input.await_chain,
    }),
});

export const poll = defineTool({
  name: 'orch_poll',
  title: 'Look for a message',
  description: 'What orch_wait would find now, without waiting.',
  input: z.object(filter),
  output: z.object({
    thread_id: z.string(),
    thread_status: z.string(),
    state: z.string(),
    needs: z.string().optional(),
    summary: z.string(),
    matched_messages: z.number(),
    latest_message_id: z.string().optional(),
    latest_message_ref: z.string().optional(),
    latest_intent: z.string().optional(),
    latest_body_preview: z.string().optional(),
    execution_status: z.string().optional(),
  }),
  reads: true,
  run: async (context, input) => {
    const { thread, messages } = await readThread(context, input.thread_id);
    const matching = { intent: input.intent, since: input.since_reference };
    const matched = passing(messages, matching);
    const found = matched.at(-1);
    return {
      thread_id: thread.id,
      thread_status: threadWord(thread),
      state: thread.status,
      ...(thread.needs === '' ? {} : { needs: thread.needs }),
      summary: thread.summary,
      matched_messages: matched.length,
      ...(found
        ? {
            latest_message_id: found.id,
            latest_message_ref: referenceTo(found),
            latest_intent: found.intent,
            latest_body_preview: clip(found.body, previewLength),
          }
        : {}),
      ...(thread.latestRun ? { execution_status: runWord(thread.latestRun.status) } : {}),
    };
  },
});
