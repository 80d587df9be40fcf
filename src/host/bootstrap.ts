import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { ConnectRouter } from '@connectrpc/connect';
import { within } from '../base/async.js';
import { AppError, errorMessage } from '../base/errors.js';
import { makeId, type Id, type IdSource } from '../base/ids.js';
import { DisposableStore } from '../base/lifecycle.js';
import { Redactor } from '../base/redactor.js';
import { ProviderRegistries } from '../core/agents/providerRegistries.js';
import { MergeService as CoreMergeService } from '../core/merges/mergeService.js';
import { ProjectService as CoreProjectService } from '../core/projects/projectService.js';
import { DirectoryRunSupervisor } from '../core/runs/directoryRunSupervisor.js';
import { RunExecutor } from '../core/runs/runExecutor.js';
import { defaultConcurrency, RunQueue } from '../core/runs/runQueue.js';
import { DispatchService } from '../core/threads/dispatchService.js';
import { ThreadService as CoreThreadService } from '../core/threads/threadService.js';
import { ThreadSettler } from '../core/threads/threadSettler.js';
import { WorkspaceService } from '../core/workspaces/workspaceService.js';
import { createGitMergeDriver } from '../drivers/git/merge/gitMergeDriver.js';
import { createGitWorktreeDriver } from '../drivers/git/worktree/gitWorktreeDriver.js';
import { createProcessSandbox } from '../drivers/process/createProcessSandbox.js';
import { createNodeClock } from '../drivers/process/nodeClock.js';
import { takeExclusiveLock } from '../drivers/sqlite/exclusiveLock.js';
import { openDatabase } from '../drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../drivers/sqlite/sqliteStore.js';
import { EventService } from '../protocol/gen/muster/v1/events_pb.js';
import { HostService } from '../protocol/gen/muster/v1/host_pb.js';
import { MergeService } from '../protocol/gen/muster/v1/merges_pb.js';
import { ProjectService } from '../protocol/gen/muster/v1/projects_pb.js';
import { RunService } from '../protocol/gen/muster/v1/runs_pb.js';
import { ThreadService } from '../protocol/gen/muster/v1/threads_pb.js';
import { WorktreeService } from '../protocol/gen/muster/v1/worktrees_pb.js';
import { productVersion } from '../protocol/productVersion.js';
import { eventsApi } from './api/eventsApi.js';
import { hostApi, type HostFacts } from './api/hostApi.js';
import { mergesApi } from './api/mergesApi.js';
import { projectsApi } from './api/projectsApi.js';
import { runsApi } from './api/runsApi.js';
import { threadsApi } from './api/threadsApi.js';
import { worktreesApi } from './api/worktreesApi.js';
import { AgentProblems } from './environment/agentProblems.js';
import { hostPlaceholders } from './environment/hostPlaceholders.js';
import { ComposeSecrets } from './environment/composeSecrets.js';
import { HostRunEnvironment } from './environment/hostRunEnvironment.js';
import { LoginShell } from './environment/loginShell.js';
import { ClientPresence, exitWhenIdle } from './idleExit.js';
import { trimFeed } from './feed/trimFeed.js';
import { inBackground, recoverWork } from './recoverWork.js';
import { FileLog } from './log/fileLog.js';
import { redactingProviders } from './log/redactingProviders.js';
import { describeEndpoint, publishEndpoint } from './server/endpointFile.js';
import { mapErrors, noteCalls, refuseAgents, refuseWhenEnding, requireToken } from './server/interceptors.js';
import { listen } from './server/server.js';
import { chooseSocketPath } from './server/socketPath.js';
import { keyedDigest } from './state/machineKey.js';
import { openStateDirectory } from './state/stateDirectory.js';

/** How long an ending host waits for each thing that is still at work, in ms. What it leaves, the next one takes up. */
const longestGoodbyeMs = 5_000;

