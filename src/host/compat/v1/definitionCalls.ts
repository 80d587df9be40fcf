import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  AgentAvailabilityStatus,
  AgentCurrentRunStatus,
  AgentDefinitionSchema,
  AgentDefinitionService,
  AgentHealthStatus,
  AgentWorkFilesSource,
  type AgentDefinition,
} from '../../../protocol/gen/agentcompose/v1/definitions_pb.js';
import type { Agent, Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import { invalid, notFound, notYet, partly } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { collected, said } from '../v2/dispatched.js';
import { described, findThread } from '../v2/findThread.js';
import { pageOf, sessionOf, textOf } from './shapes.js';

interface Defined {
  readonly project: Project;
  readonly agent: Agent;
}

/** `agentcompose.v1.AgentDefinitionService`: agents are defined in compose files, and by nothing else. */
export function definitionCalls(ours: OurCalls): Partial<ServiceImpl<typeof AgentDefinitionService>> {
  const found = async (agentId: string): Promise<Defined> => {
    const one = (await allAgents(ours)).find(each => idOf(each) === agentId);
    if (one) return one;
    throw notFound(`agent ${JSON.stringify(agentId)}`);
  };
  return partly(
    AgentDefinitionService,
    {
      async listAgentDefinitions({ query, ...request }) {
        const wanted = (await allAgents(ours)).filter(({ agent }) => agent.name.includes(query)).map(definitionOf);
        const { page: agents, ...rest } = pageOf(wanted, request);
        return { agents, ...rest };
      },

      getAgentDefinition: async ({ agentId }) => ({ agent: definitionOf(await found(agentId)) }),

      async validateAgentDefinition({ agentId }) {
        if (agentId === '') throw invalid('Only an agent of an applied compose file can be validated: name it.');
        const { agent } = await found(agentId);
        return { ...stateOf(agent), errors: agent.problem === '' ? [] : [agent.problem] };
      },

      async createAgentSession({ agentId, title, envItems, workspaceId, driver, guestImage }, { signal }) {
        if (workspaceId !== '' || driver !== '' || guestImage !== '')
          throw notYet('A workspace, driver or image of a session', 'They are those of the agent in the compose file.');
        const { project, agent } = await found(agentId);
        // A worktree is made for what runs in it: a command that does nothing.
        const { threadId, runId } = await ours.threads.dispatch({
          project: project.id,
          agent: agent.name,
          prompt: ':',
          command: true,
          summary: title || `Session of ${agent.name}`,
          environment: Object.fromEntries(envItems.map(({ name, value }) => [name, value])),
        });
        await collected(said(ours, { runId, threadId, signal }));
        return { session: { summary: sessionOf(await described(ours, await findThread(ours, threadId))) } };
      },
    },
    'Agents are defined in a compose file: change it and apply it.',
  );
}

async function allAgents({ projects }: OurCalls): Promise<readonly Defined[]> {
  const all = await projects.listProjects({});
  return all.projects.flatMap(project => project.agents.map(agent => ({ project, agent })));
}

function idOf({ project, agent }: Defined): string {
  return `${project.id}/${agent.name}`;
}

function stateOf({ problem }: Agent) {
  return problem === ''
    ? { availabilityStatus: AgentAvailabilityStatus.AVAILABLE, healthStatus: AgentHealthStatus.HEALTHY }
    : { availabilityStatus: AgentAvailabilityStatus.UNAVAILABLE, healthStatus: AgentHealthStatus.AT_RISK };
}

function definitionOf({ project, agent }: Defined): AgentDefinition {
  const isBusy = agent.active > 0;
  return create(AgentDefinitionSchema, {
    agentId: idOf({ project, agent }),
    name: agent.name,
    description: agent.description,
    enabled: true,
    provider: agent.provider,
    model: agent.model,
    driver: agent.driver,
    guestImage: agent.image,
    workFiles: {
      source: AgentWorkFilesSource.GIT_WORKSPACE,
      workspaceName: project.name,
      workspaceType: agent.workspace,
      summary: project.folder,
    },
    ...stateOf(agent),
    currentRunSummary: {
      status: isBusy ? AgentCurrentRunStatus.HAS_RUNNING_SESSION : AgentCurrentRunStatus.IDLE,
      runningSessionCount: agent.active,
    },
    createdAt: textOf(project.appliedAt),
    updatedAt: textOf(project.appliedAt),
  });
}
