import type { PlaceFinding } from '../../../core/sandboxes/placeCheck.js';
import { errorMessage } from '../../../base/errors.js';
import { facadeName, facadeOf, facadePods } from '../facadeService.js';
import { whyOf } from '../kubernetesCluster.js';
import { finding, type Looking } from './clusterLooks.js';

/** The facade that the compose file names: whether its service, pods that are ready, and the right to ask them are there. */
export async function lookAtFacade({ cluster, driver }: Looking): Promise<readonly PlaceFinding[]> {
  const { facade } = driver;
  if (facade === undefined) return [];
  const { name, namespace } = facadeName(facade, cluster);
  const words = { name: `facade ${facade}`, tried: `read the service ${name} of namespace ${namespace} and its pods` };
  const advice = 'images/host/kubernetes/facade has one: docs/cluster.md, A facade in the cluster.';
  try {
    const { host, port } = await facadeOf(cluster, facade);
    const pods = await facadePods(cluster, facade);
    const ready = pods.filter(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    ).length;
    const found = `${host}:${port}, ${ready} of ${pods.length} pods are ready`;
    const service = finding(ready > 0 ? 'ok' : 'fail', { ...words, found, ...(ready === 0 && { advice }) });
    return [service, await lookAtRight({ cluster, namespace })];
  } catch (error) {
    return [finding('fail', { ...words, found: errorMessage(error), advice })];
  }
}

/** Without it what models used is not counted, and nobody would notice before the first run. */
async function lookAtRight({
  cluster,
  namespace,
}: Pick<Looking, 'cluster'> & { readonly namespace: string }): Promise<PlaceFinding> {
  const words = {
    name: 'right to pods/proxy',
    tried: `SelfSubjectAccessReview of create in namespace ${namespace}`,
  };
  const attributes = { namespace, resource: 'pods', subresource: 'proxy', verb: 'create' };
  try {
    const { status } = await cluster.authorization.createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: attributes } },
    });
    if (status?.allowed === true) return finding('ok', { ...words, found: 'you may create' });
  } catch (error) {
    return finding('unknown', { ...words, found: whyOf(error) });
  }
  return finding('fail', {
    ...words,
    found: 'you may not create, so that what models used would not be counted',
    advice: `Ask whoever runs the cluster for: kubectl --namespace ${namespace} create role muster-facade --verb=create --resource=pods/proxy, and a rolebinding of it to you.`,
  });
}
