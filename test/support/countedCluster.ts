import { onTestFinished } from 'vitest';
import { kubeconfigTo, presentCluster, serverOf } from './cluster.ts';
import { interruptibleWay } from './interruptibleWay.ts';
import { clusterAdmin } from './podHost.ts';

/** A way to the cluster that tells how many bytes went there. Caches of a storage class go with the test. */
export async function countedCluster(
  storage?: string,
): Promise<{ readonly kubeconfig: string; readonly sent: () => number }> {
  const { core, namespace } = clusterAdmin();
  const { kubeconfig } = presentCluster();
  const way = await interruptibleWay(Number(serverOf(kubeconfig).port));
  onTestFinished(async () => {
    const labelSelector = 'muster.dev/cache=history';
    const { items } = await core.listNamespacedPersistentVolumeClaim({ namespace, labelSelector });
    for (const { metadata, spec } of items)
      if (spec?.storageClassName === storage)
        await core.deleteNamespacedPersistentVolumeClaim({ namespace, name: metadata?.name ?? '' });
  });
  return { kubeconfig: kubeconfigTo(kubeconfig, `https://127.0.0.1:${way.port}`), sent: way.sent };
}
