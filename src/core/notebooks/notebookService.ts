import { deferred, KeyedQueue, untilAborted, within, type Deferred } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { IdSource, ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { EventStores } from '../events/eventLog.js';
import { requireConsent } from '../projects/consent.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { RunEnvironment } from '../runs/runEnvironment.js';
import { confinementOf } from '../sandboxes/confinement.js';
import type { SandboxService } from '../sandboxes/sandboxService.js';
import type { Store } from '../store.js';
import { requireNoOperation } from '../threads/idleThread.js';
import type { Thread } from '../threads/thread.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadStores } from '../threads/threadStore.js';
import { portsOfThread } from '../workspaces/workspacePreparer.js';
import type { PreparationStores } from '../workspaces/preparation.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import { isServerAlive, serverEnded, serverReady, type NotebookServer } from './notebookServer.js';
import type { NotebookServerDriver, NotebookServerLaunch, ServerActivity, ServerName } from './notebookServerDriver.js';
import type { NotebookServerStores } from './notebookServerStore.js';

/** A Python with everything on a cold disk takes 10 s; a server that is not there by then is not coming. */
const longestStartMs = 60_000;
const longestReason = 600;

export interface NotebookServiceOptions {
  readonly store: Store<
    ThreadStores & ProjectStores & RescueStores & PreparationStores & NotebookServerStores & EventStores
  >;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly driver: NotebookServerDriver;
  readonly environment: Pick<RunEnvironment, 'ofThread'>;
  readonly sandboxes: Pick<SandboxService, 'prepareServer'>;
}

/**
 * The guest servers of threads, at most one each. They are processes of their own.
 *
 *   none ──start──► starting ──it answers──► ready
 *   starting ──a minute without an answer, or its process ended──► failed
 *   starting, ready ──stop, or its thread is over──► stopped        ready ──its process ended──► failed
 *   stopped, failed ──start──► starting (a new server)
 *
 * While one lives it is followed: one promise for its first answer, one for the end of its process. Starting and ending take turns
 * per thread; ending one that is starting does not wait for its turn. {@link dispose} ends the following only: the servers go on,
 * and the next host takes them up.
 */
export class NotebookService implements Disposable {
  readonly #options: NotebookServiceOptions;
  readonly #perThread = new KeyedQueue();
  /** Servers whose end somebody asked for. */
  readonly #asked = new Set<ServerName['id']>();
  /** Servers that are watched; aborting ends only the watching. */
  readonly #followed = new Map<ServerName['id'], AbortController>();
  /** Whoever waits for a server that is starting. */
  readonly #waiting = new Map<ServerName['id'], Deferred<void>>();
  /** Threads whose server starts with their runs, besides those of agents that want it. */
  readonly #wanted = new Set<ThreadId>();
  readonly #subscription: Disposable;
  readonly #ending = new AbortController();

  constructor(options: NotebookServiceOptions) {
    this.#options = options;
    this.#subscription = options.store.onDidCommit(events => {
      for (const { event } of events) {
        if (event.kind === 'thread_changed') this.#endWithThread(event.threadId);
        if (event.kind === 'run_changed' && event.status === 'running') this.#startWithRun(event.threadId);
      }
    });
  }

  /**
   * The thread's server, started when it has none; resolves when it answers. Errors: `thread.unknown`, `thread.closed`,
   * `thread.busy`, `worktree.missing`, `consent.required`, `notebooks.missing`, `notebooks.failed`.
   */
  async start(reference: string, signal: AbortSignal): Promise<NotebookServer> {
    const { thread } = this.#options.store.read(stores => findThread(stores, reference));
    return await this.#perThread.run(thread.id, async () => await this.#started(thread.id, signal), signal);
  }

  /** The same, and which page of it a browser opens. Errors: those of {@link start}; `notebooks.missing` when it has none. */
  async startPage(
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly thread: ThreadId; readonly page: string }> {
    const server = await this.start(reference, signal);
    const page = await this.#options.driver.firstPage(server, signal);
    if (page !== undefined) return { thread: server.threadId, page };
    const fix =
      '`muster jupyter install --lab` adds JupyterLab to Muster’s own Jupyter; `pip install jupyterlab` adds it to yours.';
    throw new AppError(
      'notebooks.missing',
      `The Jupyter server of thread ${server.threadId} has no pages for a browser: neither JupyterLab nor Notebook is installed with it. ${fix}`,
      { fix },
    );
  }

  /** A person wants the thread's server beside its runs: with the one that is at work, else with the next. As long as this host lives. */
  startWithRuns(thread: ThreadId): void {
    this.#wanted.add(thread);
    const isWorking = this.#options.store.read(stores => stores.threads.view(thread)?.latestRun?.status === 'running');
    if (isWorking) this.#startWithRun(thread);
  }

  /** Ends the thread's server with its kernels, if it has one. */
  async stop(reference: string): Promise<NotebookServer | undefined> {
    const { thread } = this.#options.store.read(stores => findThread(stores, reference));
    await this.endOf(thread.id);
    return this.of(thread.id);
  }

  /** Resolves when nothing works in the thread's files for a notebook any more. */
  async endOf(thread: ThreadId): Promise<void> {
    // One that is starting holds its turn until it answers; ending it lets go of that.
    const starting = this.of(thread);
    if (starting?.state === 'starting') await this.#stop(starting);
    await this.#perThread.run(thread, async () => {
      const server = this.of(thread);
      if (server && isServerAlive(server)) await this.#stop(server);
    });
  }

  /** The last server of a thread. */
  of(thread: ThreadId): NotebookServer | undefined {
    return this.#options.store.read(stores => stores.notebookServers.ofThread(thread));
  }

  /** Goes on with the servers that an earlier host left. */
  async takeUp(): Promise<void> {
    const { store, driver, log } = this.#options;
    for (const server of store.read(stores => stores.notebookServers.alive())) {
      try {
        if (await driver.isAlive(server)) {
          this.#follow(server);
          this.#endWithThread(server.threadId);
        } else this.#ended(server, 'It ended while no host was there.');
      } catch (error) {
        log.warn('A guest server could not be taken up', { thread: server.threadId, reason: errorMessage(error) });
      }
    }
  }

  /** Lets go of the servers, which go on. */
  dispose(): void {
    void this.#subscription.dispose();
    this.#ending.abort();
    for (const following of this.#followed.values()) following.abort();
    for (const waiting of this.#waiting.values()) waiting.resolve();
  }

  /** The thread's server when it is there, after it has become ready; it is not started. */
  async whenReady(thread: ThreadId): Promise<NotebookServer | undefined> {
    const server = this.of(thread);
    if (server?.state !== 'starting') return server;
    await this.#startOver(server);
    return this.of(thread);
  }

  /** What its server counts, when it answers within `ms`. */
  async activity(server: NotebookServer, ms: number): Promise<ServerActivity | undefined> {
    const { driver, clock } = this.#options;
    if (server.state !== 'ready') return undefined;
    const patience = new AbortController();
    const asking = driver.activity(server, patience.signal).catch(() => undefined);
    const answered = await within(asking, { ms, clock });
    patience.abort();
    return answered === 'settled' ? await asking : undefined;
  }

  async #started(id: ThreadId, signal: AbortSignal): Promise<NotebookServer> {
    const { driver, store, clock } = this.#options;
    const present = this.of(id);
    if (present && isServerAlive(present)) {
      if (await driver.isAlive(present)) return await this.#awaitReady(present, signal);
      this.#ended(present, 'It ended while nobody looked.');
    }
    if (present) await driver.forget(present);
    const thread = this.#subject(id);
    const launch = await this.#launchOf(thread, signal);
    const server: NotebookServer = { ...launch.name, state: 'starting', startedAt: clock.now() };
    store.transact(stores => {
      requireNoOperation(stores, id);
      this.#save(stores, server);
    });
    try {
      await driver.start(launch.launch, signal);
    } catch (error) {
      this.#ended(server, errorMessage(error));
      throw error;
    }
    this.#follow(server);
    return await this.#awaitReady(server, signal);
  }

  /** Errors: `notebooks.failed`; the signal's reason when whoever asked went away (the server starts all the same). */
  async #awaitReady(server: NotebookServer, signal: AbortSignal): Promise<NotebookServer> {
    const { clock } = this.#options;
    const over = this.#startOver(server);
    if ((await within(untilAborted(over, signal), { ms: longestStartMs, clock })) === 'late') {
      // Nobody asked for its end: that is a failure.
      await this.#options.driver.stop(server);
      this.#ended(server, 'It did not answer in time.');
    }
    signal.throwIfAborted();
    const now = this.of(server.threadId);
    if (now?.state === 'ready') return now;
    throw failed(server, now?.reason ?? '');
  }

  /** Resolves when it is not starting any more. */
  async #startOver(server: NotebookServer): Promise<void> {
    if (this.of(server.threadId)?.state !== 'starting') return;
    const waiting = this.#waiting.get(server.id) ?? deferred<void>();
    this.#waiting.set(server.id, waiting);
    await waiting.promise;
  }

  /** Notices when it answers, and when it ends. */
  #follow(server: NotebookServer): void {
    if (this.#followed.has(server.id)) return;
    const { driver, clock, log } = this.#options;
    const following = new AbortController();
    this.#followed.set(server.id, following);
    const { signal } = following;
    const gone = (error: unknown): void => {
      if (signal.aborted) return;
      log.warn('A guest server is no longer watched', { thread: server.threadId, reason: errorMessage(error) });
    };
    void driver
      .whenReady(server, signal)
      .then(() => this.#change(server, current => serverReady(current, clock.now())))
      .catch(gone);
    void driver
      .whenEnded(server, signal)
      .then(said => this.#ended(server, said))
      .catch(gone);
  }

  async #stop(server: NotebookServer): Promise<void> {
    this.#asked.add(server.id);
    try {
      await this.#options.driver.stop(server);
      this.#ended(server, '');
    } finally {
      this.#asked.delete(server.id);
    }
  }

  /** `jupyter: {enabled: true}`: beside the agent's runs. One that cannot be started is no reason for the run to fail. */
  #startWithRun(id: ThreadId): void {
    const { store, log } = this.#options;
    const wanted = store.read(stores => {
      const server = stores.notebookServers.ofThread(id);
      const thread = stores.threads.get(id);
      const project = thread && stores.projects.get(thread.projectId);
      const agent = project?.spec.agents.find(({ name }) => name === thread?.agent);
      const isWanted = agent?.jupyter.enabled === true || this.#wanted.has(id);
      return isWanted && !(server && isServerAlive(server));
    });
    if (!wanted) return;
    this.start(id, this.#ending.signal).catch((error: unknown) => {
      if (!this.#ending.signal.aborted)
        log.warn('The notebook server of an agent could not be started', { thread: id, reason: errorMessage(error) });
    });
  }

  /** A thread that is over, or that has no files any more, has no server. */
  #endWithThread(id: ThreadId): void {
    const { store, log } = this.#options;
    const isOver = store.read(stores => {
      const server = stores.notebookServers.ofThread(id);
      if (!server || !isServerAlive(server)) return false;
      const thread = stores.threads.get(id);
      return thread === undefined || thread.outcome !== 'open' || thread.worktree === undefined;
    });
    if (!isOver) return;
    this.endOf(id).catch((error: unknown) =>
      log.warn('The guest server of a thread that is over could not be ended', {
        thread: id,
        reason: errorMessage(error),
      }),
    );
  }

  /** Errors: `thread.closed`, `thread.busy`, `worktree.missing`. */
  #subject(id: ThreadId): Thread & { readonly worktree: string } {
    return this.#options.store.read(stores => {
      requireNoOperation(stores, id);
      const { thread, status } = findThread(stores, id);
      if (thread.outcome !== 'open')
        throw new AppError(
          'thread.closed',
          `Thread ${id} is ${status}, so its notebooks are not run any more. Open it again with \`muster restore ${id}\` or a follow-up.`,
          { thread: id, status },
        );
      const { worktree } = thread;
      if (worktree === undefined)
        throw new AppError('worktree.missing', `Thread ${id} has no worktree whose notebooks could be opened.`, {
          path: '',
        });
      return { ...thread, worktree };
    });
  }

  async #launchOf(
    thread: Thread & { readonly worktree: string },
    signal: AbortSignal,
  ): Promise<{ readonly name: ServerName; readonly launch: NotebookServerLaunch }> {
    const { store, ids, environment, sandboxes } = this.#options;
    const project = store.read(stores => stores.projects.get(thread.projectId));
    if (!project) throw new AppError('project.unknown', 'Its project is not there.', { project: thread.projectId });
    requireConsent(project);
    const id = ids.next<'run'>();
    // Where the agent's runs are, nowhere else: what it wrote is executed there.
    const agent = agentOf(project, thread.agent);
    const place = await sandboxes.prepareServer({ server: id, thread, project, agent }, signal);
    const inside = place && { ...place, port: agent.jupyter.guestPort };
    const isolated = inside !== undefined;
    const { variables, searched } = await environment.ofThread(
      { project, agent: agent.name, thread, isolated },
      signal,
    );
    const ports = store.read(stores => portsOfThread(stores, thread));
    const name = { id, threadId: thread.id, sandbox: inside?.spec.id };
    const workspace = { cwd: thread.worktree, thread };
    const confinement =
      agent.sandbox.process === 'strict' && !inside ? confinementOf({ workspace, home: variables['HOME'] }) : undefined;
    const untrusted = [project.folder, ...(thread.repository === undefined ? [] : [thread.repository])];
    return {
      name,
      launch: {
        ...name,
        worktree: thread.worktree,
        env: { ...variables, ...ports },
        searched,
        untrusted,
        confinement,
        inside,
      },
    };
  }

  #ended(server: NotebookServer, said: string): void {
    const asked = this.#asked.has(server.id);
    const last = said.length > longestReason ? `…${said.slice(-longestReason)}` : said;
    const end = { now: this.#options.clock.now(), reason: asked ? 'It was ended.' : last, asked };
    this.#change(server, current => serverEnded(current, end));
  }

  /** Only while it is the thread's server: another may have taken its place. */
  #change(server: ServerName, change: (current: NotebookServer) => NotebookServer): void {
    this.#options.store.transact(stores => {
      const current = stores.notebookServers.ofThread(server.threadId);
      if (current?.id !== server.id) return;
      const changed = change(current);
      if (changed !== current) this.#save(stores, changed);
    });
    const current = this.of(server.threadId);
    if (current?.id === server.id && current.state === 'starting') return;
    this.#waiting.get(server.id)?.resolve();
    this.#waiting.delete(server.id);
    if (current?.id === server.id && isServerAlive(current)) return;
    this.#followed.get(server.id)?.abort();
    this.#followed.delete(server.id);
  }

  #save(stores: NotebookServerStores & EventStores, server: NotebookServer): void {
    stores.notebookServers.save(server);
    stores.events.append({ kind: 'thread_changed', threadId: server.threadId }, this.#options.clock.now());
  }
}

/** Errors: `agent.unknown`: nobody could say where its thread's files are safe to run. */
function agentOf({ spec, file }: Project, name: string): AgentSpec {
  const agent = spec.agents.find(candidate => candidate.name === name);
  if (agent) return agent;
  const known = spec.agents.filter(({ enabled }) => enabled).map(candidate => candidate.name);
  throw new AppError('agent.unknown', `Agent ${name} is no longer in the compose file ${file}.`, {
    agent: name,
    known,
  });
}

function failed({ threadId }: ServerName, said: string): AppError<'notebooks.failed'> {
  const reason = said.trim() === '' ? 'It ended without a word.' : said.trim();
  return new AppError('notebooks.failed', `The Jupyter server of thread ${threadId} did not start: ${reason}`, {
    thread: threadId,
    reason,
  });
}