export interface HostOptions {
  readonly stateDir: string;
  readonly mode: HostFacts['mode'];
  /** Folder of the bundles: what `{{dist}}` in a command stands for. */
  readonly distDir: string;
  /** Ends the host when nothing has needed it for this long, in ms; missing: never. */
  readonly idleExitMs?: number;
  /** Also write the log to standard error. */
  readonly echoLog?: boolean;
}

export interface Host {
  readonly facts: HostFacts;
  /** Begins to end: agents keep running, the next host adopts them. */
  shutdown(reason: string): void;
  /** Resolves when everything is given back. */
  readonly ended: Promise<void>;
}

/**
 * Builds the host in order and gives everything back in reverse. Errors: `host.locked` when another host has this state
 * directory, `state.*`.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const resources = new DisposableStore();
  try {
    return await build(options, resources);
  } catch (error) {
    // What went wrong first is what the person must hear of.
    await resources.dispose().catch(() => undefined);
    throw error;
  }
}

async function build(options: HostOptions, resources: DisposableStore): Promise<Host> {
  const state = openStateDirectory(options.stateDir);
  const lock = takeExclusiveLock(state.lock);
  if (!lock) {
    throw new AppError('host.locked', `Another host already serves ${state.path}.`, { stateDir: state.path });
  }
  resources.add(lock);

  const clock = createNodeClock();
  const patiently = async (work: Promise<void>): Promise<void> =>
    void (await within(work, { ms: longestGoodbyeMs, clock }));
  const redactor = new Redactor();
  const log = resources.add(
    new FileLog(state.log, {
      redactor,
      now: () => clock.now(),
      ...(options.echoLog ? { echo: line => void writeSync(2, line) } : {}),
    }),
  );
  const ids = randomIds();
  const store = resources.add(
    new SqliteStore(openDatabase(state.database, { log, now: () => clock.now() }), {
      newEpoch: ids.next<'epoch'>(),
      onListenerError: error => log.error('A listener failed', { reason: errorMessage(error) }),
    }),
  );

  const shell = new LoginShell(log);
  void shell.environment();
  const sandbox = createProcessSandbox({ stateDir: state.path, clock, log });
  const worktrees = createGitWorktreeDriver({ stateDir: state.path, clock, log });
  const mergeDriver = createGitMergeDriver({ stateDir: state.path, clock, log });
  const providers = new ProviderRegistries(redactingProviders(redactor));
  const problems = new AgentProblems({ shell, providers, now: () => clock.awake() });
  const workspaces = new WorkspaceService({ driver: worktrees, worktreesDir: state.worktrees });
  const secretDigest = keyedDigest(state.path);
  const secrets = new ComposeSecrets({ digest: secretDigest, redactor });
  const environment = new HostRunEnvironment({ stateDir: state.path, shell, redactor, secrets });
  const supervisor = new DirectoryRunSupervisor({
    directory: sandbox.directory,
    output: sandbox.output,
    driver: sandbox.driver,
    clock,
    log,
  });
  // Given back in reverse: preparations end before the supervisor leaves, and ends that it still tells are settled after.
  const settler = new ThreadSettler({ store, clock, log, driver: worktrees, supervisor });
  const merges = new CoreMergeService({ store, clock, ids, log, driver: mergeDriver, settler });
  resources.add(settler);
  resources.add(merges);
  resources.add(supervisor);
  const executor = new RunExecutor({
    store,
    clock,
    ids,
    log,
    providers,
    workspaces,
    supervisor,
    environment,
    directory: sandbox.directory,
    placeholders: hostPlaceholders(options.distDir),
    onEnded: run => {
      settler.settle(run);
      queue.advance();
    },
  });
  const queue: RunQueue = new RunQueue({
    store,
    clock,
    log,
    limit: defaultConcurrency,
    execute: run => executor.execute(run),
  });
  resources.add({ dispose: () => patiently(executor.dispose()) });
  const threads = new CoreThreadService({
    store,
    clock,
    log,
    executor,
    settler,
    workspaces,
    driver: worktrees,
    onFreed: () => queue.advance(),
  });
  const dispatcher = new DispatchService({
    store,
    clock,
    ids,
    providers,
    workspaces,
    environment,
    onQueued: () => queue.advance(),
  });
  const projects = new CoreProjectService({ store, clock, ids });

  const presence = new ClientPresence(() => clock.awake());
  const ending = new AbortController();
  const closing = new AbortController();
  const ended = Promise.withResolvers<void>();
  const facts: HostFacts = {
    stateDir: state.path,
    socket: chooseSocketPath(state.path),
    mode: options.mode,
    startedAt: clock.now(),
  };
  const shutdown = (reason: string): void => {
    if (ending.signal.aborted) return;
    // From here on nobody gets in: whoever comes now finds the next host.
    ending.abort();
    queue.stop();
    log.info('Ending', { reason });
    // A moment later, so that the answer to the call that asked for it goes out first.
    setImmediate(() => {
      closing.abort();
      resources.dispose().then(ended.resolve, ended.reject);
    });
  };
  const endpoint = describeEndpoint(facts.socket);
  const routes = (router: ConnectRouter): void => {
    router.service(ProjectService, projectsApi({ store, projects, threads, problems, shell, secrets, secretDigest }));
    router.service(ThreadService, threadsApi({ store, dispatcher, threads, settler, driver: worktrees }));
    router.service(
      RunService,
      runsApi({ store, output: sandbox.output, providers, redactor, directoryOf: run => sandbox.directory.path(run) }),
    );
    router.service(MergeService, mergesApi({ store, merges }));
    router.service(WorktreeService, worktreesApi({ store, threads, driver: worktrees }));
    router.service(EventService, eventsApi({ store, problems, onWatch: () => presence.enter() }));
    router.service(
      HostService,
      hostApi({
        store,
        facts,
        shell,
        problems,
        shutdown,
        clients: () => presence.clients,
        now: () => clock.now(),
      }),
    );
  };

  // Taken up before anyone can ask: a client that connects sees runs that are already being watched.
  const applied = store.read(stores => stores.projects.list());
  await Promise.all(applied.map(project => secrets.announce(project.spec, project.file)));
  const active = store.read(stores => stores.runs.active());
  await Promise.all(active.map(({ run }) => executor.adopt(run)));
  resources.add(
    await listen({
      socket: facts.socket,
      routes,
      signal: closing.signal,
      interceptors: [
        noteCalls(presence),
        mapErrors(log, redactor),
        requireToken(endpoint.token),
        refuseWhenEnding(ending.signal),
        refuseAgents(),
      ],
    }),
  );
  // Calls that are at work end first: they write to the store and their answers need the server.
  resources.add({ dispose: () => patiently(presence.whenQuiet()) });
  resources.add(publishEndpoint(state.endpoint, endpoint));
  const recovery = inBackground({ closing: closing.signal, log }, () =>
    recoverWork({ store, log, worktrees, settler, merges, threads }),
  );
  resources.add({ dispose: () => patiently(recovery) });
  // Resolved before the first run needs it. Whoever connected meanwhile hears which agents' CLIs are not there.
  void inBackground({ closing: ending.signal, log }, async () => {
    await shell.environment();
    if (!ending.signal.aborted) problems.tellChanges(store, clock.now());
  });
  queue.advance();
  resources.add(trimFeed(store, log));
  if (options.idleExitMs !== undefined) {
    resources.add(
      exitWhenIdle({
        presence,
        afterMs: options.idleExitMs,
        isBusy: () => isBusy(store),
        exit: () => shutdown('nothing needs it'),
      }),
    );
  }
  log.info('Serving', {
    version: productVersion,
    pid: process.pid,
    socket: facts.socket,
    adopted: active.length,
    mode: options.mode,
  });
  return { facts, shutdown, ended: ended.promise };
}

/** Runs or merges are at work or waiting. */
function isBusy(store: SqliteStore): boolean {
  return store.read(
    stores => stores.runs.active().length > 0 || stores.runs.queued().length > 0 || stores.merges.active().length > 0,
  );
}

function randomIds(): IdSource {
  return { next: <Kind extends string>(): Id<Kind> => makeId<Kind>(randomBytes(12)) };
}
