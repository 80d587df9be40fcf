import type {
  CredentialsSpec,
  EnvEntry,
  McpServerSpec,
  MountSpec,
  RepoSpec,
  SkillSpec,
  WorkspaceSpec,
} from '../projectSpec.js';
import type { CanonicalObject } from './canonicalValue.js';
import { filled, nonDefault } from './canonicalValue.js';

export function canonicalEnv(entry: EnvEntry): CanonicalObject {
  return entry.secret
    ? { name: entry.name, value: entry.template, secret: true }
    : { name: entry.name, value: entry.value };
}

export function canonicalWorkspace(workspace: WorkspaceSpec): CanonicalObject {
  switch (workspace.provider) {
    case 'worktree':
    case 'shared':
      return filled({
        provider: workspace.provider,
        base: workspace.provider === 'worktree' ? workspace.base : undefined,
        fetch: workspace.provider === 'worktree' ? workspace.fetch : undefined,
        branch_prefix: workspace.provider === 'worktree' ? workspace.branchPrefix : undefined,
        repos: workspace.provider === 'worktree' ? workspace.repos?.map(canonicalRepo) : undefined,
        files: workspace.files,
        setup: workspace.setup,
        teardown: workspace.teardown,
        ports: workspace.ports,
      });
    case 'thread':
      return { provider: workspace.provider, access: workspace.access };
    case 'file':
      return filled({
        name: workspace.name,
        provider: workspace.provider,
        path: workspace.path,
        target: nonDefault(workspace.target, '.'),
      });
    case 'git':
      return filled({
        name: workspace.name,
        provider: workspace.provider,
        url: workspace.url,
        ref: workspace.ref,
        target: nonDefault(workspace.target, '.'),
        ...canonicalCredentials(workspace.credentials),
      });
  }
}

function canonicalRepo({ path, name, base, target, verify }: RepoSpec): CanonicalObject {
  return filled({ path, as: name, base, target, verify });
}

export function canonicalCredentials(credentials: CredentialsSpec): CanonicalObject {
  return filled({ username: credentials.username, password: credentials.password, token: credentials.token });
}

export function canonicalMcpServer(server: McpServerSpec): CanonicalObject {
  switch (server.type) {
    case 'local':
      return filled({
        name: server.name,
        type: server.type,
        command: server.command,
        args: server.args,
        env: server.env.map(canonicalEnv),
      });
    case 'remote':
      return filled({
        name: server.name,
        type: server.type,
        transport: server.transport,
        url: server.url,
        headers: server.headers.map(canonicalEnv),
      });
  }
}

export function canonicalSkill(skill: SkillSpec): CanonicalObject {
  return filled({
    name: skill.name,
    provider: skill.provider,
    url: skill.url,
    path: skill.path,
    ref: skill.ref,
    format: skill.format,
    ...canonicalCredentials(skill.credentials),
  });
}

export function canonicalMount(mount: MountSpec): CanonicalObject {
  return filled({
    type: mount.type,
    source: mount.source,
    target: mount.target,
    read_only: nonDefault(mount.readOnly, false),
  });
}
