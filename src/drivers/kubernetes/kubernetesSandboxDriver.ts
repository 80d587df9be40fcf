import type { V1Pod } from '@kubernetes/client-node';
import { isId, type RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Clock } from '../../base/clock.js';
import type { OnImageStep } from '../../core/images/image.js';
import type {
  EntryCommand,
  ForwardedPort,
  Guest,
  GuestFacade,
  InsidePort,
  RunDriver,
  SandboxDriver,
  SandboxInspection,
  SandboxRef,
  SandboxSpec,
  SandboxStats,
} from '../../core/sandboxes/sandboxDriver.js';
import type { KubernetesSpec } from '../../compose/projectSpec.js';
import type { HistoryDriver } from '../../core/workspaces/historyDriver.js';
import type { Doors } from '../guests/doors.js';
import { allowedHosts, egressFolder, egressPort, openWays, type Door } from '../guests/egress.js';
import { makeGuestFolders } from '../guests/guestFolders.js';
import { guestObjects, guestPaths, isolatedGuest } from '../guests/guestPaths.js';
import { forwardPort, portEnd } from '../guests/portForward.js';
import { inspectionOf, removeSandboxFolder, togetherUsed } from '../guests/sandboxState.js';
import type { SentRun } from '../guests/sentRuns.js';
import { isCacheClaim } from './cacheClaim.js';
import { requireClosed } from './closedPolicy.js';
import type { RunsThere } from './clusterRoom.js';
import { askFacade, facadeName, facadeOf, requireWayToFacade } from './facadeService.js';
import { startInside } from './insidePod.js';
import { unavailable } from './clusterSources.js';
import type { KubernetesCluster } from './kubernetesCluster.js';
import { intoPods } from './intoPods.js';
import { keeperOf, presentPod, type PodPlace } from './podContainer.js';
import { PodRuns } from './podRuns.js';
import { eventsOf } from './podEvents.js';
import { isReady } from './podState.js';
import { isMadeLike, sameNodes } from './nodeFit.js';
import { usageOf } from './podUsage.js';
import { PodWatch } from './podWatch.js';
import { containers, labels } from './runJob.js';
import { stateMark } from './stateMark.js';

export interface KubernetesSandboxOptions {
  readonly cluster: KubernetesCluster;
  /** Absolute. */
  readonly stateDir: string;
  /** Folder of Muster's own programs. */
  readonly programs: string;
  readonly doors: Doors;
  readonly clock: Clock;
  readonly log: Log;
  readonly histories: HistoryDriver;
}

/**
 * Pods of one namespace. A sandbox is a folder of the state directory (home) with the workspace beside it; what runs in it are Jobs, one
 * a run, to which both travel.
 */
export class KubernetesSandboxDriver implements SandboxDriver, Disposable {
  readonly borrowedObjects = guestObjects;
  readonly #options: KubernetesSandboxOptions;
  readonly #place: PodPlace;
  readonly #watch: PodWatch;
  readonly #runs: PodRuns;
  /** Ports of this machine that the runs of a sandbox may reach. */
  readonly #reached = new Map<SandboxRef['id'], Set<number>>();
  #takingUp: Promise<void> | undefined;

