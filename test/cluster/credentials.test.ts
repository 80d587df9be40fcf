import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KubernetesCluster } from '../../src/drivers/kubernetes/kubernetesCluster.js';
import { clusterUnderTest, presentCluster, serverOf } from '../support/cluster.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

/** A kubeconfig whose user's credentials a program of the login shell gives. */
function byProgram(kubeconfig: string, script: (token: string) => string) {
  const file = JSON.parse(readFileSync(kubeconfig, 'utf8')) as { users: { user: Record<string, unknown> }[] };
  const token = String(file.users[0]?.user['token']);
  const bin = tempDirectory('muster-login-path');
  writeFileSync(join(bin, 'give-credentials'), `#!/bin/sh\n${script(token)}\n`, { mode: 0o755 });
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'give-credentials',
    args: ['--for', 'tests'],
    env: [{ name: 'PROFILE', value: 'agents' }],
    interactiveMode: 'IfAvailable',
    provideClusterInfo: true,
  };
  for (const each of file.users) each.user = { exec };
  const KUBECONFIG = join(bin, 'config');
  writeFileSync(KUBECONFIG, JSON.stringify(file));
  const environment = { KUBECONFIG, PATH: `${bin}:/usr/bin:/bin` };
  const find = (changes: Record<string, string> = {}) =>
    KubernetesCluster.find({ context: undefined, namespace: 'default', environment: { ...environment, ...changes } });
  return { bin, find };
}

describe.runIf(clusterUnderTest().kind === 'there')('credentials that a program gives', () => {
  const pods = (cluster: KubernetesCluster) =>
    cluster.call(() => cluster.core.listNamespacedPod({ namespace: cluster.namespace }));

  test('are asked for as in the login shell, once, with what kubectl would tell', async () => {
    const { bin, find } = byProgram(
      presentCluster().kubeconfig,
      token => `echo "$PROFILE $* $KUBERNETES_EXEC_INFO" >> "$(dirname "$0")/asked"
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"${token}"}}'`,
    );
    const cluster = find();
    await pods(cluster);
    await pods(cluster);
    const [asked = '', ...more] = readFileSync(join(bin, 'asked'), 'utf8').trim().split('\n');
    expect(more).toEqual([]);
    expect(asked).toMatch(/^agents --for tests \{/);
    expect(JSON.parse(asked.slice(asked.indexOf('{')))).toMatchObject({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: serverOf(presentCluster().kubeconfig).origin } },
    });
  });

  test('that does not give any is named, with what it said', async () => {
    const { find } = byProgram(presentCluster().kubeconfig, () => "echo 'your session has expired' >&2; exit 1");
    await expect(pods(find())).rejects.toMatchObject({
      code: 'sandbox.unavailable',
      message: expect.stringMatching(/^give-credentials, .* gave none: your session has expired\./),
    });
  });

  test('that is not there is named', async () => {
    const { find } = byProgram(presentCluster().kubeconfig, () => '');
    await expect(pods(find({ PATH: '/usr/bin:/bin' }))).rejects.toMatchObject({
      code: 'sandbox.unavailable',
      message: expect.stringContaining('give-credentials, which is not on the PATH of your login shell'),
    });
  });
});

/** Needs no cluster: only what a kubeconfig says is read. */
describe('which cluster is meant', () => {
  const file = {
    'current-context': 'one',
    'clusters': [{ name: 'far', cluster: { server: 'https://127.0.0.1:1' } }],
    'users': [{ name: 'ada', user: { token: 'secret' } }],
    'contexts': [
      { name: 'one', context: { cluster: 'far', user: 'ada', namespace: 'agents' } },
      { name: 'two', context: { cluster: 'far', user: 'ada' } },
    ],
  };
  const find = (context?: string, namespace?: string): KubernetesCluster => {
    const KUBECONFIG = join(tempDirectory('muster-kubeconfig'), 'config');
    writeFileSync(KUBECONFIG, JSON.stringify(file));
    return KubernetesCluster.find({ context, namespace, environment: { KUBECONFIG } });
  };

  test('is said by the file, else by the kubeconfig', () => {
    expect([find().name, find().namespace]).toEqual(['one', 'agents']);
    expect([find('two').name, find('two').namespace]).toEqual(['two', 'default']);
    expect(find('one', 'mine').namespace).toBe('mine');
  });

  test('a context that is not there is refused with those that are', () => {
    expect(() => find('three')).toThrow('Your kubeconfig has no context three. It has one, two.');
  });

  test('without credentials it is said where they were looked for', () => {
    const folder = tempDirectory('muster-no-kubeconfig');
    expect(() =>
      KubernetesCluster.find({ context: undefined, namespace: undefined, environment: { HOME: folder } }),
    ).toThrow(join(folder, '.kube/config'));
  });
});
