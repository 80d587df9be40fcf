import { formatDuration } from '../duration.js';
import type {
  HookSpec,
  NamedWorkspaceSpec,
  OctobusServerSpec,
  ProjectSpec,
  ProviderSpec,
  VolumeSpec,
} from '../projectSpec.js';
import { canonicalAgent } from './canonicalAgent.js';
import { canonicalEnv, canonicalMcpServer, canonicalWorkspace } from './canonicalParts.js';
import type { CanonicalObject } from './canonicalValue.js';
import { filled, nonDefault } from './canonicalValue.js';

/**
 * The spec in the words of the file: snake_case, lists sorted by name, fields at their default left out, so that
 * equal meaning gives equal output. Key order is part of the form.
 */
export function canonicalProject(spec: ProjectSpec): CanonicalObject {
  return filled({
    name: spec.name,
    variables: spec.variables.map(canonicalEnv),
    providers: spec.providers.map(canonicalProvider),
    agents: spec.agents.map(canonicalAgent),
    limits: filled({
      concurrency: spec.limits.concurrency,
      queued: spec.limits.queued,
      usd_per_day: spec.limits.usdPerDay,
      tokens_per_day: spec.limits.tokensPerDay,
    }),
    merge: filled({
      target: spec.merge.target,
      strategy: nonDefault(spec.merge.strategy, 'merge'),
      verify: spec.merge.verify,
      batch: nonDefault(spec.merge.batch, 1),
      auto: spec.merge.auto,
      push: spec.merge.push,
      remove_worktree: spec.merge.removeWorktree,
    }),
    hooks: spec.hooks.map(canonicalHook),
    workspaces: spec.workspaces.map(canonicalNamedWorkspace),
    mcp_servers: spec.mcpServers.map(canonicalMcpServer),
    octobus_servers: spec.octobusServers.map(canonicalOctobusServer),
    volumes: spec.volumes.map(canonicalVolume),
    network: { mode: spec.network.mode },
  });
}

export function canonicalProvider(provider: ProviderSpec): CanonicalObject {
  return filled({
    name: provider.name,
    command: provider.command,
    args: provider.args,
    env: provider.env.map(canonicalEnv),
    input: provider.input,
    output: filled({
      format: provider.output.format,
      result: provider.output.result,
      conversation: provider.output.conversation,
    }),
    permissions: provider.permissions,
    models: provider.models,
  });
}

export function canonicalHook(hook: HookSpec): CanonicalObject {
  return filled({
    event: hook.event,
    command: hook.command,
    args: hook.args,
    timeout: formatDuration(hook.timeoutMs),
    env: hook.env.map(canonicalEnv),
    filter: hook.filter.map(({ name, value }) => ({ name, value })),
  });
}

function canonicalNamedWorkspace({ key, ...workspace }: NamedWorkspaceSpec): CanonicalObject {
  return { key, ...canonicalWorkspace(workspace) };
}

function canonicalOctobusServer(server: OctobusServerSpec): CanonicalObject {
  return filled({ name: server.name, url: server.url, token: server.token });
}

function canonicalVolume(volume: VolumeSpec): CanonicalObject {
  return filled({
    key: volume.key,
    name: volume.name,
    driver: volume.driver,
    external: nonDefault(volume.external, false),
    labels: volume.labels.map(({ name, value }) => ({ name, value })),
    options: volume.options.map(({ name, value }) => ({ name, value })),
  });
}
