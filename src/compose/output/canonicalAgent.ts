import { formatDuration } from '../duration.js';
import { canonicalDriver } from './canonicalDriver.js';
import type {
  AgentSpec,
  BudgetSpec,
  BuildSpec,
  ResourcesSpec,
  SchedulerSpec,
  ScriptSpec,
  TriggerSpec,
} from '../projectSpec.js';
import {
  canonicalCredentials,
  canonicalEnv,
  canonicalMcpServer,
  canonicalMount,
  canonicalSkill,
  canonicalWorkspace,
} from './canonicalParts.js';
import type { CanonicalObject, CanonicalValue } from './canonicalValue.js';
import { filled, nonDefault } from './canonicalValue.js';

export function canonicalAgent(agent: AgentSpec): CanonicalObject {
  const { handoff, retries, budget, llm, resources, scheduler, build } = agent;
  return filled({
    name: agent.name,
    enabled: nonDefault(agent.enabled, true),
    display_name: agent.displayName,
    description: agent.description,
    provider: agent.provider,
    model: agent.model,
    system_prompt: agent.systemPrompt,
    image: agent.image,
    build: build && canonicalBuild(build),
    driver: { name: agent.driver.name, [agent.driver.name]: canonicalDriver(agent.driver) },
    env: agent.env.map(canonicalEnv),
    args: agent.args,
    permissions: agent.permissions,
    may_dispatch: agent.mayDispatch,
    timeout: agent.timeoutMs === undefined ? undefined : formatDuration(agent.timeoutMs),
    stall_timeout: agent.stallTimeoutMs === undefined ? undefined : formatDuration(agent.stallTimeoutMs),
    concurrency: agent.concurrency,
    capset_ids: agent.capsetIds,
    workspace: canonicalWorkspace(agent.workspace),
    handoff:
      handoff &&
      filled({
        on_response: handoff.onResponse.length === 0 ? undefined : handoff.onResponse,
        on_failure: handoff.onFailure,
        prompt: handoff.prompt,
        max_depth: handoff.maxDepth,
        join: handoff.join,
      }),
    retries: retries && { max: retries.max, backoff: formatDuration(retries.backoffMs) },
    budget: budget && canonicalBudget(budget),
    llm: llm && { via: 'facade', ...filled({ upstream: llm.upstream, models: llm.models }) },
    resources: resources && canonicalResources(resources),
    mcp_servers: agent.mcpServers.map(canonicalMcpServer),
    skills: agent.skills.map(canonicalSkill),
    volumes: agent.volumes.map(canonicalMount),
    sandbox: filled({
      stopped_runtime_policy: nonDefault(agent.sandbox.stoppedRuntimePolicy, 'remove'),
      process: agent.sandbox.process,
      network: agent.sandbox.network,
      pull: nonDefault(agent.sandbox.pull ?? 'missing', 'missing'),
    }),
    jupyter: filled({
      enabled: nonDefault(agent.jupyter.enabled, false),
      guest_port: nonDefault(agent.jupyter.guestPort, 0),
    }),
    scheduler: scheduler && canonicalScheduler(scheduler),
  });
}

function canonicalResources({ cpus, memoryBytes, pids, diskBytes }: ResourcesSpec): CanonicalObject {
  return filled({ cpus, memory: memoryBytes, pids, disk: diskBytes });
}

function canonicalBudget(budget: BudgetSpec): CanonicalObject {
  return filled({
    usd: budget.usd,
    tokens: budget.tokens,
    usd_per_run: budget.usdPerRun,
    tokens_per_run: budget.tokensPerRun,
    usd_per_day: budget.usdPerDay,
    tokens_per_day: budget.tokensPerDay,
  });
}

function canonicalBuild(build: BuildSpec): CanonicalObject {
  return filled({
    context: build.context,
    dockerfile: build.dockerfile,
    target: build.target,
    args: build.args.map(({ name, value }) => ({ name, value })),
    platforms: build.platforms,
    tags: build.tags,
    no_cache: nonDefault(build.noCache, false),
    pull: nonDefault(build.pull, false),
  });
}

export function canonicalScheduler(scheduler: SchedulerSpec): CanonicalObject {
  return filled({
    enabled: scheduler.enabled,
    display_name: scheduler.displayName,
    description: scheduler.description,
    sandbox_policy: nonDefault(scheduler.sandboxPolicy, 'new'),
    concurrency_policy: nonDefault(scheduler.concurrencyPolicy, 'skip'),
    overlap: scheduler.overlap,
    misfire: scheduler.misfire,
    script: scheduler.script && canonicalScript(scheduler.script),
    triggers: scheduler.triggers.map(canonicalTrigger),
  });
}

function canonicalScript(script: ScriptSpec): CanonicalValue {
  switch (script.provider) {
    case 'inline':
      return script.text;
    case 'file':
      return { provider: script.provider, path: script.path };
    case 'http':
      return { provider: script.provider, url: script.url, ...canonicalCredentials(script.credentials) };
    case 'git':
      return filled({
        provider: script.provider,
        url: script.url,
        path: script.path,
        ref: script.ref,
        ...canonicalCredentials(script.credentials),
      });
  }
}

function canonicalEvent({ topic, where }: TriggerSpec & { readonly kind: 'event' }): CanonicalObject {
  const conditions = (where ?? []).map(({ path, values }) => [path, [...values]] as const);
  return filled({ topic, where: conditions.length > 0 ? Object.fromEntries(conditions) : undefined });
}

export function canonicalTrigger(trigger: TriggerSpec): CanonicalObject {
  return filled({
    name: trigger.name,
    kind: trigger.kind,
    cron: trigger.kind === 'cron' ? trigger.cron : undefined,
    timezone: trigger.kind === 'cron' ? trigger.timezone : undefined,
    interval: trigger.kind === 'interval' ? formatDuration(trigger.intervalMs) : undefined,
    timeout: trigger.kind === 'timeout' ? formatDuration(trigger.timeoutMs) : undefined,
    event: trigger.kind === 'event' ? canonicalEvent(trigger) : undefined,
    prompt: trigger.prompt,
    sandbox_policy: trigger.sandboxPolicy,
    overlap: trigger.overlap,
    misfire: trigger.misfire,
    jitter: trigger.jitterMs === undefined ? undefined : formatDuration(trigger.jitterMs),
    max_runs: trigger.maxRuns,
    until: trigger.until,
  });
}
