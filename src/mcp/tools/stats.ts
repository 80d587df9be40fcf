import { z } from 'zod';
import { count, optionalText } from '../fields.js';
import { defineTool, type ToolContext } from '../tool.js';
import { transcriptItems } from '../transcripts.js';
import { requireAgent } from './threads.js';

const defaultRuns = 50;
const mostRuns = 200;

/** How often an agent called a tool, and how often that failed. */
interface Calls {
  readonly agent: string;
  readonly tool: string;
  calls: number;
  errors: number;
}

export const toolStats = defineTool({
  name: 'orch_tool_stats',
  title: 'Which tools agents use',
  description:
    'How often agents called which tools and how often that failed, over their latest executions, and what each agent has cost in all.',
  input: z.object({
    agent_alias: optionalText('Only this agent.'),
    executions: count({ min: 1, max: mostRuns }).describe(
      `How many of the latest executions are read. Default: ${defaultRuns}.`,
    ),
  }),
  output: z.object({
    executions_read: z.number(),
    tool_stats: z.array(
      z.object({ tool_name: z.string(), call_count: z.number(), error_count: z.number(), error_rate: z.number() }),
    ),
    tool_usage_by_agent: z.array(
      z.object({ agent_alias: z.string(), tool_name: z.string(), call_count: z.number(), error_count: z.number() }),
    ),
    cost_by_agent: z.array(
      z.object({
        agent_alias: z.string(),
        project: z.string(),
        total_cost_usd: z.number().nullable(),
        total_tokens_in: z.number(),
        total_tokens_out: z.number(),
        total_cache_read_tokens: z.number(),
        total_cache_write_tokens: z.number(),
        execution_count: z.number(),
        executions_with_cost: z.number(),
      }),
    ),
  }),
  reads: true,
  run: async (context, input) => {
    const { ask, signal } = context;
    const agent = input.agent_alias ?? '';
    const { usage } = await ask(({ runs }) => runs.listUsage({ by: ['project', 'agent'], agent }, { signal }));
    if (agent !== '') requireAgent(context, agent);
    const latest = await latestRuns(context, { agent, limit: input.executions ?? defaultRuns });
    const calls: Calls[] = [];
    for (const run of latest) await countCalls(context, run, calls);
    const byTool = [...Map.groupBy(calls, ({ tool }) => tool)].map(([tool, those]) => {
      const [total, errors] = [sum(those, ({ calls: each }) => each), sum(those, ({ errors: each }) => each)];
      return { tool_name: tool, call_count: total, error_count: errors, error_rate: errors / total };
    });
    return {
      executions_read: latest.length,
      tool_stats: byTool.toSorted((a, b) => b.call_count - a.call_count),
      tool_usage_by_agent: calls
        .map(({ agent: alias, tool, calls: total, errors }) => ({
          agent_alias: alias,
          tool_name: tool,
          call_count: total,
          error_count: errors,
        }))
        .toSorted((a, b) => b.call_count - a.call_count),
      cost_by_agent: usage.map(each => ({
        agent_alias: each.agent,
        project: each.projectName,
        total_cost_usd: each.costUsd ?? null,
        total_tokens_in: Number(each.inputTokens ?? 0n),
        total_tokens_out: Number(each.outputTokens ?? 0n),
        total_cache_read_tokens: Number(each.cacheReadTokens ?? 0n),
        total_cache_write_tokens: Number(each.cacheWriteTokens ?? 0n),
        execution_count: each.runs,
        executions_with_cost: each.priced,
      })),
    };
  },
});

interface LatestRun {
  readonly id: string;
  readonly agent: string;
}

/** The newest of all projects that have started, the latest first. */
async function latestRuns(
  { ask, live, signal }: ToolContext,
  { agent, limit }: { readonly agent: string; readonly limit: number },
): Promise<readonly LatestRun[]> {
  const projects = [...live.projects.values()].filter(({ removed }) => !removed);
  const lists = await Promise.all(
    projects.map(({ id }) => ask(({ runs }) => runs.listRuns({ project: id, agent, limit }, { signal }))),
  );
  return lists
    .flatMap(({ runs }) => runs)
    .filter(({ startedAt }) => startedAt > 0n)
    .toSorted((a, b) => Number(b.startedAt - a.startedAt))
    .slice(0, limit);
}

async function countCalls(context: ToolContext, { id, agent }: LatestRun, calls: Calls[]): Promise<void> {
  /** Results name the call, not the tool. */
  const open = new Map<string, Calls>();
  for await (const { item } of transcriptItems(context, id)) {
    if (item.case === 'toolCall') {
      const { tool, callId } = item.value;
      let row = calls.find(each => each.agent === agent && each.tool === tool);
      if (!row) calls.push((row = { agent, tool, calls: 0, errors: 0 }));
      row.calls++;
      open.set(callId, row);
    } else if (item.case === 'toolResult' && !item.value.ok) {
      const row = open.get(item.value.callId);
      if (row) row.errors++;
    }
  }
}

function sum<T>(values: readonly T[], amount: (value: T) => number): number {
  return values.reduce((total, value) => total + amount(value), 0);
}
