import type { CoreV1Event } from '@kubernetes/client-node';
import type { Clock } from '../../base/clock.js';
import type { RunId } from '../../base/ids.js';
import type { KubernetesCluster } from './kubernetesCluster.js';
import { jobName } from './runJob.js';

/** A cluster that has no room says so in events, which nothing tells of by itself. */
const freshMs = 2_000;

/** What the cluster says about Jobs that get no pod: one look for all runs that wait for theirs, however many these are. */
export class JobRefusals {
  readonly #cluster: KubernetesCluster;
  readonly #clock: Pick<Clock, 'awake'>;
  #looked: { readonly at: number; readonly events: Promise<ReadonlyMap<string, readonly CoreV1Event[]>> } | undefined;

  constructor(cluster: KubernetesCluster, clock: Pick<Clock, 'awake'>) {
    this.#cluster = cluster;
    this.#clock = clock;
  }

  /** Errors: `sandbox.unavailable` when the server does not answer; what it refuses. */
  async of(run: RunId): Promise<readonly CoreV1Event[]> {
    const now = this.#clock.awake();
    if (!this.#looked || now - this.#looked.at >= freshMs) this.#looked = { at: now, events: this.#look() };
    return (await this.#looked.events).get(jobName(run)) ?? [];
  }

  async #look(): Promise<ReadonlyMap<string, readonly CoreV1Event[]>> {
    const { namespace, core } = this.#cluster;
    const fieldSelector = 'involvedObject.kind=Job,reason=FailedCreate';
    const { items } = await this.#cluster.call(() => core.listNamespacedEvent({ namespace, fieldSelector }));
    return Map.groupBy(items, ({ involvedObject }) => involvedObject.name ?? '');
  }
}
