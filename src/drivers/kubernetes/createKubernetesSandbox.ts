import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { KubernetesSpec } from '../../compose/projectSpec.js';
import type { PlaceCapacity } from '../../core/sandboxes/placeCapacity.js';
import type { CheckedPlace, PlaceWatching } from '../../core/sandboxes/placeCheck.js';
import type { SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';
import type { HistoryDriver } from '../../core/workspaces/historyDriver.js';
import { Doors } from '../guests/doors.js';
import { checkCluster } from './check/checkCluster.js';
import { ClusterRoom } from './clusterRoom.js';
import type { ClusterSources } from './clusterSources.js';
import { KubernetesCluster } from './kubernetesCluster.js';
import { KubernetesSandboxDriver } from './kubernetesSandboxDriver.js';

export interface KubernetesOptions {
  readonly stateDir: string;
  readonly programs: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What a cluster lacks of the history of a repository. */
  readonly histories: HistoryDriver;
}

/** The clusters that sandboxes of this host are in, each found when it is first asked for. */
export class KubernetesSandboxes implements Disposable {
  readonly #options: KubernetesOptions;
  readonly #doors: Doors;
  readonly #places = new Map<string, KubernetesSandboxDriver>();
  /** Of each cluster one, however many namespaces of it are used. */
  readonly #rooms = new Map<string, ClusterRoom>();

  constructor(options: KubernetesOptions) {
    this.#options = options;
    // Sockets of its own: those of containers are opened anew by whoever comes first.
    this.#doors = new Doors({ folder: join(options.stateDir, 'pod-doors'), log: options.log });
  }

  /** Errors: `sandbox.unavailable` when no cluster is found, or it does not answer. */
  async on(sources: ClusterSources): Promise<SandboxDriver> {
    const driver = this.#driverOf(sources);
    await driver.takeUp();
    return driver;
  }

  /** What the processes of a facade answer. Errors: those of {@link on}. */
  async ask(sources: ClusterSources, facade: string, word: string): Promise<readonly string[]> {
    return await this.#driverOf(sources).ask(facade, word);
  }

  #driverOf(sources: ClusterSources): KubernetesSandboxDriver {
    const key = placeKey(sources);
    let driver = this.#places.get(key);
    if (!driver) {
      driver = new KubernetesSandboxDriver({
        ...this.#options,
        cluster: KubernetesCluster.find(sources),
        doors: this.#doors,
      });
      this.#places.set(key, driver);
    }
    return driver;
  }

  /** What room there is for pods of an agent, without a look at what is there of earlier hosts. Errors: as of {@link on}. */
  async capacityOf(sources: ClusterSources, driver: KubernetesSpec): Promise<PlaceCapacity> {
    const runs = this.#places.get(placeKey(sources))?.runsLike(driver) ?? { atWork: 0, waiting: [] };
    return await this.#roomOf(sources).capacityOf(driver, runs);
  }

  /** Errors: the signal's reason; what does not answer is a finding. */
  async check(sources: ClusterSources, place: CheckedPlace, watching: PlaceWatching): Promise<void> {
    await checkCluster(sources, place, watching, this.#options);
  }

  async dispose(): Promise<void> {
    for (const driver of this.#places.values()) driver.dispose();
    await this.#doors.dispose();
  }

  #roomOf(sources: ClusterSources): ClusterRoom {
    const key = placeKey({ ...sources, namespace: undefined });
    const known = this.#rooms.get(key);
    if (known) return known;
    const room = new ClusterRoom(KubernetesCluster.find(sources), this.#options.clock);
    this.#rooms.set(key, room);
    return room;
  }
}

function placeKey({ context, namespace, environment }: ClusterSources): string {
  return JSON.stringify([context, namespace, environment['KUBECONFIG']]);
}
