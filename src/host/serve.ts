import type { DescMethod } from '@bufbuild/protobuf';
import type { ConnectRouter, Interceptor } from '@connectrpc/connect';
import { defined } from '../base/defined.js';
import type { ThreadId } from '../base/ids.js';
import type { DisposableStore } from '../base/lifecycle.js';
import { includesScope, type Scope } from '../core/access/accessToken.js';
import { AccessService } from '../protocol/gen/muster/v1/access_pb.js';
import { requireAllowed } from '../core/access/caller.js';
import { EventService } from '../protocol/gen/muster/v1/events_pb.js';
import { HostService } from '../protocol/gen/muster/v1/host_pb.js';
import { ImageService } from '../protocol/gen/muster/v1/images_pb.js';
import { VolumeService } from '../protocol/gen/muster/v1/volumes_pb.js';
import { MergeService } from '../protocol/gen/muster/v1/merges_pb.js';
import { NotebookService } from '../protocol/gen/muster/v1/notebooks_pb.js';
import { ModelService } from '../protocol/gen/muster/v1/models_pb.js';
import { ProjectService } from '../protocol/gen/muster/v1/projects_pb.js';
import { ReviewService } from '../protocol/gen/muster/v1/reviews_pb.js';
import { QuestionService } from '../protocol/gen/muster/v1/questions_pb.js';
import { RunService } from '../protocol/gen/muster/v1/runs_pb.js';
import { ScheduleService } from '../protocol/gen/muster/v1/schedules_pb.js';
import { runHeader } from '../protocol/version.js';
import { ThreadService } from '../protocol/gen/muster/v1/threads_pb.js';
import { TopicService } from '../protocol/gen/muster/v1/topics_pb.js';
import { SandboxService } from '../protocol/gen/muster/v1/sandboxes_pb.js';
import { VariableService } from '../protocol/gen/muster/v1/variables_pb.js';
import { WorktreeService } from '../protocol/gen/muster/v1/worktrees_pb.js';
import { accessApi } from './api/accessApi.js';
import { eventsApi } from './api/eventsApi.js';
import { hostApi, type HostFacts } from './api/hostApi.js';
import { mergesApi } from './api/mergesApi.js';
import { notebooksApi } from './api/notebooksApi.js';
import { modelsApi } from './api/modelsApi.js';
import { projectsApi } from './api/projectsApi.js';
import { reviewsApi } from './api/reviewsApi.js';
import { questionsApi } from './api/questionsApi.js';
import { runsApi } from './api/runsApi.js';
import { schedulesApi } from './api/schedulesApi.js';
import { threadsApi } from './api/threadsApi.js';
import { topicsApi } from './api/topicsApi.js';
import { imagesApi } from './api/imagesApi.js';
import { volumesApi } from './api/volumesApi.js';
import { sandboxesApi } from './api/sandboxesApi.js';
import { variablesApi } from './api/variablesApi.js';
import { worktreesApi } from './api/worktreesApi.js';
import { theirCalls, theirScope } from './compat/theirCalls.js';
import { patiently, type HostCore } from './buildCore.js';
import type { HostEnd } from './hostEnd.js';
import type { ClientPresence } from './idleExit.js';
import { admitPrograms, admitTokens } from './proxy/admission.js';
import { BrowserDoor } from './proxy/browserDoor.js';
import { JupyterProxy, type Admission } from './proxy/jupyterProxy.js';
import { enforcePolicy } from './server/callPolicy.js';
import { describeEndpoint, publishEndpoint } from './server/endpointFile.js';
import { refuseUnread, requireAccess, scopeNeeded } from './server/gate.js';
import {
  mapErrors,
  noteCalls,
  refuseWhenEnding,
  requireSameUser,
  requireToken,
  tellDamage,
} from './server/interceptors.js';
import { listSetAside } from './state/setAside.js';
import type { NetworkOptions } from './server/networkOptions.js';
import { dispatched } from './server/lazyHandler.js';
import { createHandler, listen, type RequestGate } from './server/server.js';
import { recognitionOf } from './server/visitor.js';
import { stayReachable } from './server/stayReachable.js';
import type { Handler } from './server/nodeHandler.js';

/** What the calls of a host need besides its core. */
export interface Serving {
  readonly facts: HostFacts;
  readonly presence: ClientPresence;
  readonly end: HostEnd;
  /** Where other machines find it; missing: nowhere. */
  readonly network?: NetworkOptions;
}

