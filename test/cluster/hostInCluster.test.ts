import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lookAtRights } from '../../src/drivers/kubernetes/check/clusterLooks.js';
import { KubernetesCluster } from '../../src/drivers/kubernetes/kubernetesCluster.js';
import { clusterUnderTest, presentCluster, serverOf } from '../support/cluster.ts';
import { manifestsIn } from '../support/manifests.ts';
import { clusterAdmin } from '../support/podHost.ts';
import { tempDirectory } from '../support/tempDirectory.ts';
import { randomIds } from '../support/randomIds.ts';

describe.runIf(clusterUnderTest().kind === 'there')('a host in the cluster', () => {
  test('is made of objects that the API server takes, and its account may do what runs need', async () => {
    const { core } = clusterAdmin();
    const config = new KubeConfig();
    config.loadFromFile(presentCluster().kubeconfig);
    const api = KubernetesObjectApi.makeApiClient(config);
    const namespace = `host-${Date.now()}`;
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    onTestFinished(async () => void (await core.deleteNamespace({ name: namespace })));
    const made = manifestsIn('images/host/kubernetes', namespace);
    expect(made.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Role', 'RoleBinding', 'StatefulSet', 'Service']);
    const facade = manifestsIn('images/host/kubernetes/facade', namespace);
    expect(facade.map(({ kind }) => kind)).toEqual(['Role', 'RoleBinding', 'Deployment', 'Service', 'NetworkPolicy']);
    for (const each of [...made, ...facade]) await api.create(each, undefined, 'All');

    for (const each of made.slice(0, 3)) {
      const subjects = 'subjects' in each && [{ kind: 'ServiceAccount', name: 'muster', namespace }];
      await api.create({ ...each, ...(subjects && { subjects }) });
    }
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } };
    const { status } = await core.createNamespacedServiceAccountToken({ namespace, name: 'muster', body: request });
    const cluster = { 'server': serverOf(presentCluster().kubeconfig).href, 'insecure-skip-tls-verify': true };
    const KUBECONFIG = join(tempDirectory('muster-kubeconfig'), 'config');
    writeFileSync(
      KUBECONFIG,
      JSON.stringify({
        'current-context': 'own',
        'clusters': [{ name: 'own', cluster }],
        'users': [{ name: 'own', user: { token: status?.token } }],
        'contexts': [{ name: 'own', context: { cluster: 'own', user: 'own', namespace } }],
      }),
    );
    const own = KubernetesCluster.find({ context: undefined, namespace: undefined, environment: { KUBECONFIG } });
    const ids = randomIds();
    const findings = await lookAtRights({
      cluster: own,
      spec: {
        id: ids.next(),
        thread: ids.next(),
        agent: 'dev',
        driver: { name: 'kubernetes' },
        network: 'none',
        workspace: { folder: '' },
      },
      driver: { name: 'kubernetes' },
      fix: false,
    });
    expect(findings.map(({ status: found, name }) => `${name} ${found}`)).toEqual(
      findings.map(({ name }) => `${name} ok`),
    );
  });
});
