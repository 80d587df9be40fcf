import type { CoreV1Event } from '@kubernetes/client-node';
import type { KubernetesCluster } from './kubernetesCluster.js';

/** More than these nobody reads under a row. */
const mostEvents = 8;

/** What the cluster said about a pod lately, the oldest first. */
export async function eventsOf(cluster: KubernetesCluster, pod: string): Promise<readonly string[]> {
  const { core, namespace } = cluster;
  const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod}`;
  const { items } = await cluster.call(() => core.listNamespacedEvent({ namespace, fieldSelector }));
  const when = ({ lastTimestamp, eventTime, metadata }: CoreV1Event): number =>
    new Date(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? 0).getTime();
  return items
    .toSorted((a, b) => when(a) - when(b))
    .slice(-mostEvents)
    .map(({ reason = '', message = '' }) => `${reason}: ${message}`);
}
