import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KubernetesCluster } from '../../src/drivers/kubernetes/kubernetesCluster.js';
import { tempDirectory } from '../support/tempDirectory.ts';

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
