import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { intoPods } from '../../../../src/drivers/kubernetes/intoPods.js';
import { KubernetesCluster } from '../../../../src/drivers/kubernetes/kubernetesCluster.js';
import { tempDirectory } from '../../../support/tempDirectory.js';

function cluster(): KubernetesCluster {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'far', server: 'http://127.0.0.1:1', skipTLSVerify: true }, { name: 'ada' });
  return new KubernetesCluster(config, 'agents', '/home/ada/.kube/config');
}

test('a person gets into pods by a program of our own, with the credentials that were found, and by kubectl without it', () => {
  const programs = tempDirectory();
  const place = ['--context', 'loaded-context', '--namespace', 'agents'];
  expect(intoPods(cluster(), programs)).toEqual(['kubectl', ...place, 'exec', '--stdin']);
  const program = join(programs, 'podTerminal.js');
  writeFileSync(program, '');
  expect(intoPods(cluster(), programs)).toEqual([
    process.execPath,
    program,
    ...place,
    '--kubeconfig',
    '/home/ada/.kube/config',
  ]);
});
