import type { Chain, Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { chainStateOf } from '../../protocol/chainState.js';
import { chainSteps, type ChainStep } from '../../protocol/chainSteps.js';
import { formatCost, formatDuration } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { oneLine } from '../output/terminalText.js';
import { printRows } from '../output/projectReport.js';
import { optional } from '../output/wireJson.js';
import { orUndefined } from '../output/wireText.js';

export const chain = defineCommand({
  name: 'chain',
  summary: 'show who handed a task to whom, and what came of it',
  positionals: [{ name: 'thread', required: true }],
  details: 'One line for each message that made an agent work, oldest first, with what the run took and cost.',
  async run(context, args) {
    const { repeatable, out, json, signal } = context;
    const { id } = await getThread(context, args.required(0));
    const found = await repeatable(client => client.threads.getThread({ threadId: id }, { signal }));
    const { thread } = found;
    const steps = chainSteps(found);
    if (json) {
      out.json({
        thread_id: id,
        chain: thread?.chain ? chainJson(thread.chain) : null,
        steps: steps.map(stepJson),
      });
      return 0;
    }
    const rows = steps.map(({ message, run, verdict = '' }) => [
      `${oneLine(message.from)} → ${oneLine(message.to)}`,
      message.intent,
      run?.status ?? '',
      verdict.replace('_', ' '),
      run && run.endedAt > 0n && run.startedAt > 0n ? formatDuration(Number(run.endedAt - run.startedAt)) : '',
      run?.costUsd === undefined ? '' : formatCost(run.costUsd),
    ]);
    printRows(out, [['WHO', 'ASKS FOR', 'RUN', 'VERDICT', 'TOOK', 'COST'], ...rows]);
    if (thread?.chain) out.line(describe(thread.chain, thread));
    return 0;
  },
});

function describe(found: Chain, thread: Thread): string {
  const { said, waiting, note } = found;
  const state = chainStateOf(found, thread);
  const opinions = said.map(
    ({ agent, verdict }) => `${oneLine(agent)}: ${verdict === '' ? 'no verdict' : verdict.replace('_', ' ')}`,
  );
  const parts = [
    state === 'approvedEarlier' ? 'an earlier commit was approved' : state,
    ...opinions,
    ...(waiting.length === 0 ? [] : [`waiting for ${waiting.map(oneLine).join(', ')}`]),
    ...(note === '' ? [] : [oneLine(note)]),
  ];
  return parts.join(' · ');
}

function chainJson({ state, author, depth, waiting, said, note }: Chain) {
  return {
    state,
    author,
    depth,
    waiting,
    said: said.map(({ agent, verdict }) => ({ agent, verdict: orUndefined(verdict) ?? null })),
    ...optional({ note: orUndefined(note) }),
  };
}

function stepJson({ message, run, verdict }: ChainStep) {
  return {
    message_id: message.id,
    from: message.from,
    to: message.to,
    intent: message.intent,
    run_id: orUndefined(message.runId) ?? null,
    ...optional({ status: run?.status, verdict, cost_usd: run?.costUsd }),
  };
}
