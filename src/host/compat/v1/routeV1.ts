import type { ConnectRouter } from '@connectrpc/connect';
import { AgentService } from '../../../protocol/gen/agentcompose/v1/agents_pb.js';
import { CapabilityService } from '../../../protocol/gen/agentcompose/v1/capabilities_pb.js';
import { ConfigService } from '../../../protocol/gen/agentcompose/v1/config_pb.js';
import { DashboardService } from '../../../protocol/gen/agentcompose/v1/dashboard_pb.js';
import { AgentDefinitionService } from '../../../protocol/gen/agentcompose/v1/definitions_pb.js';
import { KernelService } from '../../../protocol/gen/agentcompose/v1/kernels_pb.js';
import { LLMService } from '../../../protocol/gen/agentcompose/v1/llm_pb.js';
import { LoaderService } from '../../../protocol/gen/agentcompose/v1/loaders_pb.js';
import { SessionService } from '../../../protocol/gen/agentcompose/v1/sessions_pb.js';
import { notFound } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { overviewOf, overviews, type Overview } from '../v2/overviewCalls.js';
import { generated } from '../v2/llmCalls.js';
import { agentCalls } from './agentCalls.js';
import { configCalls } from './configCalls.js';
import { definitionCalls } from './definitionCalls.js';
import { kernelCalls } from './kernelCalls.js';
import { loaderCalls } from './loaderCalls.js';
import { sessionCalls } from './sessionCalls.js';
import { text } from './shapes.js';

/** The older generation of agent-compose's API, as far as it is another one than the newer. */
export function routeV1(router: ConnectRouter, ours: OurCalls): void {
  router.service(SessionService, sessionCalls(ours));
  router.service(KernelService, kernelCalls(ours));
  router.service(AgentService, agentCalls(ours));
  router.service(AgentDefinitionService, definitionCalls(ours));
  router.service(LoaderService, loaderCalls(ours));
  router.service(LLMService, { generate: async (request, { signal }) => await generated(ours, request, signal) });
  router.service(ConfigService, configCalls(ours));
  router.service(DashboardService, {
    getDashboardOverview: async () => ({ overview: older(await overviewOf(ours)) }),
    async *watchDashboardOverview(_, { signal }) {
      for await (const { overview, reason } of overviews(ours, signal)) yield { overview: older(overview), reason };
    },
  });
  router.service(CapabilityService, {
    getCapabilityStatus: () => ({ configured: false, ok: false, status: 'not_configured' }),
    listCapabilitySets: () => ({}),
    getCapabilityCatalog: ({ capsetId }) => {
      throw notFound(`capability set ${JSON.stringify(capsetId)}`);
    },
  });
}

function older({ runs, updatedAt }: Overview) {
  return { runs, updatedAt: text(updatedAt) };
}
