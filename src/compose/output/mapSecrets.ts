import type {
  AgentSpec,
  CredentialsSpec,
  EnvEntry,
  FetchedScriptSpec,
  McpServerSpec,
  NamedWorkspaceSpec,
  ProjectSpec,
  SchedulerSpec,
  WorkspaceSpec,
} from '../projectSpec.js';
import { referencedNames } from '../normalize/interpolate.js';

type MapText = (text: string) => string;

/** The spec with each secret text replaced; everything else is the same. */
export function mapSecrets(spec: ProjectSpec, map: MapText): ProjectSpec {
  return {
    ...spec,
    variables: mapEnv(spec.variables, map),
    providers: spec.providers.map(provider => ({ ...provider, env: mapEnv(provider.env, map) })),
    agents: spec.agents.map(agent => mapAgent(agent, map)),
    hooks: spec.hooks.map(hook => ({ ...hook, env: mapEnv(hook.env, map) })),
    workspaces: spec.workspaces.map(({ key, ...workspace }): NamedWorkspaceSpec => ({
      key,
      ...mapWorkspace(workspace, map),
    })),
    mcpServers: spec.mcpServers.map(server => mapServer(server, map)),
    octobusServers: spec.octobusServers.map(server => ({ ...server, token: mapOptional(server.token, map) })),
  };
}

function mapAgent(agent: AgentSpec, map: MapText): AgentSpec {
  return {
    ...agent,
    env: mapEnv(agent.env, map),
    workspace: mapWorkspace(agent.workspace, map),
    mcpServers: agent.mcpServers.map(server => mapServer(server, map)),
    skills: agent.skills.map(skill => ({ ...skill, credentials: mapCredentials(skill.credentials, map) })),
    scheduler: agent.scheduler && mapScheduler(agent.scheduler, map),
  };
}

function mapEnv(entries: readonly EnvEntry[], map: MapText): readonly EnvEntry[] {
  return entries.map(entry => (entry.secret ? { ...entry, template: map(entry.template) } : entry));
}

function mapWorkspace(workspace: WorkspaceSpec, map: MapText): WorkspaceSpec {
  return workspace.provider === 'git'
    ? { ...workspace, credentials: mapCredentials(workspace.credentials, map) }
    : workspace;
}

function mapServer(server: McpServerSpec, map: MapText): McpServerSpec {
  return server.type === 'local'
    ? { ...server, env: mapEnv(server.env, map) }
    : { ...server, headers: mapEnv(server.headers, map) };
}

function mapScheduler(scheduler: SchedulerSpec, map: MapText): SchedulerSpec {
  const { script, registered } = scheduler;
  const isFetched = script?.provider === 'http' || script?.provider === 'git';
  return {
    ...scheduler,
    ...(isFetched ? { script: mapSource(script, map) } : {}),
    ...(registered?.source ? { registered: { ...registered, source: mapSource(registered.source, map) } } : {}),
  };
}

function mapSource(source: FetchedScriptSpec, map: MapText): FetchedScriptSpec {
  return { ...source, credentials: mapCredentials(source.credentials, map) };
}

function mapCredentials(credentials: CredentialsSpec, map: MapText): CredentialsSpec {
  return {
    // A name that stands in the file is none; one that comes from a variable is often a token.
    username: hasReference(credentials.username) ? mapOptional(credentials.username, map) : credentials.username,
    password: mapOptional(credentials.password, map),
    token: mapOptional(credentials.token, map),
  };
}

function hasReference(text: string | undefined): boolean {
  return text !== undefined && referencedNames(text).length > 0;
}

function mapOptional(text: string | undefined, map: MapText): string | undefined {
  return text === undefined ? undefined : map(text);
}
