import { randomBytes } from 'node:crypto';
import { errorMessage } from '../../../base/errors.js';
import type { Clock } from '../../../base/clock.js';
import type { Log } from '../../../base/log.js';
import type { CheckedPlace, PlaceFinding, PlaceWatching } from '../../../core/sandboxes/placeCheck.js';
import { closedPolicy, requireClosed } from '../closedPolicy.js';
import { KubernetesCluster, unlessMissing, type ClusterSources } from '../kubernetesCluster.js';
import { PodWatch } from '../podWatch.js';
import {
  finding,
  lookAtNamed,
  lookAtNamespace,
  lookAtNodes,
  lookAtQuota,
  lookAtRights,
  type Looking,
} from './clusterLooks.js';
import { lookByPods } from './podProbe.js';

const policyName = 'network policy';

interface CheckOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** Looks whether a cluster could take the runs of an agent, first by asking it, then by trying. Errors: the signal's reason. */
export async function checkCluster(
  sources: ClusterSources,
  { spec, command }: CheckedPlace,
  watching: PlaceWatching,
  options: CheckOptions,
): Promise<void> {
  const { onFinding, signal, fix } = watching;
  const driver = spec.driver.name === 'kubernetes' ? spec.driver : { name: 'kubernetes' as const };
  const findings: PlaceFinding[] = [];
  const tell = (...told: readonly PlaceFinding[]): void => {
    for (const each of told) {
      findings.push(each);
      onFinding(each);
    }
  };
  try {
    const cluster = KubernetesCluster.find(sources);
    const looking: Looking = { cluster, spec, driver, fix };
    const { gitVersion } = await cluster.call(() => cluster.version.getCode());
    const server = cluster.config.getCurrentCluster()?.server ?? '';
    tell(finding('ok', { name: 'API server', tried: `ask ${server}`, found: `Kubernetes ${gitVersion}` }));
    for (const look of [lookAtNamespace, lookAtNodes, lookAtQuota]) {
      tell(await look(looking));
      signal.throwIfAborted();
    }
    tell(...(await lookAtRights(looking)), ...(await lookAtNamed(looking)));
    if (spec.network !== 'full') tell(await lookAtPolicy(looking));
    signal.throwIfAborted();
    const lacking = findings.filter(({ status }) => status === 'fail');
    if (lacking.length > 0) {
      const names = lacking.map(({ name }) => name).join(', ');
      tell(finding('unknown', { name: 'pod', tried: 'nothing', found: `not tried before this is mended: ${names}` }));
      return;
    }
    const state = `check-${randomBytes(8).toString('hex')}`;
    const watch = new PodWatch({ cluster, state, ...options });
    try {
      await watch.begin();
      const place = { cluster, watch, clock: options.clock };
      const hasPolicy = findings.some(({ name, status }) => name === policyName && status === 'ok');
      await lookByPods({ place, hasPolicy, state, looking, command, watching: { ...watching, onFinding: tell } });
    } finally {
      watch.dispose();
    }
  } catch (error) {
    signal.throwIfAborted();
    const advice =
      'kubectl cluster-info shows whether you get there. Which cluster is meant: driver.kubernetes.context, else the current one.';
    tell(finding('fail', { name: 'API server', tried: 'ask the cluster', found: errorMessage(error), advice }));
  }
}

/** Errors: `sandbox.unavailable` when the server does not answer. */
async function lookAtPolicy({ cluster, fix }: Looking): Promise<PlaceFinding> {
  const { namespace, networking } = cluster;
  const name = closedPolicy;
  const words = { name: policyName, tried: `read the network policy ${name} of namespace ${namespace}` };
  try {
    const known = await cluster.call(() => unlessMissing(networking.readNamespacedNetworkPolicy({ namespace, name })));
    if (!known && !fix)
      return finding('warn', {
        ...words,
        found: 'it is not there, and is made with the first run',
        advice: 'Whether it is enforced is looked at with `muster cluster check --fix`, which makes it.',
      });
    await requireClosed(cluster);
    return finding('ok', { ...words, found: known ? 'it is there' : 'it was made', fixed: !known });
  } catch (error) {
    const advice =
      'Without it, agents are kept from nothing. Ask for the right, or write sandbox: {network: full} where you mean it.';
    return finding('fail', { ...words, found: errorMessage(error), advice });
  }
}
