import { join } from 'node:path';
import { describe, test } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import type { SandboxSpec } from '../../src/core/sandboxes/sandboxDriver.js';
import { createHistoryDriver } from '../../src/drivers/git/guest/guestHistory.js';
import { KubernetesSandboxes } from '../../src/drivers/kubernetes/createKubernetesSandbox.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { createProcessSandbox } from '../../src/drivers/process/createProcessSandbox.js';
import { makePrivateDirectory } from '../../src/node/privateDirectory.js';
import { sandboxContract, type SandboxUnderTest } from '../contract/sandboxContract.js';
import { clusterUnderTest, presentCluster } from '../support/cluster.js';
import { shellProgram } from '../support/programs.js';
import { randomIds } from '../support/randomIds.js';
import { noSecrets } from '../support/secretMasks.ts';
import { tempDirectory } from '../support/tempDirectory.js';

const cluster = clusterUnderTest();
const { kubeconfig, image } = presentCluster();

async function openPods(): Promise<SandboxUnderTest> {
  const folder = tempDirectory(`muster 'quoted" $HOME,\n`);
  const clock = createNodeClock();
  const stateDir = join(folder, 'state');
  const files = createProcessSandbox({ maskOf: () => noSecrets, stateDir, clock, log: silentLog });
  const histories = createHistoryDriver({ stateDir, clock, log: silentLog });
  const sandboxes = new KubernetesSandboxes({ stateDir, programs: folder, clock, log: silentLog, histories });
  const ids = randomIds();
  const spec = (name: string): SandboxSpec => {
    const workspace = { folder: join(folder, name) };
    makePrivateDirectory(workspace.folder);
    return {
      id: ids.next(),
      driver: { name: 'kubernetes' },
      thread: ids.next(),
      agent: 'dev',
      image: { name: image, pull: 'never' },
      network: 'none',
      workspace,
    };
  };
  const own = spec('first');
  const neighbour = spec('second');
  const environment = { KUBECONFIG: kubeconfig };
  const driver = await sandboxes.on({ context: undefined, namespace: undefined, environment });
  return {
    directory: files.directory,
    output: files.output,
    driver,
    spec: own,
    neighbour,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    command: shellProgram,
    freePort: 4711,
    measured: true,
    async dispose() {
      for (const each of [own, neighbour]) await driver.remove(each);
      await sandboxes.dispose();
      await files.dispose();
    },
  };
}

describe.runIf(cluster.kind === 'there')('pods', () => {
  sandboxContract('a pod of a cluster', openPods);
});

test.runIf(cluster.kind === 'missing')('pods', ({ skip }) => {
  skip(cluster.kind === 'missing' ? cluster.reason : '');
});
