import { formatCost, formatTokens } from '../../protocol/displayFormat.js';
import { threadStatusWords, type ThreadStatus } from '../../protocol/threadDisplay.js';
import type { Usage } from '../../protocol/gen/muster/v1/runs_pb.js';
import { defineCommand } from '../command.js';
import { formatTable } from '../output/table.js';
import { oneLine } from '../output/terminalText.js';
import { readThreads } from './ps.js';

const statuses = Object.keys(threadStatusWords);

export const metrics = defineCommand({
  name: 'metrics',
  summary: 'count threads by state, what waits, what works, and what was spent',
  details: 'Over every project of the host.',
  async run({ out, json, repeatable, signal }) {
    const found = await repeatable(async client => ({
      status: await client.host.getStatus({}, { signal }),
      threads: await readThreads(client, {
        signal,
        project: '',
        agent: '',
        statuses,
        doneLimit: Number.POSITIVE_INFINITY,
      }),
      projects: (await client.projects.listProjects({}, { signal })).projects,
      usage: (await client.runs.listUsage({ by: [] }, { signal })).usage[0],
    }));
    const { status } = found;
    const spent = spentOf(found.usage);
    const counts = new Map<string, number>();
    for (const thread of found.threads) counts.set(thread.status, (counts.get(thread.status) ?? 0) + 1);
    const active = found.projects.flatMap(project =>
      project.agents.filter(agent => agent.active > 0).map(agent => ({ project, agent })),
    );
    if (json) {
      out.json({
        threads: Object.fromEntries(counts),
        queued_runs: status.queuedRuns,
        active_runs: status.activeRuns,
        active_by_agent: active.map(({ project, agent }) => ({
          project: project.name,
          agent: agent.name,
          active: agent.active,
        })),
        ...spent,
      });
      return 0;
    }
    const rows = [
      ...statuses
        .filter(isStatus)
        .flatMap(name => (counts.has(name) ? [[threadStatusWords[name], String(counts.get(name))]] : [])),
      ['Runs', `${status.activeRuns} at work, ${status.queuedRuns} queued, ${spent.runs} in all`],
      ...active.map(({ project, agent }) => [
        `  ${oneLine(project.name)}/${oneLine(agent.name)}`,
        String(agent.active),
      ]),
      ['Spent', spentText(spent)],
    ];
    for (const line of formatTable(rows.map(row => row.map(text => ({ text }))))) out.line(line);
    return 0;
  },
});

/** All zero where nothing has run yet. */
function spentOf(usage: Usage | undefined) {
  return {
    runs: usage?.runs ?? 0,
    failed_runs: usage?.failed ?? 0,
    runs_with_cost: usage?.priced ?? 0,
    cost_usd: usage?.costUsd ?? 0,
    input_tokens: Number(usage?.inputTokens ?? 0n),
    output_tokens: Number(usage?.outputTokens ?? 0n),
    cache_read_tokens: Number(usage?.cacheReadTokens ?? 0n),
    cache_write_tokens: Number(usage?.cacheWriteTokens ?? 0n),
  };
}

/** What a CLI does not say is not zero. */
function spentText({ runs, runs_with_cost: known, cost_usd: cost, ...tokens }: ReturnType<typeof spentOf>): string {
  const amount = formatCost(cost) || '$0.00';
  const unknown = runs - known;
  return [
    ...(known === 0 && unknown > 0 ? [] : [amount]),
    `${formatTokens(tokens.input_tokens + tokens.output_tokens)} tokens`,
    ...(unknown === 0 ? [] : [`the cost of ${unknown === 1 ? '1 run' : `${unknown} runs`} is not known`]),
  ].join(', ');
}

function isStatus(text: string): text is ThreadStatus {
  return Object.hasOwn(threadStatusWords, text);
}
