import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { IdSource, RunId, SandboxId, ThreadId } from '../../base/ids.js';
import { parseId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { AgentSpec, DriverSpec } from '../../compose/projectSpec.js';
import type { EventStores } from '../events/eventLog.js';
import { stepText, type ImageStep } from '../images/image.js';
import { agentImage } from '../images/agentImage.js';
import type { Project } from '../projects/project.js';
import type { Run } from '../runs/run.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import type { GuestGitDriver } from '../workspaces/guestGitDriver.js';
import { worktreeOf, type PreparedWorkspace } from '../workspaces/workspaceService.js';
import { reachedHosts } from './allowList.js';
import { isFor, made, placed, poolOf, wanted, type Sandbox } from './sandbox.js';
import type { Guest, RunDriver, SandboxDriver, SandboxSpec, SandboxWorkspace } from './sandboxDriver.js';
import { mountsOf } from './sandboxMounts.js';
import type { SandboxDrivers } from './sandboxDrivers.js';
import type { SandboxStores } from './sandboxStore.js';

export interface PreparedSandbox {
  readonly guest: Guest;
  /** Missing: this machine. */
  readonly spec?: SandboxSpec;
}

interface SandboxServiceOptions {
  readonly store: Store<SandboxStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly machine: SandboxDriver;
  /** Beside this machine. */
  readonly drivers: Partial<Readonly<Record<DriverSpec['name'], SandboxDriver>>>;
  readonly git: GuestGitDriver;
  readonly stateDir: string;
}

/** Between two words about what an image comes to. */
const tellMs = 2_000;
/** Between SIGTERM and SIGKILL. */
const graceMs = 5_000;

/** Gives each run the place where it executes, and brings its work home from there. */
export class SandboxService implements SandboxDrivers {
  readonly #options: SandboxServiceOptions;
  readonly #steps = new Map<SandboxId, { readonly text: string; readonly toldAt: number }>();

  constructor(options: SandboxServiceOptions) {
    this.#options = options;
  }

  of(driver: DriverSpec['name']): SandboxDriver {
    const { machine, drivers } = this.#options;
    const found = driver === 'process' ? machine : drivers[driver];
    if (found) return found;
    throw new AppError('request.invalid', `This host starts nothing in ${driver}.`, {
      field: 'driver',
      reason: 'not supported yet',
    });
  }

  ofRun(run: RunId): RunDriver {
    const sandbox = this.#options.store.read(stores => stores.sandboxes.ofRun(run));
    if (!sandbox) return this.#options.machine.runsIn({ id: parseId(run), driver: { name: 'process' } });
    const driver = this.of(sandbox.driver.name);
    const runs = driver.runsIn(sandbox);
    return {
      start: async (launch, signal) => {
        try {
          await runs.start(launch, signal, step => this.#tell(sandbox, step));
        } finally {
          driver.settled?.(sandbox);
          if (this.#steps.delete(sandbox.id)) this.#touch(sandbox);
        }
      },
      isAlive: each => runs.isAlive(each),
      whyLost: async each => await runs.whyLost?.(each),
      stop: (each, options) => runs.stop(each, options),
    };
  }

  /**
   * Makes ready what the run executes in, and notes which it is.
   * Errors: `request.invalid`, those of {@link SandboxDriver.ensure} and of lending git.
   */
  async prepare(
    request: {
      readonly run: Run;
      readonly project: Project;
      readonly agent: AgentSpec;
      readonly workspace: PreparedWorkspace;
    },
    signal: AbortSignal,
  ): Promise<PreparedSandbox> {
    const { run, project, agent, workspace } = request;
    const driver = this.of(agent.driver.name);
    if (agent.driver.name === 'process') return { guest: await driver.ensure(machineSpec(run, workspace), signal) };
    const { thread } = workspace;
    const claimed = this.#claim(run, agent, agentImage(agent, project)?.name ?? '');
    try {
      const sandbox = await this.#placed(claimed, agent, signal);
      const spec = await this.specFor({ sandbox, thread, project, agent, gitFor: run.id });
      const guest = await driver.ensure(spec, signal, step => this.#tell(sandbox, step));
      this.#change(sandbox, current => made(current));
      return { guest, spec };
    } catch (error) {
      driver.settled?.(claimed);
      if (!signal.aborted) this.#change(claimed, current => made(current, errorMessage(error)));
      throw error;
    } finally {
      this.#steps.delete(claimed.id);
    }
  }

  /**
   * Makes ready what a server beside the thread's runs executes in: a container of its own, like those of the runs. Missing: this
   * machine, where its agent's runs are. Errors: those of {@link prepare}; `feature.unsupported` for an engine elsewhere.
   */
  async prepareServer(
    request: {
      readonly server: RunId;
      readonly thread: Thread;
      readonly project: Project;
      readonly agent: AgentSpec;
    },
    signal: AbortSignal,
  ): Promise<{ readonly guest: Guest; readonly spec: SandboxSpec } | undefined> {
    const { server, thread, project, agent } = request;
    if (agent.driver.name === 'process') return undefined;
    const driver = this.of(agent.driver.name);
    const claimed = this.#claim({ threadId: thread.id }, agent, agentImage(agent, project)?.name ?? '');
    try {
      const sandbox = await this.#placed(claimed, agent, signal);
      const spec = await this.specFor({ sandbox, thread, project, agent, gitFor: server });
      const guest = await driver.ensure(spec, signal);
      this.#change(sandbox, current => made(current));
      if (guest.hasMail) return { guest, spec };
    } finally {
      driver.settled?.(claimed);
    }
    throw new AppError('feature.unsupported', 'Guest notebooks of a container on another machine do not work yet.', {
      feature: 'notebooks',
      reason: 'the engine is on another machine',
    });
  }

  /** A run for which this was made ready does not begin: no place is kept for it any longer. */
  dropped(run: RunId): void {
    const sandbox = this.#options.store.read(stores => stores.sandboxes.ofRun(run));
    if (sandbox) this.#options.drivers[sandbox.driver.name]?.settled?.(sandbox);
  }

  /** What its runtime said last while it is made: an image that is fetched or built takes minutes. */
  progressOf(id: SandboxId): string | undefined {
    return this.#steps.get(id)?.text;
  }

  /** Takes what a run committed inside to the thread's branch; returns what a person should know of it. */
  async bringHome(run: Run, thread: Thread): Promise<readonly string[]> {
    const { store, git, log } = this.#options;
    const sandbox = store.read(stores => stores.sandboxes.ofRun(run.id));
    const worktree = worktreeOf(thread);
    if (!sandbox || !worktree) return [];
    const home = await git.bringHome(worktree, this.#gitDir(sandbox.id, run.id));
    if (home.kind !== 'left') return [];
    log.warn('Commits of a run were left where they are', { run: run.id, why: home.why });
    return [`The commits of ${run.agent} were not taken over: ${home.why}. Its files are here, as one commit.`];
  }

  /** Those that were not removed. */
  known(): readonly Sandbox[] {
    return this.#options.store.read(stores => stores.sandboxes.list());
  }

  /** Ends what runs in the sandboxes of a thread whose worktree is about to go. What does not answer keeps nobody from that. */
  async endOf(thread: ThreadId): Promise<void> {
    const { store, log } = this.#options;
    for (const sandbox of store.read(stores => stores.sandboxes.ofThread(thread))) {
      if (sandbox.state === 'removed') continue;
      try {
        await this.of(sandbox.driver.name).stop(sandbox, { graceMs });
      } catch (error) {
        log.warn('A sandbox could not be stopped', { sandbox: sandbox.id, reason: errorMessage(error) });
      }
    }
  }

  /** Its runtime has nothing of it any more; the next run of its agent gets a new one. */
  removed(sandbox: Sandbox): void {
    this.#change(sandbox, current => ({ ...current, state: 'removed' }));
  }

  /** A sandbox as the compose file and the thread want it now. Errors: `request.invalid`, those of lending git. */
  async specFor(place: {
    readonly sandbox: Sandbox;
    readonly thread: Thread;
    readonly project: Project;
    readonly agent: AgentSpec;
    /** Whose git directory is made for it; missing: nobody's. */
    readonly gitFor: RunId | 'shell' | undefined;
  }): Promise<SandboxSpec> {
    const { sandbox, project, agent } = place;
    return {
      id: sandbox.id,
      driver: sandbox.driver,
      thread: sandbox.threadId,
      agent: agent.name,
      image: agentImage(agent, project),
      resources: agent.resources,
      network: reachedHosts(agent.sandbox.network),
      mounts: mountsOf(agent, project, this.#options),
      workspace: await this.#workspace(place),
    };
  }

  #claim(run: { readonly id?: RunId; readonly threadId: ThreadId }, agent: AgentSpec, image: string): Sandbox {
    const { store, clock, ids } = this.#options;
    const at = clock.now();
    return store.transact(stores => {
      const before = stores.sandboxes.ofThread(run.threadId).find(each => isFor(each, agent.name, agent.driver));
      const sandbox: Sandbox = before
        ? wanted(before, { image, at })
        : {
            id: ids.next(),
            threadId: run.threadId,
            agent: agent.name,
            driver: agent.driver,
            image,
            state: 'creating',
            createdAt: at,
            usedAt: at,
          };
      stores.sandboxes.save(sandbox);
      if (run.id !== undefined) stores.sandboxes.bind(run.id, sandbox.id);
      stores.events.append({ kind: 'thread_changed', threadId: run.threadId }, at);
      return sandbox;
    });
  }

  /** On an engine of its own choice, where there is one. One that was placed stays there, and waits for its engine. */
  async #placed(sandbox: Sandbox, { driver: wants, resources }: AgentSpec, signal: AbortSignal): Promise<Sandbox> {
    const hosts = poolOf(sandbox, wants);
    const driver = this.of(wants.name);
    if (!hosts || !driver.place) return sandbox;
    const { id } = sandbox;
    const asked = { id, driver: { name: 'docker' as const, hosts }, resources };
    const chosen = await driver.place(asked, signal, step => this.#tell(sandbox, step));
    this.#options.store.transact(stores => {
      const current = stores.sandboxes.get(id);
      if (current) stores.sandboxes.save(placed(current, chosen));
    });
    return placed(sandbox, chosen);
  }

  async #workspace(place: {
    readonly sandbox: Sandbox;
    readonly agent: AgentSpec;
    readonly thread: Thread;
    readonly gitFor: RunId | 'shell' | undefined;
  }): Promise<SandboxWorkspace> {
    const { agent, thread, sandbox, gitFor } = place;
    const worktree = worktreeOf(thread);
    if (!worktree || agent.workspace.provider === 'shared')
      throw new AppError(
        'request.invalid',
        `Agent ${agent.name} runs in ${agent.driver.name} and would get your own checkout, with its .git. Give it a worktree (workspace.provider: worktree), or run it as a process.`,
        { field: `agents.${agent.name}.workspace.provider`, reason: 'no checkout in a sandbox' },
      );
    const readOnly = agent.workspace.provider === 'thread' && agent.workspace.access === 'read';
    const workspace = { folder: worktree.path, readOnly };
    if (gitFor === undefined) return workspace;
    const git = await this.#options.git.lend(worktree, {
      gitDir: this.#gitDir(sandbox.id, gitFor),
      inside: this.of(agent.driver.name).borrowedObjects,
      base: thread.baseRef,
    });
    return { ...workspace, git };
  }

  /** Each run has one of its own: whatever is in that of an earlier run, an agent put it there. */
  #gitDir(sandbox: SandboxId, whose: RunId | 'shell'): string {
    return `${this.#options.stateDir}/sandboxes/${sandbox}/git/${whose}`;
  }

  /** Whoever looks at the thread hears of it once in a while. */
  #tell(sandbox: Sandbox, step: ImageStep): void {
    const { id } = sandbox;
    const { clock } = this.#options;
    const before = this.#steps.get(id)?.toldAt ?? 0;
    const isTime = clock.now() - before >= tellMs;
    this.#steps.set(id, { text: stepText(step), toldAt: isTime ? clock.now() : before });
    if (isTime) this.#touch(sandbox);
  }

  #touch({ threadId }: Sandbox): void {
    const { store, clock } = this.#options;
    store.transact(stores => stores.events.append({ kind: 'thread_changed', threadId }, clock.now()));
  }

  #change({ id }: Sandbox, change: (sandbox: Sandbox) => Sandbox): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const current = stores.sandboxes.get(id);
      if (!current) return;
      const next = change(current);
      if (next.state === current.state && next.problem === current.problem) return;
      stores.sandboxes.save(next);
      stores.events.append({ kind: 'thread_changed', threadId: next.threadId }, clock.now());
    });
  }
}

function machineSpec(run: Run, { cwd }: PreparedWorkspace): SandboxSpec {
  return {
    id: parseId(run.threadId),
    driver: { name: 'process' },
    thread: run.threadId,
    agent: run.agent,
    network: 'full',
    workspace: { folder: cwd },
  };
}
