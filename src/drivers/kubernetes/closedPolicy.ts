import type { V1NetworkPolicy } from '@kubernetes/client-node';
import { unavailable } from './clusterSources.js';
import { refusalOf, statusOf, unlessMissing, type KubernetesCluster } from './kubernetesCluster.js';
import { labels } from './runJob.js';

/** One policy for all that reach nothing but what the host leads them to. */
export const closedPolicy = 'muster-closed';

/** Errors: `sandbox.unavailable` when the policy is not there and cannot be made. */
export async function requireClosed(cluster: KubernetesCluster): Promise<void> {
  const { namespace, networking } = cluster;
  const name = closedPolicy;
  try {
    const known = await cluster.call(() => unlessMissing(networking.readNamespacedNetworkPolicy({ namespace, name })));
    if (known && isClosed(known)) return;
    if (known)
      throw unavailable(
        `The network policy ${name} of namespace ${namespace} is not Muster's. Remove it, or write network: full.`,
        'another policy',
      );
    await cluster.call(() => networking.createNamespacedNetworkPolicy({ namespace, body: policy() }));
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined) throw error;
    // Somebody else made it meanwhile.
    if (status === 409) return;
    throw unavailable(
      `The cluster does not let you keep pods off its network: ${refusalOf(error)}. Ask for the right to get and create network policies in ${namespace}, or write network: full.`,
      'no network policy',
      error,
    );
  }
}

function policy(): V1NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: closedPolicy, labels: { [labels.managed]: 'muster' } },
    spec: {
      podSelector: { matchLabels: { [labels.network]: 'closed' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    },
  };
}

function isClosed({ spec }: V1NetworkPolicy): boolean {
  const selected = spec?.podSelector?.matchLabels?.[labels.network] === 'closed';
  const open = (spec?.egress ?? []).length + (spec?.ingress ?? []).length > 0;
  return selected && !open && spec?.policyTypes?.includes('Egress') === true && spec.policyTypes.includes('Ingress');
}
