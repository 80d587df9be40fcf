import { UnderWay } from '../../base/underWay.js';
import type Docker from 'dockerode';
import { AppError } from '../../base/errors.js';
import type { Clock } from '../../base/clock.js';
import type { RunId } from '../../base/ids.js';
import type { RunDriver, SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { requireFolder, requireSpec } from '../guests/guestFolders.js';
import { runContainer, runContainerName, type ContainerSettings } from './containerOptions.js';
import { refusalOf, statusOf, unlessGone, type DockerEngine } from './dockerEngine.js';
import type { GuestPrograms } from './guestPrograms.js';

/** How long a container may take to go after SIGKILL. */
const unstoppableMs = 20_000;
/** A stopped container is gone within milliseconds; each look at it is a call of the engine, so they become rarer. */
const firstPauseMs = 10;
const longestPauseMs = 200;

/** How the containers of this host look, as far as it is known only when the engine was asked. */
export type SettingsOf = (sandbox: SandboxSpec) => Promise<ContainerSettings>;

/**
 * One container a run, removed by the engine itself when it has ended. That was chosen over one container a sandbox with
 * the runs executed in it because the end of the container is the end of everything that the run started, whatever it
 * forked, also when no new process could be started to kill it; because limits hold for the run; and because the engine
 * removes it when this host is gone. What Muster promises between two runs is files, and those are mounted.
 *
 * A run's container has a name of its own, so that the engine makes it once at most; and the wrapper in it makes `started`,
 * as everywhere.
 */
export class DockerRuns implements RunDriver {
  readonly #engine: DockerEngine;
  readonly #settings: SettingsOf;
  readonly #programs: GuestPrograms;
  readonly #clock: Clock;
  readonly #onStarted: (launch: SandboxLaunch, sandbox: SandboxSpec) => void;
  /** Runs whose container is on its way. */
  readonly #starting = new UnderWay<RunId>();

  constructor(options: {
    readonly engine: DockerEngine;
    readonly settings: SettingsOf;
    readonly programs: GuestPrograms;
    readonly clock: Clock;
    readonly onStarted: (launch: SandboxLaunch, sandbox: SandboxSpec) => void;
  }) {
    this.#engine = options.engine;
    this.#settings = options.settings;
    this.#programs = options.programs;
    this.#clock = options.clock;
    this.#onStarted = options.onStarted;
  }

  async start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    await this.#starting.run(launch.run, () => this.#start(launch, signal));
  }

  async isAlive(run: RunId): Promise<boolean> {
    if (this.#starting.has(run)) return true;
    return (await this.#inspect(run))?.State.Running === true;
  }

  async stop(run: RunId, { graceMs }: { readonly graceMs: number }): Promise<void> {
    // What is not there yet cannot be ended, and would begin afterwards.
    await this.#starting.over(run);
    const found = await this.#inspect(run);
    if (!found) return;
    const container = this.#engine.docker.getContainer(found.Id);
    if (found.State.Running && graceMs > 0) {
      await this.#engine.call(() => unlessGone(container.kill({ signal: 'SIGTERM' })));
      if (await this.#isGone(run, graceMs)) return;
    }
    await this.#engine.call(() => unlessGone(container.remove({ force: true })));
    if (await this.#isGone(run, unstoppableMs)) return;
    throw new AppError('run.unstoppable', `The container of run ${run} cannot be ended.`, { run, pids: [] });
  }

  async #start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    const { run } = launch;
    const spec = requireSpec(launch);
    requireFolder(spec, launch.cwd);
    const settings = await this.#settings(spec);
    await this.#programs.require(launch, spec, settings, signal);
    signal.throwIfAborted();
    try {
      const container = await this.#engine.call(() =>
        this.#engine.docker.createContainer(runContainer(launch, spec, settings)),
      );
      await this.#engine.call(() => container.start());
      this.#onStarted(launch, spec);
    } catch (error) {
      const status = statusOf(error);
      // Somebody else starts the same run: its wrapper is the only one.
      if (status === 409) return;
      if (status === undefined) throw error;
      await this.stop(run, { graceMs: 0 });
      throw notStarted(run, error);
    }
  }

  async #inspect(run: RunId): Promise<Docker.ContainerInspectInfo | undefined> {
    const container = this.#engine.docker.getContainer(runContainerName(run));
    return this.#engine.call(() => unlessGone(container.inspect()));
  }

  async #isGone(run: RunId, withinMs: number): Promise<boolean> {
    const until = this.#clock.awake() + withinMs;
    const never = new AbortController().signal;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      if (!(await this.#inspect(run))) return true;
      const left = until - this.#clock.awake();
      if (left <= 0) return false;
      await this.#clock.sleep(Math.min(pause, left), never);
    }
  }
}

/** A refusal of the engine as the error of a run's start. */
export function notStarted(run: RunId, error: unknown): AppError<'run.notStarted'> {
  const reason = refusalOf(error);
  const message = `The container of run ${run} could not be started: ${reason}.`;
  return new AppError('run.notStarted', message, { run, reason }, { cause: error });
}
