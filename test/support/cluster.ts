import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterImages } from '../../src/build/provision/cluster/images.ts';
import { tempDirectory } from './tempDirectory.ts';

/** The cluster that `test/support/setup/cluster.ts` found or started, with an image of a plain Debian. */
export type ClusterUnderTest =
  | { readonly kind: 'there'; readonly kubeconfig: string; readonly image: string; readonly nodeImage: string }
  | { readonly kind: 'missing'; readonly reason: string };

export function clusterUnderTest(): ClusterUnderTest {
  const { MUSTER_TEST_KUBECONFIG: kubeconfig, MUSTER_TEST_CLUSTER_MISSING: reason } = process.env;
  if (kubeconfig) return { kind: 'there', kubeconfig, image: clusterImages.debian, nodeImage: clusterImages.node };
  return { kind: 'missing', reason: reason ?? 'nobody looked for a cluster' };
}

/** Stands where {@link clusterUnderTest} is there; its tests are skipped otherwise. */
export function presentCluster(): { readonly kubeconfig: string; readonly image: string; readonly nodeImage: string } {
  const cluster = clusterUnderTest();
  return cluster.kind === 'there' ? cluster : { kubeconfig: '', image: '', nodeImage: '' };
}

interface KubeFile {
  clusters: { cluster: Record<string, unknown> }[];
}

/** A kubeconfig like another one that leads to another address. */
export function kubeconfigTo(kubeconfig: string, server: string): string {
  const file = JSON.parse(readFileSync(kubeconfig, 'utf8')) as KubeFile;
  for (const { cluster } of file.clusters) cluster['server'] = server;
  const path = join(tempDirectory('muster-kubeconfig'), 'config');
  writeFileSync(path, JSON.stringify(file));
  return path;
}

export function serverOf(kubeconfig: string): URL {
  const file = JSON.parse(readFileSync(kubeconfig, 'utf8')) as KubeFile;
  return new URL(String(file.clusters[0]?.cluster['server']));
}
