import { startCluster } from '../../../src/build/provision/cluster/cluster.ts';
import { setup as bundle } from './bundles.ts';

/** For suites that run agents in pods: a cluster of their own, and what ships. Returns how to end it. */
export async function setup(): Promise<() => Promise<void>> {
  await bundle();
  if (process.env['MUSTER_TEST_KUBECONFIG']) return async () => undefined;
  try {
    const cluster = await startCluster();
    process.env['MUSTER_TEST_KUBECONFIG'] = cluster.kubeconfig;
    return () => cluster.stop();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(`No cluster is started: ${reason}.`);
    process.env['MUSTER_TEST_CLUSTER_MISSING'] = reason;
    return async () => undefined;
  }
}