/** Listens, and says in the endpoint file where. */
export async function serve(core: HostCore, serving: Serving, resources: DisposableStore): Promise<void> {
  const { log, redactor, clock } = core;
  const { facts, presence, end, network } = serving;
  const endpoint = describeEndpoint(facts.socket);
  let url = '';
  const jupyter = (admit: Admission): JupyterProxy => jupyterProxy(core, { admit, presence });
  const door = resources.add(new BrowserDoor({ clock, proxy: jupyter }));
  const routes = (router: ConnectRouter): void => route(router, core, { ...serving, door, url: () => url });
  const inner = [mapErrors(log, redactor), refuseWhenEnding(end.ending), enforcePolicy(core.store)];
  const signal = end.closing;
  const isDamaged = (): boolean => listSetAside(facts.database).length > 0;
  const behind = (gate: Gate, theirGate: Gate, admits: Admits): Handler => {
    const outer = ({ interceptor, requestGate }: Gate) => ({
      interceptors: [noteCalls(presence), mapErrors(log, redactor), interceptor],
      ...defined({ requestGate }),
    });
    const ours = outer(gate);
    const interceptors = [...ours.interceptors, tellDamage(isDamaged), ...inner];
    const own = createHandler({ ...ours, routes, signal, log, interceptors });
    const { interceptors: theirs, ...more } = outer(theirGate);
    const environment = async () => await core.shell.environment();
    const sleep = async (ms: number, until: AbortSignal) => await clock.sleep(ms, until);
    return dispatched(
      own,
      theirCalls({ ...more, routes, inner, outer: theirs, admits, environment, sleep, signal, log }),
    );
  };
  if (network) {
    const gate = (needed: (method: DescMethod) => Scope): Gate => ({
      interceptor: requireAccess({ needed, log }),
      requestGate: refuseUnread({ needed, redactor }),
    });
    const { openNetwork } = await import('./openNetwork.js');
    const calls = behind(gate(scopeNeeded), gate(theirScope), isAdmitted);
    const opened = await openNetwork(core, { network, calls, proxy: jupyter(admitTokens(core.accessTokens)) });
    ({ url } = resources.add(opened));
    log.info('Listening for other machines', { url });
  }
  const [withToken, sameUser] = [requireToken(endpoint.token), requireSameUser(endpoint.token)];
  const handler = behind({ interceptor: withToken }, { interceptor: sameUser }, isSameUser);
  const requireOwnThread = (run: string, thread: ThreadId): void =>
    core.store.read(stores =>
      requireAllowed(stores, { caller: { kind: 'run', run }, action: 'Notebooks', mayCall: 'own_thread', thread }),
    );
  const proxy = jupyter(admitPrograms({ token: endpoint.token, requireAllowed: requireOwnThread }));
  const listening = resources.add(await listen({ socket: facts.socket, handler, proxy, signal }));
  // Calls that are at work end first: they write to the store and their answers need the server.
  resources.add({ dispose: () => patiently(presence.whenQuiet(), clock) });
  const published = resources.add(publishEndpoint(core.directory.endpoint, endpoint));
  const renew = async (): Promise<'there' | 'renewed'> =>
    [await listening.renew(), published.renew()].includes('renewed') ? 'renewed' : 'there';
  resources.add(stayReachable({ files: [facts.socket, core.directory.endpoint], renew, log }));
}

/** Who may make a call. */
interface Gate {
  readonly interceptor: Interceptor;
  readonly requestGate?: RequestGate;
}

type Admits = (request: Parameters<Handler>[0], scope: Scope) => boolean;

/** Over the network: whoever has a scope that is wide enough. */
function isAdmitted(request: Parameters<Handler>[0], scope: Scope): boolean {
  const found = recognitionOf(request);
  return found.kind === 'visitor' && includesScope(found.visitor.scope, scope);
}

/** Over the socket, which only its user can open; a run has calls of its own. */
function isSameUser({ headers }: Parameters<Handler>[0]): boolean {
  return process.platform !== 'win32' && headers.authorization === undefined && headers[runHeader] === undefined;
}

/** The way to guest servers. */
function jupyterProxy(
  { notebooks, notebookServers, log }: HostCore,
  { admit, presence }: { readonly admit: Admission; readonly presence: ClientPresence },
): JupyterProxy {
  return new JupyterProxy({
    admit,
    log,
    onUse: () => presence.enter(),
    async address(thread, { wait }) {
      const server = wait ? await notebooks.whenReady(thread) : notebooks.of(thread);
      return server?.state === 'ready' ? await notebookServers.address(server) : undefined;
    },
  });
}

function route(
  router: ConnectRouter,
  core: HostCore,
  { facts, presence, end, door, url }: Serving & { readonly door: BrowserDoor; readonly url: () => string },
): void {
  const { sandbox, worktrees: driver } = core;
  router.service(ProjectService, projectsApi(core));
  router.service(ThreadService, threadsApi({ ...core, driver }));
  router.service(ReviewService, reviewsApi(core));
  router.service(
    RunService,
    runsApi({ ...core, output: sandbox.output, directoryOf: run => sandbox.directory.path(run) }),
  );
  router.service(MergeService, mergesApi(core));
  router.service(WorktreeService, worktreesApi(core));
  router.service(SandboxService, sandboxesApi({ ...core, onWatch: () => presence.enter() }));
  router.service(VolumeService, volumesApi(core.volumes));
  router.service(ImageService, imagesApi({ ...core, onWatch: () => presence.enter() }));
  router.service(QuestionService, questionsApi(core));
  router.service(ScheduleService, schedulesApi(core));
  router.service(TopicService, topicsApi({ ...core, onWatch: () => presence.enter() }));
  router.service(ModelService, modelsApi(core));
  router.service(AccessService, accessApi(core));
  router.service(VariableService, variablesApi(core));
  router.service(NotebookService, notebooksApi({ ...core, door }));
  router.service(EventService, eventsApi({ ...core, onWatch: () => presence.enter() }));
  router.service(
    HostService,
    hostApi({
      ...core,
      facts,
      clients: () => presence.clients,
      url,
      now: () => core.clock.now(),
      shutdown: reason => end.begin(reason),
    }),
  );
}
