import type { ConnectRouter, Interceptor } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import type { Scope } from '../../core/access/accessToken.js';
import type { Log } from '../../base/log.js';
import { CacheService } from '../../protocol/gen/agentcompose/v2/caches_pb.js';
import { CapabilityService } from '../../protocol/gen/agentcompose/v2/capabilities_pb.js';
import { DashboardService } from '../../protocol/gen/agentcompose/v2/dashboard_pb.js';
import { ExecService } from '../../protocol/gen/agentcompose/v2/exec_pb.js';
import { ImageService } from '../../protocol/gen/agentcompose/v2/images_pb.js';
import { LLMService } from '../../protocol/gen/agentcompose/v2/llm_pb.js';
import { ProjectService } from '../../protocol/gen/agentcompose/v2/projects_pb.js';
import { ResourceService } from '../../protocol/gen/agentcompose/v2/resources_pb.js';
import { RunService } from '../../protocol/gen/agentcompose/v2/runs_pb.js';
import { SandboxService } from '../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { SettingsService } from '../../protocol/gen/agentcompose/v2/settings_pb.js';
import { VolumeService } from '../../protocol/gen/agentcompose/v2/volumes_pb.js';
import { ServerReflection } from '../../protocol/gen/grpc/reflection/v1/reflection_pb.js';
import { HealthService } from '../../protocol/gen/health/v1/health_pb.js';
import type { RequestGate } from '../server/server.js';
import { createNodeHandler, type Handler } from '../server/nodeHandler.js';
import { healthCalls } from './healthCalls.js';
import type { OurCalls } from './ours.js';
import { reflectionCalls } from './reflectionCalls.js';
import { routeV1 } from './v1/routeV1.js';
import { cacheCalls } from './v2/cacheCalls.js';
import { capabilityCalls } from './v2/capabilityCalls.js';
import { execCalls } from './v2/execCalls.js';
import { dashboardCalls, resourceCalls } from './v2/overviewCalls.js';
import { imageCalls } from './v2/imageCalls.js';
import { llmCalls } from './v2/llmCalls.js';
import { projectCalls } from './v2/projectCalls.js';
import { runCalls } from './v2/runCalls.js';
import { settingsCalls } from './v2/settingsCalls.js';
import { sandboxCalls } from './v2/sandboxCalls.js';
import { volumeCalls } from './v2/volumeCalls.js';
import { answerVersion } from './versionRoute.js';
import { withWorkspaceFiles } from './workspaceRoutes.js';

export interface CompatOptions {
  readonly ours: OurCalls;
  /** Our own services, which tools ask about beside agent-compose's. */
  readonly own: (router: ConnectRouter) => void;
  readonly environment: () => Promise<Readonly<Record<string, string>>>;
  /** Whether whoever sends a request that is no call may do so much. */
  readonly admits: (request: Parameters<Handler>[0], scope: Scope) => boolean;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly interceptors: readonly Interceptor[];
  /** Refuses a call before its body is read. */
  readonly requestGate?: RequestGate;
  /** Aborted at shutdown: open streams end. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Answers agent-compose's clients: Connect, gRPC and gRPC-Web. Loaded when the first of them calls. Nothing here decides anything:
 * each call is put together from our own.
 */
export function createCompatHandler(options: CompatOptions): Handler {
  return createNodeHandler({
    routes(router) {
      const theirs = (each: ConnectRouter): void => route(each, options);
      theirs(router);
      router.service(ServerReflection, reflectionCalls(options.own, theirs));
    },
    log: options.log,
    interceptors: [...options.interceptors],
    ...defined({ requestGate: options.requestGate }),
    shutdownSignal: options.signal,
    readMaxBytes: 32 * 1024 * 1024,
    jsonOptions: { ignoreUnknownFields: true },
    fallback: withWorkspaceFiles(options, answerVersion),
  });
}

function route(router: ConnectRouter, { ours, environment, sleep }: CompatOptions): void {
  routeV1(router, ours);
  router.service(ProjectService, projectCalls({ ours, environment }));
  router.service(RunService, runCalls(ours));
  router.service(SandboxService, sandboxCalls(ours));
  router.service(ResourceService, resourceCalls(ours));
  router.service(DashboardService, dashboardCalls(ours));
  router.service(HealthService, healthCalls(ours, sleep));
  router.service(ImageService, imageCalls(ours, environment));
  router.service(CacheService, cacheCalls(ours, environment));
  router.service(VolumeService, volumeCalls(ours, environment));
  router.service(ExecService, execCalls(ours, sleep));
  router.service(LLMService, llmCalls(ours));
  router.service(SettingsService, settingsCalls(ours));
  router.service(CapabilityService, capabilityCalls());
}
