import type { ConnectRouter } from '@connectrpc/connect';
import type { DisposableStore } from '../base/lifecycle.js';
import { EventService } from '../protocol/gen/muster/v1/events_pb.js';
import { HostService } from '../protocol/gen/muster/v1/host_pb.js';
import { MergeService } from '../protocol/gen/muster/v1/merges_pb.js';
import { ProjectService } from '../protocol/gen/muster/v1/projects_pb.js';
import { ReviewService } from '../protocol/gen/muster/v1/reviews_pb.js';
import { RunService } from '../protocol/gen/muster/v1/runs_pb.js';
import { ScheduleService } from '../protocol/gen/muster/v1/schedules_pb.js';
import { ThreadService } from '../protocol/gen/muster/v1/threads_pb.js';
import { WorktreeService } from '../protocol/gen/muster/v1/worktrees_pb.js';
import { eventsApi } from './api/eventsApi.js';
import { hostApi, type HostFacts } from './api/hostApi.js';
import { mergesApi } from './api/mergesApi.js';
import { projectsApi } from './api/projectsApi.js';
import { reviewsApi } from './api/reviewsApi.js';
import { runsApi } from './api/runsApi.js';
import { schedulesApi } from './api/schedulesApi.js';
import { threadsApi } from './api/threadsApi.js';
import { worktreesApi } from './api/worktreesApi.js';
import { patiently, type HostCore } from './buildCore.js';
import type { HostEnd } from './hostEnd.js';
import type { ClientPresence } from './idleExit.js';
import { enforcePolicy } from './server/callPolicy.js';
import { describeEndpoint, publishEndpoint } from './server/endpointFile.js';
import { mapErrors, noteCalls, refuseWhenEnding, requireToken } from './server/interceptors.js';
import { listen } from './server/server.js';
import { stayReachable } from './server/stayReachable.js';

/** What the calls of a host need besides its core. */
export interface Serving {
  readonly facts: HostFacts;
  readonly presence: ClientPresence;
  readonly end: HostEnd;
}

/** Listens, and says in the endpoint file where. */
export async function serve(core: HostCore, serving: Serving, resources: DisposableStore): Promise<void> {
  const { log, redactor, clock } = core;
  const { facts, presence, end } = serving;
  const endpoint = describeEndpoint(facts.socket);
  const listening = resources.add(
    await listen({
      socket: facts.socket,
      routes: router => route(router, core, serving),
      signal: end.closing,
      interceptors: [
        noteCalls(presence),
        mapErrors(log, redactor),
        requireToken(endpoint.token),
        refuseWhenEnding(end.ending),
        enforcePolicy(core.store),
      ],
    }),
  );
  // Calls that are at work end first: they write to the store and their answers need the server.
  resources.add({ dispose: () => patiently(presence.whenQuiet(), clock) });
  const published = resources.add(publishEndpoint(core.directory.endpoint, endpoint));
  const renew = async (): Promise<'there' | 'renewed'> =>
    [await listening.renew(), published.renew()].includes('renewed') ? 'renewed' : 'there';
  resources.add(stayReachable({ files: [facts.socket, core.directory.endpoint], renew, log }));
}

function route(router: ConnectRouter, core: HostCore, { facts, presence, end }: Serving): void {
  const { sandbox, worktrees: driver } = core;
  router.service(ProjectService, projectsApi(core));
  router.service(ThreadService, threadsApi({ ...core, driver }));
  router.service(ReviewService, reviewsApi(core));
  router.service(
    RunService,
    runsApi({ ...core, output: sandbox.output, directoryOf: run => sandbox.directory.path(run) }),
  );
  router.service(MergeService, mergesApi(core));
  router.service(WorktreeService, worktreesApi({ ...core, driver }));
  router.service(ScheduleService, schedulesApi(core));
  router.service(EventService, eventsApi({ ...core, onWatch: () => presence.enter() }));
  router.service(
    HostService,
    hostApi({
      ...core,
      facts,
      clients: () => presence.clients,
      now: () => core.clock.now(),
      shutdown: reason => end.begin(reason),
    }),
  );
}
