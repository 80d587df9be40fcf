import { randomBytes } from 'node:crypto';
import { untilAborted } from '../../../base/async.js';
import type { Clock } from '../../../base/clock.js';
import type { Log } from '../../../base/log.js';
import type { CheckedPlace, PlaceFinding, PlaceWatching } from '../../../core/sandboxes/placeCheck.js';
import type { ClusterSources } from '../clusterSources.js';
import { KubernetesCluster, statusOf, whyOf } from '../kubernetesCluster.js';
import { PodWatch } from '../podWatch.js';
import {
  finding,
  lookAtNamed,
  lookAtNamespace,
  lookAtNodes,
  lookAtPolicy,
  lookAtQuota,
  lookAtRights,
  policyName,
  type Looking,
} from './clusterLooks.js';
import { lookAtFacade } from './facadeLook.js';
import { lookByPods } from './podProbe.js';

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
  // A server that does not answer keeps nobody from giving up.
  const asked = async <T>(work: Promise<T>): Promise<T> => {
    // Nor is anybody there then who could be told of what it comes to.
    work.catch(() => undefined);
    return await untilAborted(work, signal);
  };
  try {
    const cluster = KubernetesCluster.find(sources);
    const looking: Looking = { cluster, spec, driver, fix };
    const { gitVersion } = await asked(cluster.call(() => cluster.version.getCode()));
    const server = cluster.config.getCurrentCluster()?.server ?? '';
    tell(finding('ok', { name: 'API server', tried: `ask ${server}`, found: `Kubernetes ${gitVersion}` }));
    for (const look of [lookAtNamespace, lookAtNodes, lookAtQuota]) tell(await asked(look(looking)));
    tell(...(await asked(lookAtRights(looking))), ...(await asked(lookAtNamed(looking))));
    if (spec.network !== 'full') tell(await asked(lookAtPolicy(looking)));
    tell(...(await asked(lookAtFacade(looking))));
    const lacking = findings.filter(({ status }) => status === 'fail');
    if (lacking.length > 0) {
      const names = lacking.map(({ name }) => name).join(', ');
      tell(finding('unknown', { name: 'pod', tried: 'nothing', found: `not tried before this is mended: ${names}` }));
      return;
    }
    const state = `check-${randomBytes(8).toString('hex')}`;
    const watch = new PodWatch({ cluster, state, ...options });
    try {
      await asked(watch.begin());
      const place = { cluster, watch, clock: options.clock };
      const hasPolicy = findings.some(({ name, status }) => name === policyName && status === 'ok');
      await lookByPods({ place, hasPolicy, state, looking, command, watching: { ...watching, onFinding: tell } });
    } finally {
      watch.dispose();
    }
  } catch (error) {
    signal.throwIfAborted();
    const advice =
      statusOf(error) === undefined
        ? 'kubectl cluster-info shows whether you get there. Which cluster is meant: driver.kubernetes.context, else the current one.'
        : 'You get there, and it refuses: ask whoever runs it for the right, or name other credentials (driver.kubernetes.context).';
    tell(finding('fail', { name: 'API server', tried: 'ask the cluster', found: whyOf(error), advice }));
  }
}
