import { z } from 'zod';
import { defineTool } from '../tool.js';
import { threadWord } from '../words.js';

const batchId = z.string().min(1).describe('Name of the batch.');

export const batchStatus = defineTool({
  name: 'orch_batch_status',
  title: 'Threads of a batch',
  description: 'Every thread of a batch with its state, and how many are in which.',
  input: z.object({ batch_id: batchId }),
  output: z.object({
    batch_id: z.string(),
    thread_count: z.number(),
    counts: z.record(z.string(), z.number()),
    threads: z.array(
      z.object({
        thread_id: z.string(),
        summary: z.string(),
        status: z.string(),
        state: z.string(),
        waits_for: z.array(z.string()).optional(),
      }),
    ),
  }),
  reads: true,
  run: async ({ ask, signal }, { batch_id: batch }) => {
    const { threads } = await ask(client => client.threads.getBatch({ batch }, { signal }));
    const counts = new Map<string, number>();
    for (const { status } of threads) counts.set(status, (counts.get(status) ?? 0) + 1);
    return {
      batch_id: batch,
      thread_count: threads.length,
      counts: Object.fromEntries(counts),
      threads: threads.map(thread => ({
        thread_id: thread.id,
        summary: thread.summary,
        status: threadWord(thread),
        state: thread.status,
        ...(thread.waitsFor.length === 0 ? {} : { waits_for: thread.waitsFor }),
      })),
    };
  },
});

export const abandonBatch = defineTool({
  name: 'orch_abandon_batch',
  title: 'Abandon a batch',
  description: 'Abandons every thread of a batch that is open. Everything is kept; `muster restore` brings each back.',
  input: z.object({ batch_id: batchId }),
  output: z.object({
    batch_id: z.string(),
    threads_abandoned: z.number(),
    threads_already_terminal: z.number(),
    errors: z.record(z.string(), z.string()).optional(),
  }),
  run: async ({ client, signal }, { batch_id: batch }) => {
    const { threads: service } = await client();
    const { threads } = await service.getBatch({ batch }, { signal });
    const { abandoned, failed } = await service.abandonBatch({ batch }, { signal });
    return {
      batch_id: batch,
      threads_abandoned: abandoned.length,
      threads_already_terminal: threads.filter(({ outcome }) => outcome !== 'open').length,
      ...(Object.keys(failed).length === 0 ? {} : { errors: failed }),
    };
  },
});
