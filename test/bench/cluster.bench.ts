import { fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Figure } from '../../src/build/benchFigures.ts';
import { inRepository } from '../../src/build/paths.ts';
import { startCluster } from '../../src/build/provision/cluster/cluster.ts';
import { clusterMissing } from '../../src/build/provision/cluster/programs.ts';
import { silentLog } from '../../src/base/log.js';
import type { RunId } from '../../src/base/ids.js';
import type { KubernetesSpec } from '../../src/compose/projectSpec.js';
import { KubernetesCluster } from '../../src/drivers/kubernetes/kubernetesCluster.js';
import { untilReady } from '../../src/drivers/kubernetes/podStart.js';
import { isReady } from '../../src/drivers/kubernetes/podState.js';
import { PodWatch } from '../../src/drivers/kubernetes/podWatch.js';
import { runJob } from '../../src/drivers/kubernetes/runJob.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { randomIds } from '../support/randomIds.js';
import { percentile, spread } from './figures.js';

const runs = Number(process.env['MUSTER_BENCH_RUNS'] ?? 1000);
/** As many at once as a host sends requests. */
const atOnce = 50;

/**
 * Runs that begin at once in a cluster, up to where their files would be sent: a real API server, with its controllers and scheduler, and nodes
 * that only say that a pod runs. Where no cluster was built nothing is measured.
 */
export async function measure(): Promise<readonly Figure[]> {
  if (clusterMissing() !== undefined) return [];
  const cluster = await startCluster({ quick: true });
  const kubelet = fork(inRepository('test/bench/fakeKubelet.ts'), {
    env: { ...process.env, MUSTER_BENCH_KUBECONFIG: cluster.kubeconfig },
  });
  try {
    await once(kubelet, 'message');
    return await measureRuns(cluster.kubeconfig, kubelet);
  } finally {
    kubelet.kill();
    await cluster.stop();
  }
}

async function measureRuns(kubeconfig: string, kubelet: ReturnType<typeof fork>): Promise<readonly Figure[]> {
  const environment = { KUBECONFIG: kubeconfig };
  const cluster = KubernetesCluster.find({ context: undefined, namespace: undefined, environment });
  const clock = createNodeClock();
  const watch = new PodWatch({ cluster, state: 'bench', clock, log: silentLog });
  await watch.begin();
  const place = { cluster, watch, clock };
  const said = new Map<string, number>();
  kubelet.on('message', ({ run, at }: { run: string; at: number }) => said.set(run, at));
  const { signal } = new AbortController();
  const ids = randomIds();
  const driver: KubernetesSpec = { name: 'kubernetes', nodeSelector: [{ name: 'pool', value: 'fake' }] };
  const began = performance.now();
  const rss = process.memoryUsage.rss();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const created: number[] = [];
  const seen = new Map<string, number>();
  const all = Array.from({ length: runs }, () => ids.next<'run'>());
  const create = async (run: RunId): Promise<void> => {
    const own = { id: ids.next<'sandbox'>(), thread: ids.next<'thread'>(), agent: 'dev', driver };
    const spec = {
      ...own,
      image: { name: 'none', pull: 'never' },
      network: 'full',
      workspace: { folder: '' },
    } as const;
    const at = performance.now();
    await cluster.batch.createNamespacedJob({
      namespace: cluster.namespace,
      body: runJob(run, { spec, driver, state: 'bench' }),
    });
    created.push(performance.now() - at);
  };
  const waiting = all.slice();
  const creating = Array.from({ length: atOnce }, async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) await create(run);
  });
  const ready = all.map(async run => {
    await untilReady(place, { run, image: 'none', signal, onStep: undefined });
    const pod = watch.podOf(run);
    if (pod && isReady(pod)) seen.set(run, Date.now());
  });
  // Both at once: what fails first ends it, and the cluster with it.
  const [createdAll] = await Promise.all([
    Promise.all(creating).then(() => performance.now() - began),
    Promise.all(ready),
  ]);
  const readyAll = performance.now() - began;
  delay.disable();
  watch.dispose();
  const lags = all.flatMap(run => {
    const [at, from] = [seen.get(run), said.get(run)];
    return at !== undefined && from !== undefined ? [Math.max(0, at - from)] : [];
  });
  const many = `${runs} runs in a cluster`;
  return [
    {
      name: `${many}: all jobs made`,
      value: createdAll / 1000,
      unit: 's',
      note: `p50 ${percentile(created, 0.5).toFixed(0)} ms each, ${atOnce} at once`,
    },
    {
      name: `${many}: all pods ready`,
      value: readyAll / 1000,
      unit: 's',
      note: `${(runs / (readyAll / 1000)).toFixed(0)} a second; controllers and scheduler beside it`,
    },
    ...spread(`${many}: from the node's word to the host's knowing`, lags, {}),
    { name: `${many}: event loop delay, p99`, value: delay.percentile(99) / 1e6, unit: 'ms' },
    {
      name: `${many}: memory for them`,
      value: (process.memoryUsage.rss() - rss) / 1024 ** 2,
      unit: 'MB',
      note: 'what they are known by',
    },
  ];
}
