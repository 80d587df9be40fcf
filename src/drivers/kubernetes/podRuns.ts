import { join } from 'node:path';
import { AppError, errorMessage, isAnyAppError, isAppError } from '../../base/errors.js';
import { isId, type RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { UnderWay } from '../../base/underWay.js';
import type { KubernetesSpec } from '../../compose/projectSpec.js';
import type { OnImageStep } from '../../core/images/image.js';
import type { RunDriver, SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import type { HistoryDriver } from '../../core/workspaces/historyDriver.js';
import { lookAt } from '../../node/looks.js';
import { runFiles, runPath } from '../../node/runFiles.js';
import { claimStart } from '../guests/claimStart.js';
import { allowedHosts, type Door } from '../guests/egress.js';
import { requireFolder, requireSpec, sandboxFolder } from '../guests/guestFolders.js';
import { guestLimits } from '../guests/guestLimits.js';
import { FollowedRuns } from '../guests/followedRuns.js';
import { RunMirror, type RemoteRun } from '../guests/runMirror.js';
import { SentRuns, type SentRun } from '../guests/sentRuns.js';
import type { CacheVolume } from './cacheClaim.js';
import { unavailable } from './clusterSources.js';
import { refusalOf, statusOf } from './kubernetesCluster.js';
import {
  besideAgent,
  podContainer,
  PodGone,
  presentPod,
  removeRun,
  type PodPlace,
  type RunPod,
} from './podContainer.js';
import { controlFiles, sayCommand } from './podScripts.js';
import { endedWhy, isAtWork } from './podState.js';
import { repositoryVolume, sendByCache } from './repositoryCache.js';
import { untilReady } from './podStart.js';
import { requirePrograms, sendRun } from './sendRun.js';
import { labels, runJob } from './runJob.js';

const unstoppableMs = 30_000;
const longestPauseMs = 500;

export interface PodRunsOptions extends PodPlace {
  readonly stateDir: string;
  /** The mark of this state directory in the cluster. */
  readonly state: string;
  readonly programsFolder: string;
  readonly log: Log;
  readonly histories: HistoryDriver;
  /** Opens what the runs of a sandbox reach of this machine. */
  readonly waysOf: (sandbox: SandboxSpec) => Promise<readonly Door[]>;
}

/**
 * One Job with one pod a run. As on an engine elsewhere, files travel: they go into volumes of the pod before its agent begins, what it
 * says is followed into the files here that every run has, and what it leaves comes back before `exit.json` does.
 *
 * A pod begins nothing by itself. The host sends the files, makes `started` here, which only one can, and then gives the word; so that a
 * pod which the cluster makes again, or which starts when its host is gone, does nothing. A host that dies before it made `started` leaves
 * a Job that the next one removes; after it, one that the next one gives the word again and follows.
 */
export class PodRuns implements RunDriver, Disposable {
  readonly #options: PodRunsOptions;
  readonly #starting = new UnderWay<RunId>();
  readonly #following: FollowedRuns;
  /** Ends the wait for a place in the cluster. */
  readonly #waiting = new Map<RunId, AbortController>();
  /** What those that have no place yet wait for, and as what pods they are made. */
  readonly #waits = new Map<RunId, { readonly words: string; readonly driver: KubernetesSpec }>();
  /** Those that are not back yet. */
  readonly sent: SentRuns;

  constructor(options: PodRunsOptions) {
    this.#options = options;
    this.#following = new FollowedRuns(options);
    this.sent = new SentRuns(options.stateDir);
  }

  async start(launch: SandboxLaunch, signal: AbortSignal, onStep?: OnImageStep): Promise<void> {
    const { run } = launch;
    if (this.#starting.has(run)) return await this.#starting.over(run);
    const stopped = new AbortController();
    this.#waiting.set(run, stopped);
    try {
      const either = AbortSignal.any([signal, stopped.signal]);
      await this.#starting.run(run, () => this.#start(launch, either, onStep));
    } finally {
      this.#waiting.delete(run);
      this.#waits.delete(run);
    }
  }

  /** What each run waits for that has no place in the cluster yet. */
  waits(): readonly { readonly words: string; readonly driver: KubernetesSpec }[] {
    return [...this.#waits.values()].filter(({ words }) => words !== '');
  }

  async isAlive(run: RunId): Promise<boolean> {
    if (this.#starting.has(run) || this.#following.has(run)) return true;
    await this.#options.watch.begin();
    const pod = this.#options.watch.podOf(run);
    return pod !== undefined && pod.metadata?.deletionTimestamp === undefined && isAtWork(pod);
  }

  async whyLost(run: RunId): Promise<string | undefined> {
    return this.#following.whyLost(run);
  }

  async stop(run: RunId, { graceMs }: { readonly graceMs: number }): Promise<void> {
    const { watch, clock } = this.#options;
    this.#waiting.get(run)?.abort(new AppError('cancelled', 'The run is stopped.', {}));
    await this.#starting.over(run);
    await watch.begin();
    const until = clock.awake() + graceMs;
    const never = new AbortController().signal;
    let said: 'term' | 'kill' | undefined;
    for (;;) {
      const pod = watch.podOf(run);
      if (!pod || !isAtWork(pod) || !this.#following.has(run)) break;
      const left = until - clock.awake();
      if (left < -unstoppableMs) await removeRun(this.#options, run);
      const wanted = left > 0 ? 'term' : 'kill';
      if (said !== wanted) await this.#say(run, wanted);
      said = wanted;
      await watch.untilChanged(run, never, left > 0 ? Math.min(left, longestPauseMs) : longestPauseMs);
    }
    // One that nobody follows was never begun, or has nothing that is not here.
    if (!this.#following.has(run) && watch.podOf(run)) await removeRun(this.#options, run);
    await this.#following.over(run);
  }

  /** Goes on with what an earlier host began, and removes what it did not come to begin. */
  async takeUp(doorsOf: (sent: ReturnType<SentRuns['find']> & object) => ReadonlyMap<number, string>): Promise<void> {
    const { stateDir, log, watch } = this.#options;
    await watch.begin();
    for (const [run, sent] of await this.#jobs()) {
      if (this.#starting.has(run) || this.#following.has(run)) continue;
      const record = sent && this.sent.find({ run, sandbox: sent });
      const started = await lookAt(join(runPath(stateDir, run), runFiles.started));
      if (record?.pod !== undefined && started?.isFile() === true) {
        this.#follow(record, doorsOf(record));
        continue;
      }
      log.info('A job that was not begun is removed', { run });
      await removeRun(this.#options, run);
      if (record) this.sent.forget(record);
    }
  }

  dispose(): void {
    this.#following.dispose();
  }

  async #start(launch: SandboxLaunch, signal: AbortSignal, onStep: OnImageStep | undefined): Promise<void> {
    const { stateDir, watch, waysOf, clock, log } = this.#options;
    const { run } = launch;
    const spec = requireSpec(launch);
    requireFolder(spec, launch.cwd);
    await watch.begin();
    // Begun already, or given up before it was.
    if (watch.podOf(run) || (await lookAt(join(runPath(stateDir, run), runFiles.started)))) return;
    const doors = await waysOf(spec);
    signal.throwIfAborted();
    const { folder: workspace, readOnly = false } = spec.workspace;
    const ports = doors.map(({ port }) => port);
    const { diskBytes } = guestLimits(spec);
    const allowed = allowedHosts(spec) ?? [];
    let record: SentRun = { run, sandbox: spec.id, workspace, readOnly, ports, allowed, diskBytes };
    this.sent.write(record);
    let pod: RunPod;
    try {
      const volume = await repositoryVolume(this.#options, spec, signal);
      if (!(await this.#createJob(run, spec, volume))) return;
      const onWait = (words: string): void => void this.#waits.set(run, { words, driver: kubernetesOf(spec) });
      await untilReady(this.#options, { run, image: spec.image?.name ?? '', signal, onStep, onWait });
      this.#waits.delete(run);
      pod = presentPod(this.#options, run);
      const sending = { launch, spec, pod, relay: doors.length > 0, signal };
      await requirePrograms(this.#options, sending);
      const began = clock.awake();
      const history = await sendByCache(this.#options, { volume, spec, pod, signal });
      if (history.note !== undefined) onStep?.({ id: '', text: history.note });
      await sendRun(this.#options, { ...sending, there: history.there });
      log.info('A run was sent to its pod', { run, ms: Math.round(clock.awake() - began) });
      record = { ...record, pod: pod.uid, note: history.note };
      this.sent.write(record);
      signal.throwIfAborted();
      if (!claimStart(runPath(stateDir, run))) throw new AppError('cancelled', 'The run was given up.', {});
    } catch (error) {
      await this.#removeFailed(run);
      this.sent.forget(record);
      if (isAppError(error, 'cancelled') && !signal.aborted) return;
      throw notStarted(run, error);
    }
    this.#follow(record, new Map(doors.map(({ port, folder }) => [port, folder])));
  }

  /** False when somebody else made it. */
  async #createJob(run: RunId, spec: SandboxSpec, volume: CacheVolume | undefined): Promise<boolean> {
    const { cluster, state } = this.#options;
    const { namespace } = cluster;
    const cacheClaim = volume && 'claim' in volume ? volume.claim : undefined;
    const body = runJob(run, { spec, driver: kubernetesOf(spec), state, cacheClaim });
    try {
      await cluster.call(() => cluster.batch.createNamespacedJob({ namespace, body }));
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return false;
      throw error;
    }
  }

  #remoteOf(
    { run, sandbox, workspace, readOnly, diskBytes }: Omit<RemoteRun, 'doors' | 'home'>,
    doors: ReadonlyMap<number, string>,
  ): RemoteRun {
    const home = join(sandboxFolder(this.#options.stateDir, sandbox), 'home');
    return { run, sandbox, workspace, readOnly, doors, home, diskBytes };
  }

  /** A cluster that does not answer for a while is asked again until it does: the pod goes on meanwhile. */
  #follow(record: SentRun, doors: ReadonlyMap<number, string>): void {
    const { stateDir, watch } = this.#options;
    const remote = this.#remoteOf(record, doors);
    const { run, note = '', pod: uid = '' } = record;
    const own = { run, uid };
    const mirror = new RunMirror(stateDir, remote, podContainer(this.#options, own));
    let hasBegun = false;
    this.#following.begin({
      run,
      mirror,
      fetch: async signal => {
        if (!hasBegun) await besideAgent(this.#options, own, sayCommand(controlFiles.go));
        hasBegun = true;
        await mirror.take(signal, async () => {
          const pod = watch.podOf(run);
          const why = pod && endedWhy(pod);
          const told = [note, why === undefined ? '' : endedByCluster(why)].filter(text => text !== '');
          return told.map(text => `\n${text}\n`).join('');
        });
      },
      remove: async () => {
        await removeRun(this.#options, run);
        this.sent.forget(remote);
      },
      whyGone: error => (error instanceof PodGone ? endedByCluster(error.why) : undefined),
      isElsewhere: error => isAnyAppError(error) || statusOf(error) !== undefined,
    });
  }

  async #say(run: RunId, word: 'term' | 'kill'): Promise<void> {
    try {
      await besideAgent(this.#options, presentPod(this.#options, run), sayCommand(controlFiles[word]));
    } catch (error) {
      this.#options.log.warn('A pod does not hear that it is to end', { run, reason: errorMessage(error) });
    }
  }

  /** By run, with the sandbox that its labels name; whether it was sent from there, {@link sent} alone knows. */
  async #jobs(): Promise<ReadonlyMap<RunId, RemoteRun['sandbox'] | undefined>> {
    const { cluster, state } = this.#options;
    const { namespace } = cluster;
    const { items } = await cluster.call(() =>
      cluster.batch.listNamespacedJob({ namespace, labelSelector: `${labels.state}=${state}` }),
    );
    return new Map(
      items.flatMap(({ metadata }): readonly (readonly [RunId, RemoteRun['sandbox'] | undefined])[] => {
        const { [labels.run]: run = '', [labels.sandbox]: sandbox = '' } = metadata?.labels ?? {};
        return isId<'run'>(run) ? [[run, isId<'sandbox'>(sandbox) ? sandbox : undefined]] : [];
      }),
    );
  }

  /** Why something failed matters more than what it leaves, which the next host finds. */
  async #removeFailed(run: RunId): Promise<void> {
    try {
      await removeRun(this.#options, run);
    } catch (error) {
      this.#options.log.warn('A job was left in the cluster', { run, reason: errorMessage(error) });
    }
  }
}

function endedByCluster(why: string): string {
  return `The cluster ended the run: ${why}.`;
}

function kubernetesOf({ driver }: SandboxSpec): KubernetesSpec {
  return driver.name === 'kubernetes' ? driver : { name: 'kubernetes' };
}

/** What the API server refused (the job, or a look at what becomes of it), as the error of a run's start. */
function notStarted(run: RunId, error: unknown): unknown {
  if (error instanceof PodGone)
    return unavailable(`The pod of run ${run} ended before it began: ${error.why}.`, error.why);
  if (isAnyAppError(error) || statusOf(error) === undefined) return error;
  const reason = refusalOf(error);
  const message = `The cluster refused what run ${run} needs to begin: ${reason}.`;
  return new AppError('run.notStarted', message, { run, reason }, { cause: error });
}
