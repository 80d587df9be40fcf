import type Docker from 'dockerode';
import { AppError, isAppError } from '../../base/errors.js';
import type { Clock } from '../../base/clock.js';
import { isId, type RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { UnderWay } from '../../base/underWay.js';
import type { RunDriver, SandboxLaunch } from '../../core/sandboxes/sandboxDriver.js';
import { labels, runContainer, runContainerName, volumesOfRun } from './containerOptions.js';
import { requireFolder, requireSpec } from '../guests/guestFolders.js';
import { notStarted, type SettingsOf } from './dockerRuns.js';
import { found, statusOf, unlessGone, type DockerEngine } from './dockerEngine.js';
import type { GuestPrograms } from './guestPrograms.js';
import { engineContainer } from './insideContainer.js';
import { packRun } from './packRun.js';
import { guestLimits } from '../guests/guestLimits.js';
import { FollowedRuns } from '../guests/followedRuns.js';
import { RunMirror, type RemoteRun } from '../guests/runMirror.js';
import { SentRuns } from '../guests/sentRuns.js';

const pauseMs = 200;
const unstoppableMs = 60_000;

interface RemoteRunsOptions {
  readonly engine: DockerEngine;
  readonly settings: SettingsOf;
  readonly programs: GuestPrograms;
  readonly stateDir: string;
  readonly programsFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Runs on an engine to which this machine's folders mean nothing. The worktree, the git directory with the objects that it borrows and
 * the run's directory travel there as a tar, into volumes of the run; what the run says is followed through the engine, into the same
 * files here that every other run has; and when it has ended, its files and its git directory come back the same way, before the
 * file that says that it ended. So nothing else of the host knows where a run was.
 *
 * Its container stays until all of that is here, also when the host ends meanwhile: the next one goes on.
 */
export class RemoteRuns implements RunDriver, Disposable {
  readonly #options: RemoteRunsOptions;
  readonly #starting = new UnderWay<RunId>();
  readonly #following: FollowedRuns;
  /** Those that are not back yet. */
  readonly sent: SentRuns;

  constructor(options: RemoteRunsOptions) {
    this.#options = options;
    this.#following = new FollowedRuns(options);
    this.sent = new SentRuns(options.stateDir);
  }

  async start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    if (this.#starting.has(launch.run)) return await this.#starting.over(launch.run);
    await this.#starting.run(launch.run, () => this.#start(launch, signal));
  }

  async isAlive(run: RunId): Promise<boolean> {
    if (this.#starting.has(run) || this.#following.has(run)) return true;
    return (await this.#inspect(run)) !== undefined;
  }

  async whyLost(run: RunId): Promise<string | undefined> {
    return this.#following.whyLost(run);
  }

  async stop(run: RunId, { graceMs }: { readonly graceMs: number }): Promise<void> {
    const { engine, clock } = this.#options;
    await this.#starting.over(run);
    const container = engine.docker.getContainer(runContainerName(run));
    const until = clock.awake() + graceMs;
    const never = new AbortController().signal;
    let signalled: 'SIGTERM' | 'SIGKILL' | undefined;
    for (;;) {
      const state = (await this.#inspect(run))?.State;
      if (!state) break;
      const left = until - clock.awake();
      if (left < -unstoppableMs)
        throw new AppError('run.unstoppable', `The container of run ${run} cannot be ended.`, { run, pids: [] });
      const wanted = left > 0 ? 'SIGTERM' : 'SIGKILL';
      if (state.Running && signalled !== wanted) {
        signalled = wanted;
        await engine.call(() => unlessGone(container.kill({ signal: wanted })));
      }
      // One that nobody follows was never started.
      if (!state.Running && !this.#following.has(run)) await this.#remove(run);
      await clock.sleep(pauseMs, never);
    }
    await this.#following.over(run);
  }

  /** Goes on with what an earlier host began. */
  adopt(remote: RemoteRun): void {
    this.#follow(remote);
  }

  /** What an earlier host packed for runs that it did not start. */
  async removePacked(packed: readonly Docker.ContainerInfo[]): Promise<void> {
    const { engine } = this.#options;
    for (const { Id: id, Labels: own } of packed) {
      await engine.call(() => unlessGone(engine.docker.getContainer(id).remove({ force: true })));
      const run = own[labels.run];
      if (run !== undefined && isId<'run'>(run) && !(await this.#inspect(run))) await this.#remove(run);
    }
  }

  dispose(): void {
    this.#following.dispose();
  }

  async #start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    const { engine, settings: settingsOf, programs, stateDir, programsFolder } = this.#options;
    const { run } = launch;
    const spec = requireSpec(launch);
    requireFolder(spec, launch.cwd);
    // What was packed would be written over what its container wrote by now.
    if (await this.#inspect(run)) return;
    const settings = await settingsOf(spec);
    await programs.require(launch, spec, settings, signal);
    signal.throwIfAborted();
    const doors = new Map(settings.doors.map(({ port, folder }) => [port, folder]));
    const { folder: workspace, readOnly = false } = spec.workspace;
    const { diskBytes } = guestLimits(spec);
    const remote = { run, sandbox: spec.id, workspace, readOnly, doors, diskBytes };
    const allowed = typeof spec.network === 'string' ? [] : spec.network;
    this.sent.write({ run, sandbox: spec.id, workspace, readOnly, ports: [...doors.keys()], allowed, diskBytes });
    try {
      await packRun(engine, { run, spec, settings, stateDir, programsFolder });
      signal.throwIfAborted();
      const container = await engine.call(() => engine.docker.createContainer(runContainer(launch, spec, settings)));
      await engine.call(() => container.start());
    } catch (error) {
      if (statusOf(error) === 409) return;
      await this.#remove(run);
      this.sent.forget(remote);
      if (statusOf(error) === undefined) throw error;
      throw notStarted(run, error);
    }
    this.#follow(remote);
  }

  #follow(remote: RemoteRun): void {
    const { engine, stateDir } = this.#options;
    const { run } = remote;
    const container = engine.docker.getContainer(runContainerName(run));
    const mirror = new RunMirror(stateDir, remote, engineContainer(this.#options, container));
    this.#following.begin({
      run,
      mirror,
      fetch: signal => mirror.take(signal),
      remove: async () => {
        await this.#remove(run);
        this.sent.forget(remote);
      },
      whyGone: error => (statusOf(error) === 404 ? 'The container of the run was removed.' : undefined),
      isElsewhere: error => isAppError(error, 'sandbox.unavailable') || statusOf(error) !== undefined,
    });
  }

  async #inspect(run: RunId): Promise<Docker.ContainerInspectInfo | undefined> {
    const { engine } = this.#options;
    return await engine.call(() => found(engine.docker.getContainer(runContainerName(run)).inspect()));
  }

  /** The container and what it alone had; the home folder stays. */
  async #remove(run: RunId): Promise<void> {
    const { engine } = this.#options;
    await engine.call(() => unlessGone(engine.docker.getContainer(runContainerName(run)).remove({ force: true })));
    for (const name of volumesOfRun(run)) await engine.call(() => unlessGone(engine.docker.getVolume(name).remove()));
  }
}
