import type { Usage } from '../../protocol/gen/muster/v1/runs_pb.js';
import { formatCost, formatDuration, formatTokens } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { findProject } from '../lookup/projectLookup.js';
import { readCount } from '../options/readCount.js';
import { usageError } from '../options/usageError.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';
import { optional } from '../output/wireJson.js';
import { orUndefined } from '../output/wireText.js';

const keys = ['project', 'agent', 'day', 'batch', 'thread'] as const;
type Key = (typeof keys)[number];
const dayMs = 24 * 60 * 60_000;

export const cost = defineCommand({
  name: 'cost',
  summary: 'tell what runs cost, and the tokens that they took',
  options: {
    by: { type: 'string', multiple: true, value: 'KEY', text: `apart by ${keys.join(', ')} (default agent)` },
    days: { type: 'string', value: 'N', text: 'only the last N days, today among them' },
    agent: { type: 'string', value: 'NAME', text: 'only runs of this agent' },
    batch: { type: 'string', value: 'NAME', text: 'only runs of this batch' },
    thread: { type: 'string', value: 'THREAD', text: 'only runs of this thread' },
    all: { type: 'boolean', short: 'a', text: 'runs of every project, not only of the one of this folder' },
  },
  details: 'What a CLI does not say is left out: a sum is of the runs whose cost is known.',
  async run(context, args) {
    const { out, json, signal, repeatable } = context;
    const by = readKeys(args.list('by'));
    const everywhere = args.flag('all') || args.text('thread') !== undefined || args.text('batch') !== undefined;
    const project = everywhere ? undefined : await findProject(context);
    const days = readCount(args.text('days'), '--days');
    const now = new Date();
    const request = {
      by: [...by],
      project: project?.id ?? '',
      agent: args.text('agent') ?? '',
      batch: args.text('batch') ?? '',
      threadId: args.text('thread') ?? '',
      from: days === undefined ? 0n : BigInt(new Date(now).setHours(0, 0, 0, 0) - (Math.max(1, days) - 1) * dayMs),
      utcOffsetMinutes: -now.getTimezoneOffset(),
      limit: 1000,
    };
    const { usage } = await repeatable(client => client.runs.listUsage(request, { signal }));
    if (json) out.json({ usage: usage.map(sum => usageJson(sum, by)) });
    else if (usage.length === 0) out.line('No runs.');
    else {
      const head = [
        ...by.map(key => key.toUpperCase()),
        'COST',
        'RUNS',
        'FAILED',
        'TOOK',
        'IN',
        'OUT',
        'CACHE READ',
        'WRITTEN',
      ];
      printRows(out, [head, ...usage.map(sum => row(sum, by))]);
      const unpriced = usage.reduce((sum, { runs, priced }) => sum + runs - priced, 0);
      if (unpriced > 0) out.note(`The cost of ${unpriced} of these runs is not known.`);
    }
    return 0;
  },
});

function readKeys(given: readonly string[]): readonly Key[] {
  const words = given.flatMap(text => text.split(',')).map(word => word.trim().toLowerCase());
  const chosen = words.map(word => {
    const key = keys.find(known => known === word);
    if (key === undefined) throw usageError(`--by takes ${keys.join(', ')}, not ${JSON.stringify(word)}.`);
    return key;
  });
  return chosen.length === 0 ? ['agent'] : [...new Set(chosen)];
}

function nameOf(sum: Usage, key: Key): string {
  switch (key) {
    case 'project':
      return oneLine(sum.projectName || sum.projectId);
    case 'agent':
      return oneLine(sum.agent);
    case 'day':
      return sum.day;
    case 'batch':
      return oneLine(sum.batch) || '-';
    case 'thread':
      return `${sum.threadId} ${oneLine(sum.threadSummary)}`;
  }
}

function row(sum: Usage, by: readonly Key[]): readonly string[] {
  const tokens = (count: bigint | undefined): string => formatTokens(count === undefined ? undefined : Number(count));
  return [
    ...by.map(key => nameOf(sum, key)),
    formatCost(sum.costUsd) || '-',
    String(sum.runs),
    sum.failed === 0 ? '' : String(sum.failed),
    formatDuration(Number(sum.durationMs)),
    tokens(sum.inputTokens),
    tokens(sum.outputTokens),
    tokens(sum.cacheReadTokens),
    tokens(sum.cacheWriteTokens),
  ];
}

/** One sum as `--json` prints it. */
function usageJson(sum: Usage, by: readonly Key[]) {
  const number = (count: bigint | undefined): number | undefined => (count === undefined ? undefined : Number(count));
  return {
    ...optional({
      project_id: orUndefined(sum.projectId),
      project: orUndefined(sum.projectName),
      agent: orUndefined(sum.agent),
      day: orUndefined(sum.day),
      batch: by.includes('batch') ? sum.batch : undefined,
      thread_id: orUndefined(sum.threadId),
      summary: orUndefined(sum.threadSummary),
    }),
    runs: sum.runs,
    failed: sum.failed,
    runs_with_cost: sum.priced,
    duration_ms: Number(sum.durationMs),
    ...optional({
      cost_usd: sum.costUsd,
      input_tokens: number(sum.inputTokens),
      output_tokens: number(sum.outputTokens),
      cache_read_tokens: number(sum.cacheReadTokens),
      cache_write_tokens: number(sum.cacheWriteTokens),
    }),
  };
}
