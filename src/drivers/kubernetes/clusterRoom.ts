import type { V1Container, V1Node, V1Pod } from '@kubernetes/client-node';
import { quantityToScalar } from '@kubernetes/client-node/dist/util.js';
import { within } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import { textField } from '../../base/unknownFields.js';
import type { KubernetesSpec } from '../../compose/projectSpec.js';
import type { PlaceCapacity, Share } from '../../core/sandboxes/placeCapacity.js';
import { SharedLook } from '../guests/sharedLook.js';
import { refusalOf, statusOf, type KubernetesCluster } from './kubernetesCluster.js';
import { keptOff, outOfUse } from './nodeFit.js';

/** Whoever watches is told what was seen so long ago. */
const freshMs = 10_000;
/** Rights are given by people. */
const refusedMs = 5 * 60_000;
/** A server that says nothing for so long is told as one that does not answer. */
const patienceMs = 5_000;
/** How many objects are asked for at once, and how often at most: of a cluster with more nobody adds up what was asked for. */
const pageSize = 500;
const mostPages = 20;

interface Asks {
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** What the cluster itself tells of its nodes, as far as it may be seen. */
export interface SeenNodes {
  readonly nodes?: readonly V1Node[] | undefined;
  /** What the pods on each node ask for, whosever they are. */
  readonly asked?: ReadonlyMap<string, Asks> | undefined;
  /** Why one of these is missing. */
  readonly unknown?: string | undefined;
}

/** What runs of this host are at, at a place of the cluster. */
export type RunsThere = Pick<PlaceCapacity, 'atWork' | 'waiting'>;

/** The nodes of a cluster, looked at for all who ask. */
export class ClusterRoom {
  readonly #cluster: KubernetesCluster;
  readonly #clock: Clock;
  readonly #look: SharedLook<SeenNodes>;
  #refused: { readonly at: number; readonly seen: SeenNodes } | undefined;

  constructor(cluster: KubernetesCluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#look = new SharedLook(() => this.#see(), { clock, freshMs });
  }

  /** What there is for pods of an agent. A server that does not answer keeps nobody from what is known here. */
  async capacityOf(driver: KubernetesSpec, runs: RunsThere): Promise<PlaceCapacity> {
    return capacityFor(driver, { name: this.#nameFor(driver), seen: await this.#seen(), runs });
  }

  async #seen(): Promise<SeenNodes> {
    const looking = this.#look.get();
    if ((await within(looking, { ms: patienceMs, clock: this.#clock })) === 'late')
      return { unknown: `The cluster ${this.#cluster.name} does not answer.` };
    try {
      return await looking;
    } catch (error) {
      return { unknown: errorMessage(error) };
    }
  }

  #nameFor({ nodeSelector = [], namespace = this.#cluster.namespace }: KubernetesSpec): string {
    const { name } = this.#cluster;
    const nodes = nodeSelector.map(label => `${label.name}=${label.value}`).join(', ');
    return `${name === '' ? namespace : `${name}/${namespace}`}${nodes === '' ? '' : ` (${nodes})`}`;
  }

  async #see(): Promise<SeenNodes> {
    const { core } = this.#cluster;
    if (this.#refused && this.#clock.awake() - this.#refused.at < refusedMs) return this.#refused.seen;
    this.#refused = undefined;
    const nodes = await this.#all(continued => core.listNode({ limit: pageSize, ...continued }));
    if (!Array.isArray(nodes)) return this.#keep({ unknown: `nodes: ${nodes}` });
    // Those that are over take nothing.
    const fieldSelector = 'status.phase!=Succeeded,status.phase!=Failed';
    const pods = await this.#all(continued =>
      core.listPodForAllNamespaces({ limit: pageSize, fieldSelector, ...continued }),
    );
    if (!Array.isArray(pods)) return this.#keep({ nodes, unknown: `pods of all namespaces: ${pods}` });
    return { nodes, asked: askedByNode(pods) };
  }

  /** Rights that are missing are not asked about again and again; how the nodes are by then nobody knows. */
  #keep(seen: SeenNodes): SeenNodes {
    if (!seen.nodes) this.#refused = { at: this.#clock.awake(), seen };
    return seen;
  }

  /** All objects of a kind, or why they are not to be had. Errors: `sandbox.unavailable`. */
  async #all<T>(list: (continued: { readonly _continue?: string }) => Promise<Listed<T>>): Promise<T[] | string> {
    const items: T[] = [];
    let next = '';
    try {
      for (let page = 0; page < mostPages; page++) {
        const asked = next === '' ? {} : { _continue: next };
        const answer = await this.#cluster.call(() => list(asked));
        items.push(...answer.items);
        next = textField(answer.metadata, '_continue');
        if (next === '') return items;
      }
      return `there are more than ${pageSize * mostPages}`;
    } catch (error) {
      if (statusOf(error) === undefined) throw error;
      return refusalOf(error);
    }
  }
}

interface Listed<T> {
  readonly items: T[];
  readonly metadata?: object;
}

/** What of a cluster's nodes is for pods of an agent. */
export function capacityFor(
  driver: KubernetesSpec,
  { name, seen, runs }: { readonly name: string; readonly seen: SeenNodes; readonly runs: RunsThere },
): PlaceCapacity {
  const { nodes, asked, unknown } = seen;
  const known = { name, ...runs, ...(unknown !== undefined && { unknown }) };
  if (!nodes) return known;
  const own = nodes.filter(node => keptOff(node, driver) === undefined);
  const ready = own.filter(node => outOfUse(node, driver) === undefined);
  const share = (what: 'cpu' | 'memory', of: keyof Asks): Share => {
    const has = ready.reduce((sum, { status }) => sum + scalar(status?.allocatable?.[what]), 0);
    if (!asked) return { has };
    return { has, asked: ready.reduce((sum, { metadata }) => sum + (asked.get(metadata?.name ?? '')?.[of] ?? 0), 0) };
  };
  const machines = { ready: ready.length, all: own.length };
  return { ...known, machines, cpus: share('cpu', 'cpus'), memoryBytes: share('memory', 'memoryBytes') };
}

/** What pods ask for, by the node that they are on. */
export function askedByNode(pods: readonly V1Pod[]): ReadonlyMap<string, Asks> {
  const byNode = new Map<string, Asks>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    if (node === undefined) continue;
    const { cpus, memoryBytes } = byNode.get(node) ?? { cpus: 0, memoryBytes: 0 };
    byNode.set(node, {
      cpus: cpus + askedOf(pod, 'cpu'),
      memoryBytes: memoryBytes + askedOf(pod, 'memory'),
    });
  }
  return byNode;
}

/** As the scheduler counts it: what works at the same time, or the most that comes before it. */
function askedOf({ spec }: V1Pod, what: 'cpu' | 'memory'): number {
  const of = ({ resources }: Pick<V1Container, 'resources'>): number => scalar(resources?.requests?.[what]);
  const sum = (all: readonly V1Container[]): number => all.reduce((total, each) => total + of(each), 0);
  const before = spec?.initContainers ?? [];
  const staying = before.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const passing = before.filter(({ restartPolicy }) => restartPolicy !== 'Always');
  const together = sum([...(spec?.containers ?? []), ...staying]);
  const whole = spec?.resources?.requests?.[what];
  const counted =
    whole === undefined ? Math.max(together, sum(staying) + Math.max(0, ...passing.map(of))) : scalar(whole);
  return counted + scalar(spec?.overhead?.[what]);
}

function scalar(quantity: string | undefined): number {
  return Number(quantityToScalar(quantity ?? '0'));
}
