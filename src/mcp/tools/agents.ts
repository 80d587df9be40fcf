import { z } from 'zod';
import { AppError } from '../../base/errors.js';
import { productVersion } from '../../protocol/productVersion.js';
import type { Agent, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { optionalText, time } from '../fields.js';
import { defineTool } from '../tool.js';
import { threadWord } from '../words.js';

export const sessionInfo = defineTool({
  name: 'orch_session_info',
  title: 'This server and its host',
  description: 'Which Muster this is, where its state is and what it runs.',
  input: z.object({}),
  output: z.object({
    server: z.string(),
    version: z.string(),
    agent_count: z.number(),
    state_dir: z.string(),
    host_pid: z.number(),
    host_version: z.string(),
  }),
  reads: true,
  run: async ({ ask, live, signal }) => {
    const status = await ask(({ host }) => host.getStatus({}, { signal }));
    return {
      server: 'muster',
      version: productVersion,
      agent_count: agentsOf(live.projects.values()).length,
      state_dir: status.stateDir,
      host_pid: status.pid,
      host_version: status.version,
    };
  },
});

const agentShape = z.object({
  alias: z.string(),
  project: z.string(),
  backend: z.string(),
  model: z.string().optional(),
  driver: z.string(),
  permissions: z.string(),
  max_concurrent: z.number().optional(),
  active: z.number(),
  queued: z.number(),
  available: z.number().describe('Executions that could start now; 0 when something is wrong with it.'),
  timeout_secs: z.number().optional(),
  handoff_to: z.array(z.string()).optional(),
  max_chain_depth: z.number().optional(),
  await_chain_recommended: z.boolean(),
  problem: z.string().optional(),
});

export const listAgents = defineTool({
  name: 'orch_list_agents',
  title: 'Agents',
  description: 'Every agent of every applied project, what it is busy with and what keeps it from working.',
  input: z.object({}),
  output: z.object({
    agents: z.array(agentShape),
    global_max_concurrent: z.number(),
    global_active: z.number(),
    global_available: z.number(),
    global_queued: z.number(),
  }),
  reads: true,
  run: async ({ ask, live, signal }) => {
    const status = await ask(({ host }) => host.getStatus({}, { signal }));
    const free = Math.max(0, status.runLimit - status.activeRuns);
    return {
      agents: agentsOf(live.projects.values()).map(({ agent, project }) => ({
        alias: agent.name,
        project: project.name,
        backend: agent.provider,
        ...(agent.model === '' ? {} : { model: agent.model }),
        driver: agent.driver,
        permissions: agent.permissions,
        ...(agent.concurrency > 0 ? { max_concurrent: agent.concurrency } : {}),
        active: agent.active,
        queued: agent.queued,
        available: isAvailable(agent, project) ? Math.min(free, placesOf(agent)) : 0,
        ...(agent.timeoutS > 0 ? { timeout_secs: agent.timeoutS } : {}),
        await_chain_recommended: agent.handoffTo.length > 0,
        ...(agent.handoffTo.length === 0 ? {} : { handoff_to: agent.handoffTo, max_chain_depth: agent.handoffDepth }),
        ...(agent.problem === '' ? {} : { problem: agent.problem }),
      })),
      global_max_concurrent: status.runLimit,
      global_active: status.activeRuns,
      global_available: free,
      global_queued: status.queuedRuns,
    };
  },
});

export const health = defineTool({
  name: 'orch_health',
  title: 'Whether agents can work',
  description: 'The host, and for each agent whether its CLI is there and what is wrong if not. Spends no tokens.',
  input: z.object({ alias: optionalText('Only this agent.') }),
  output: z.object({
    worker_heartbeat: z.object({
      worker_id: z.string(),
      last_beat_at: z.string(),
      started_at: z.string().nullable(),
      version: z.string(),
    }),
    queue_depth: z.number(),
    agents: z.array(
      z.object({
        alias: z.string(),
        project: z.string(),
        backend: z.string(),
        ping_alive: z.boolean(),
        ping_detail: z.string(),
        circuit_state: z.string(),
        circuit_failures: z.number(),
      }),
    ),
  }),
  reads: true,
  run: async (context, input) => {
    const { ask, live, signal } = context;
    const status = await ask(({ host }) => host.getStatus({}, { signal }));
    const all = agentsOf(live.projects.values());
    const chosen = input.alias === undefined ? all : all.filter(({ agent }) => agent.name === input.alias);
    if (input.alias !== undefined && chosen.length === 0) throw unknownAgent(input.alias, all);
    return {
      worker_heartbeat: {
        worker_id: `host-${status.pid}`,
        // It has just answered.
        last_beat_at: new Date().toISOString(),
        started_at: time(status.startedAt),
        version: status.version,
      },
      queue_depth: status.queuedRuns,
      agents: chosen.map(({ agent, project }) => ({
        alias: agent.name,
        project: project.name,
        backend: agent.provider,
        ping_alive: isAvailable(agent, project),
        circuit_state: agent.circuit || 'closed',
        circuit_failures: agent.circuitFailures,
        ping_detail: agent.problem || (project.consented ? 'ready' : consentMissing(project)),
      })),
    };
  },
});

export const metrics = defineTool({
  name: 'orch_metrics',
  title: 'Counts and cost',
  description: 'How many threads are in which state, what waits, and what every execution together has cost.',
  input: z.object({}),
  output: z.object({
    thread_counts: z.array(z.tuple([z.string(), z.number()])),
    total_messages: z.number(),
    queue_depth: z.number(),
    active_by_agent: z.array(z.tuple([z.string(), z.number()])),
    cost: z.object({
      total_cost_usd: z.number(),
      total_tokens_in: z.number(),
      total_tokens_out: z.number(),
      total_cache_read_tokens: z.number(),
      total_cache_write_tokens: z.number(),
      executions_with_cost: z.number(),
    }),
  }),
  reads: true,
  run: async context => {
    const { ask, live, signal } = context;
    const status = await ask(({ host }) => host.getStatus({}, { signal }));
    const { outcomes, messages } = await ask(({ threads }) => threads.countThreads({}, { signal }));
    const { usage } = await ask(({ runs }) => runs.listUsage({ by: [] }, { signal }));
    const [spent] = usage;
    return {
      thread_counts: outcomes.map((each): [string, number] => [threadWord(each), each.threads]),
      total_messages: messages,
      queue_depth: status.queuedRuns,
      active_by_agent: activeByAgent(live.projects.values()),
      cost: {
        total_cost_usd: spent?.costUsd ?? 0,
        total_tokens_in: Number(spent?.inputTokens ?? 0n),
        total_tokens_out: Number(spent?.outputTokens ?? 0n),
        total_cache_read_tokens: Number(spent?.cacheReadTokens ?? 0n),
        total_cache_write_tokens: Number(spent?.cacheWriteTokens ?? 0n),
        executions_with_cost: spent?.priced ?? 0,
      },
    };
  },
});

interface NamedAgent {
  readonly agent: Agent;
  readonly project: Project;
}

function agentsOf(projects: Iterable<Project>): readonly NamedAgent[] {
  return [...projects].flatMap(project => project.agents.map(agent => ({ agent, project })));
}

function activeByAgent(projects: Iterable<Project>): [string, number][] {
  return agentsOf(projects)
    .filter(({ agent }) => agent.active > 0)
    .map(({ agent }) => [agent.name, agent.active]);
}

function placesOf({ concurrency, active }: Agent): number {
  return concurrency > 0 ? Math.max(0, concurrency - active) : Infinity;
}

function isAvailable(agent: Agent, project: Project): boolean {
  return agent.problem === '' && project.consented;
}

function consentMissing({ file }: Project): string {
  return `waits for a person's consent: run \`muster up\` for ${file}`;
}

function unknownAgent(alias: string, all: readonly NamedAgent[]): AppError<'agent.unknown'> {
  const known = all.map(({ agent }) => agent.name);
  return new AppError(
    'agent.unknown',
    `There is no agent ${JSON.stringify(alias)}. Known agents: ${known.join(', ') || 'none'}.`,
    { agent: alias, known },
  );
}
