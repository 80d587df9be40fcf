import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { CheckedPlace, PlaceWatching } from '../../core/sandboxes/placeCheck.js';
import type { SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';
import { Doors } from '../guests/doors.js';
import { checkCluster } from './check/checkCluster.js';
import { KubernetesCluster, type ClusterSources } from './kubernetesCluster.js';
import { KubernetesSandboxDriver } from './kubernetesSandboxDriver.js';

export interface KubernetesOptions {
  readonly stateDir: string;
  readonly programs: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The clusters that sandboxes of this host are in, each found when it is first asked for. */
export class KubernetesSandboxes implements Disposable {
  readonly #options: KubernetesOptions;
  readonly #doors: Doors;
  readonly #places = new Map<string, KubernetesSandboxDriver>();

  constructor(options: KubernetesOptions) {
    this.#options = options;
    // Sockets of its own: those of containers are opened anew by whoever comes first.
    this.#doors = new Doors({ folder: join(options.stateDir, 'pod-doors'), log: options.log });
  }

  /** Errors: `sandbox.unavailable` when no cluster is found, or it does not answer. */
  async on(sources: ClusterSources): Promise<SandboxDriver> {
    const { context, namespace, environment } = sources;
    const key = JSON.stringify([context, namespace, environment['KUBECONFIG']]);
    let driver = this.#places.get(key);
    if (!driver) {
      driver = new KubernetesSandboxDriver({
        ...this.#options,
        cluster: KubernetesCluster.find(sources),
        doors: this.#doors,
      });
      this.#places.set(key, driver);
    }
    await driver.takeUp();
    return driver;
  }

  /** Errors: the signal's reason; what does not answer is a finding. */
  async check(sources: ClusterSources, place: CheckedPlace, watching: PlaceWatching): Promise<void> {
    await checkCluster(sources, place, watching, this.#options);
  }

  async dispose(): Promise<void> {
    for (const driver of this.#places.values()) driver.dispose();
    await this.#doors.dispose();
  }
}
