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
import type { Agent } from '../../../protocol/gen/muster/v1/projects_pb.js';
import { invalid, notFound, notYet, partly } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { allAgents, openSession, type Defined } from './openSession.js';
import { pageOf, textOf } from './shapes.js';

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
        return await openSession(ours, await found(agentId), { title, envItems, signal });
      },
    },
    'Agents are defined in a compose file: change it and apply it.',
  );
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
