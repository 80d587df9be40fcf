/**
 * Nodes that run nothing: each pod that the scheduler gives to one of them is said to run at once, and is gone when it is deleted. A process
 * of its own, so that what is measured beside it is the host's side alone. Tells when it said so of a pod.
 */
import { CoreV1Api, KubeConfig, setHeaderOptions, Watch, type V1Pod } from '@kubernetes/client-node';

const nodes = 10;
const podsPerNode = 250;

const config = new KubeConfig();
config.loadFromFile(process.env['MUSTER_BENCH_KUBECONFIG'] ?? '');
const core = config.makeApiClient(CoreV1Api);

async function makeNodes(): Promise<void> {
  const capacity = { 'cpu': '1000', 'memory': '4000Gi', 'pods': String(podsPerNode), 'ephemeral-storage': '4000Gi' };
  for (let number = 0; number < nodes; number++) {
    const name = `fake-${number}`;
    await core.createNode({ body: { metadata: { name, labels: { pool: 'fake' } } } });
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = [{ op: 'add', path: '/status', value: { capacity, allocatable: capacity, conditions } }];
    await core.patchNodeStatus({ name, body: status });
    // Whoever makes a node finds it tainted until somebody has heard from it.
    await core.patchNode({ name, body: [{ op: 'add', path: '/spec/taints', value: [] }] });
  }
}

const begun = new Set<string>();

async function heard(phase: string, pod: V1Pod): Promise<void> {
  const { name = '', namespace = '', uid = '', deletionTimestamp } = pod.metadata ?? {};
  if (phase === 'DELETED' || !pod.spec?.nodeName?.startsWith('fake-')) return;
  if (deletionTimestamp !== undefined) {
    await core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 }).catch(() => undefined);
    return;
  }
  if (begun.has(uid)) return;
  begun.add(uid);
  const startedAt = new Date().toISOString();
  const containerStatuses = pod.spec.containers.map(container => ({
    name: container.name,
    image: container.image,
    imageID: '',
    ready: true,
    restartCount: 0,
    state: { running: { startedAt } },
  }));
  const conditions = [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Ready', status: 'True' },
  ];
  const status = { phase: 'Running', podIP: '10.0.0.1', startTime: startedAt, containerStatuses, conditions };
  await core.patchNamespacedPodStatus(
    { name, namespace, body: { status } },
    setHeaderOptions('Content-Type', 'application/merge-patch+json'),
  );
  if (process.connected) process.send?.({ run: pod.metadata?.labels?.['muster.dev/run'], at: Date.now() });
}

await makeNodes();
const watch = new Watch(config);
const follow = async (): Promise<void> => {
  await watch.watch(
    '/api/v1/pods',
    {},
    (phase: string, pod: V1Pod) => void heard(phase, pod).catch(() => undefined),
    () => void follow(),
  );
  process.send?.({ ready: true });
};
await follow();
