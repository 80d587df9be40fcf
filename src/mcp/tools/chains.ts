import { z } from 'zod';
import { chainSteps } from '../../protocol/chainSteps.js';
import { sumKnown } from '../../protocol/displayFormat.js';
import { runFields, threadId } from '../fields.js';
import { readThread } from '../threads.js';
import { defineTool } from '../tool.js';
import { partyWord, referenceTo, threadWord } from '../words.js';

export const chain = defineTool({
  name: 'orch_chain',
  title: 'Who handed a task to whom',
  description:
    'Every message that made an agent work on a thread, oldest first, with what its execution came to, its verdict and its cost.',
  input: z.object({ thread_id: threadId }),
  output: z.object({
    thread_id: z.string(),
    thread_status: z.string(),
    state: z.string(),
    chain_state: z.string().optional(),
    depth: z.number().optional(),
    waiting_for: z.array(z.string()).optional(),
    note: z.string().optional(),
    total_cost_usd: z.number().optional(),
    steps: z.array(
      z.object({
        reference: z.string(),
        from: z.string(),
        to: z.string(),
        intent: z.string(),
        execution_id: z.string().optional(),
        execution_status: z.string().optional(),
        verdict: z.string().optional(),
        duration_ms: z.number().nullable(),
        cost_usd: z.number().optional(),
      }),
    ),
  }),
  reads: true,
  run: async (context, input) => {
    const found = await readThread(context, input.thread_id);
    const { thread, runs } = found;
    const total = sumKnown(...runs.map(({ costUsd }) => costUsd));
    return {
      thread_id: thread.id,
      thread_status: threadWord(thread),
      state: thread.status,
      ...(thread.chain
        ? { chain_state: thread.chain.state, depth: thread.chain.depth, waiting_for: thread.chain.waiting }
        : {}),
      ...(thread.chain && thread.chain.note !== '' ? { note: thread.chain.note } : {}),
      ...(total === undefined ? {} : { total_cost_usd: total }),
      steps: chainSteps(found).map(({ message, run, verdict }) => {
        const fields = run && runFields(run);
        return {
          reference: referenceTo(message),
          from: partyWord(message.from),
          to: partyWord(message.to),
          intent: message.intent,
          ...(run && fields ? { execution_id: run.id, execution_status: fields.execution_status } : {}),
          ...(verdict === undefined ? {} : { verdict }),
          duration_ms: fields?.duration_ms ?? null,
          ...(run?.costUsd === undefined ? {} : { cost_usd: run.costUsd }),
        };
      }),
    };
  },
});