  constructor(options: KubernetesSandboxOptions) {
    const { cluster, clock, log, stateDir } = options;
    this.#options = options;
    const state = stateMark(stateDir);
    this.#watch = new PodWatch({ cluster, state, clock, log });
    this.#place = { cluster, clock, watch: this.#watch };
    this.#runs = new PodRuns({
      ...this.#place,
      log,
      state,
      stateDir,
      programsFolder: options.programs,
      histories: options.histories,
      waysOf: spec => this.#ways(spec),
    });
  }

  /** Looks once after what an earlier host left; and again after a failure. */
  takeUp(): Promise<void> {
    this.#takingUp ??= this.#runs.takeUp(sent => this.#reopen(sent));
    // Thrown to whoever asked, and not kept.
    this.#takingUp.catch(() => (this.#takingUp = undefined));
    return this.#takingUp;
  }

  async ensure(spec: SandboxSpec, signal: AbortSignal, _onStep?: OnImageStep): Promise<Guest> {
    const { stateDir, programs } = this.#options;
    if (spec.image === undefined)
      throw unavailable(`Agent ${spec.agent} runs in a cluster and names no image.`, 'no image');
    if (spec.image.build)
      throw unavailable(
        `Agent ${spec.agent} builds its image, which a cluster does not. Push it to a registry, and write image: with its name there.`,
        'no builds',
      );
    const bound = spec.mounts?.find(({ type }) => type === 'bind');
    if (bound)
      throw unavailable(
        `Agent ${spec.agent} gets ${bound.source} of this machine, which no pod has. Name a persistent volume claim of the namespace as the source of its volume.`,
        'no binds',
      );
    const cached = spec.mounts?.find(({ source }) => isCacheClaim(source));
    if (cached)
      throw unavailable(
        `Agent ${spec.agent} gets ${cached.source}, which is the cache of a repository: agents read it and write nothing to it. Name another claim.`,
        'a cache is no volume',
      );
    makeGuestFolders(spec, stateDir);
    if (spec.network !== 'full') await requireClosed(this.#options.cluster);
    const facade = await this.#facade(spec);
    signal.throwIfAborted();
    return isolatedGuest(spec, {
      programs,
      asRoot: false,
      hasMail: false,
      hasPipes: false,
      facade,
      // Its relay listens at the same number: what a port is called does not depend on where somebody is.
      reach: port => {
        this.#portsOf(spec).add(port);
        return { host: '127.0.0.1', port };
      },
    });
  }

  /** Where the runs of a sandbox reach models, if not through this machine. */
  async #facade({ driver, network }: SandboxSpec): Promise<GuestFacade | undefined> {
    if (driver.name !== 'kubernetes' || driver.facade === undefined) return undefined;
    const { cluster } = this.#options;
    const address = await facadeOf(cluster, driver.facade);
    if (network !== 'full') await requireWayToFacade(cluster, driver.facade);
    const { name, namespace } = facadeName(driver.facade, cluster);
    const place = { facade: `${name}.${namespace}`, context: driver.context, namespace: cluster.namespace };
    return { ...address, place };
  }

  /** Says the host's word to each process of a facade in this cluster. Errors: `sandbox.unavailable`. */
  async ask(facade: string, word: string): Promise<readonly string[]> {
    return await askFacade(this.#options.cluster, facade, word);
  }

  async resume(spec: SandboxSpec, signal: AbortSignal): Promise<void> {
    await this.ensure(spec, signal);
  }

  runsIn(): RunDriver {
    return this.#runs;
  }

  async stop(sandbox: SandboxRef, options: { readonly graceMs: number }): Promise<void> {
    for (const [run] of await this.#podsOf(sandbox)) await this.#runs.stop(run, options);
  }

  async remove(sandbox: SandboxRef): Promise<void> {
    await this.stop(sandbox, { graceMs: 0 });
    await removeSandboxFolder(this.#options.stateDir, sandbox);
  }

  async inspect(sandbox: SandboxRef): Promise<SandboxInspection> {
    const inspection = inspectionOf(this.#options.stateDir, sandbox, await this.#atWork(sandbox));
    const latest = (await this.#podsOf(sandbox)).at(-1)?.[1];
    return { ...inspection, node: latest?.spec?.nodeName, phase: latest?.status?.phase };
  }

  async happenings(sandbox: SandboxRef): Promise<readonly string[]> {
    const { cluster } = this.#options;
    const pods = await this.#podsOf(sandbox);
    const told = await Promise.all(pods.map(([, pod]) => eventsOf(cluster, pod.metadata?.name ?? '')));
    return told.flat();
  }

  async stats(sandbox: SandboxRef): Promise<SandboxStats | undefined> {
    const { cluster, clock } = this.#options;
    const pods = await this.#atWork(sandbox);
    return togetherUsed(
      await Promise.all(pods.map(pod => usageOf({ cluster, pod, container: containers.agent }, clock))),
    );
  }

  /** By a program of Muster's own; by kubectl where that is not there. */
  async enter(spec: SandboxSpec): Promise<EntryCommand> {
    const { cluster } = this.#options;
    const [pod] = await this.#atWork(spec);
    if (pod === undefined)
      throw unavailable(
        `Nothing of sandbox ${spec.id} runs. A pod is there while its run is at work, and only then can be entered.`,
        'not running',
      );
    const command = intoPods(cluster, this.#options.programs);
    // Words of a command follow.
    const place = `cd ${guestPaths.workspace} && exec "$@"`;
    const inside = ['--container', containers.agent, pod, '--', '/bin/sh', '-c', place, 'sh'];
    return { command: [...command, ...inside], terminal: [...command, '--tty', ...inside] };
  }

  async forward(sandbox: SandboxRef, { port, run }: InsidePort, signal: AbortSignal): Promise<ForwardedPort> {
    const found = (await this.#podsOf(sandbox)).find(
      ([each, pod]) => isReady(pod) && (run === undefined || each === run),
    );
    if (!found)
      throw unavailable(`Nothing of sandbox ${sandbox.id} runs, so no port of it can be reached.`, 'not running');
    return await forwardPort(async socket => {
      const program = await startInside(
        keeperOf(this.#place, presentPod(this.#place, found[0])),
        portEnd(port),
        'input',
      );
      socket.once('close', () => program.end());
      program.output.once('error', () => socket.destroy());
      program.output.pipe(socket);
      socket.pipe(program.input);
    }, signal);
  }

  /** What the runs are at that are made as the pods of an agent; nothing is asked of the cluster. */
  runsLike(driver: KubernetesSpec): RunsThere {
    const atWork = this.#watch.all().filter(([, pod]) => isReady(pod) && isMadeLike(pod, driver)).length;
    const waits = this.#runs.waits().filter(each => sameNodes(each.driver, driver));
    return { atWork, waiting: waits.map(({ words }) => words) };
  }

  dispose(): void {
    this.#runs.dispose();
    this.#watch.dispose();
  }

  /** Names of pods that can be entered; others wait for the cluster. */
  async #atWork(sandbox: Pick<SandboxRef, 'id'>): Promise<readonly string[]> {
    const pods = await this.#podsOf(sandbox);
    return pods.filter(([, pod]) => isReady(pod)).map(([, pod]) => pod.metadata?.name ?? '');
  }

  /** By run. */
  async #podsOf({ id }: Pick<SandboxRef, 'id'>): Promise<readonly (readonly [RunId, V1Pod])[]> {
    await this.#watch.begin();
    return this.#watch.all().filter(([, pod]) => pod.metadata?.labels?.[labels.sandbox] === id && isId<'sandbox'>(id));
  }

  async #ways(spec: SandboxSpec): Promise<readonly Door[]> {
    return await openWays(this.#options, spec, { ports: [...this.#portsOf(spec)], allowed: allowedHosts(spec) });
  }

  /** What a run of an earlier host reaches this machine through. */
  #reopen({ sandbox: id, ports, allowed }: SentRun): ReadonlyMap<number, string> {
    const { stateDir, doors, log } = this.#options;
    const hosts = ports.includes(egressPort) ? allowed : undefined;
    openWays({ doors, stateDir }, { id }, { ports, allowed: hosts }).catch((error: unknown) =>
      log.warn('What a pod reaches this machine through could not be opened', { reason: String(error) }),
    );
    return new Map(
      ports.map(port => [port, port === egressPort ? egressFolder(stateDir, { id }) : doors.folderOf(port)]),
    );
  }

  #portsOf({ id }: Pick<SandboxRef, 'id'>): Set<number> {
    const ports = this.#reached.get(id) ?? new Set();
    this.#reached.set(id, ports);
    return ports;
  }
}
