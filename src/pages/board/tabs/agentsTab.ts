import { sumKnown } from '../../../protocol/displayFormat.js';
import type { Agent, Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { Usage } from '../../../protocol/gen/muster/v1/runs_pb.js';
import type { AgentCard, AgentsTab, DayCost, UsageView } from '../../../protocol/webview/boardTabs/agentsTab.js';
import { projectNameOf, projectNames } from '../../../protocol/projectNames.js';
import { toAgentView } from '../../../protocol/webview/threadView.js';
import { asNumber, cut, defined } from '../../../protocol/webview/viewFields.js';
import type { TabServices } from '../boardServices.js';
import type { BoardTabSource } from '../boardTabSource.js';

const dayMs = 24 * 60 * 60_000;
/** How many days the costs go back, today among them. */
const shownDays = 14;
const sumsAtMost = 1000;

/** Agents with their health, and what they cost by day. */
export function agentsTab({ live, client, onAgent }: TabServices): BoardTabSource {
  return {
    async read(signal) {
      const now = new Date();
      const midnight = new Date(now).setHours(0, 0, 0, 0);
      const { runs } = await client(signal);
      const { usage } = await runs.listUsage(
        {
          by: ['project', 'agent', 'day'],
          from: BigInt(midnight - (shownDays - 1) * dayMs),
          utcOffsetMinutes: -now.getTimezoneOffset(),
          limit: sumsAtMost,
        },
        { signal },
      );
      return agentsContent({ projects: live.projects(), usage, days: lastDays(midnight) });
    },
    async act(action) {
      if (action.tab === 'agents') await onAgent(action.action.kind, action.action);
    },
  };
}

/** What the tab shows; `days` are all that it has, oldest first. */
export function agentsContent(options: {
  readonly projects: readonly Project[];
  readonly usage: readonly Usage[];
  readonly days: readonly string[];
}): AgentsTab {
  const projects = options.projects.filter(({ removed }) => !removed);
  const names = projectNames(projects);
  const usage = options.usage.filter(({ projectId }) => names.has(projectId));
  const today = options.days.at(-1);
  const cards = projects.flatMap(project =>
    project.agents.map(agent => {
      const own = usage.filter(sum => sum.projectId === project.id && sum.agent === agent.name);
      const projectName = names.get(project.id) ?? project.name;
      return card({ project, projectName, agent, today: own.filter(({ day }) => day === today), lately: own });
    }),
  );
  const nameOf = (sum: Usage): string =>
    cut(projects.length > 1 ? `${projectNameOf(sum, names)}/${sum.agent}` : sum.agent);
  return { tab: 'agents', agents: cards, days: options.days.map(day => dayCost(day, usage, nameOf)) };
}

function dayCost(day: string, usage: readonly Usage[], nameOf: (sum: Usage) => string): DayCost {
  const costs = usage
    .filter(sum => sum.day === day)
    .map(sum => ({ agent: nameOf(sum), costUsd: sum.costUsd ?? 0 }))
    .filter(({ costUsd }) => costUsd > 0);
  return { day, costs: costs.toSorted((a, b) => (a.agent < b.agent ? -1 : 1)) };
}

function card(options: {
  readonly project: Project;
  readonly projectName: string;
  readonly agent: Agent;
  readonly today: readonly Usage[];
  readonly lately: readonly Usage[];
}): AgentCard {
  const { project, projectName, agent, today, lately } = options;
  return {
    ...toAgentView(agent),
    projectId: project.id,
    projectName: cut(projectName),
    driver: cut(agent.driver),
    permissions: agent.permissions,
    circuit: agent.circuit === '' ? 'closed' : agent.circuit,
    failuresInARow: agent.circuitFailures,
    handoffTo: agent.handoffTo.map(cut),
    triggers: agent.triggerCount,
    today: usageView(today),
    lately: usageView(lately),
  };
}

function usageView(sums: readonly Usage[]): UsageView {
  const total = (amount: (sum: Usage) => number | undefined): number | undefined => sumKnown(...sums.map(amount));
  return {
    runs: total(({ runs }) => runs) ?? 0,
    failed: total(({ failed }) => failed) ?? 0,
    ...defined(
      'costUsd',
      total(({ costUsd }) => costUsd),
    ),
    ...defined(
      'inputTokens',
      total(({ inputTokens }) => asNumber(inputTokens)),
    ),
    ...defined(
      'outputTokens',
      total(({ outputTokens }) => asNumber(outputTokens)),
    ),
    ...defined(
      'cacheReadTokens',
      total(({ cacheReadTokens }) => asNumber(cacheReadTokens)),
    ),
    ...defined(
      'cacheWriteTokens',
      total(({ cacheWriteTokens }) => asNumber(cacheWriteTokens)),
    ),
  };
}

/** The days up to that midnight as `2026-11-26`; noon, so that a change of the clocks does not count one twice. */
function lastDays(midnight: number): readonly string[] {
  return Array.from({ length: shownDays }, (_, i) => {
    const noon = new Date(midnight - (shownDays - 1 - i) * dayMs + dayMs / 2);
    const two = (value: number): string => String(value).padStart(2, '0');
    return `${noon.getFullYear()}-${two(noon.getMonth() + 1)}-${two(noon.getDate())}`;
  });
}
