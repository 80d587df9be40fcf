import { join } from 'node:path';
import { describe } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import type { SandboxSpec } from '../../src/core/sandboxes/sandboxDriver.js';
import { DockerSandboxes } from '../../src/drivers/docker/createDockerSandbox.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { createProcessSandbox } from '../../src/drivers/process/createProcessSandbox.js';
import { makePrivateDirectory } from '../../src/node/privateDirectory.js';
import { dockerUnderTest, sshTo } from '../support/docker.js';
import { shellProgram } from '../support/programs.js';
import { randomIds } from '../support/randomIds.js';
import { noSecrets } from '../support/secretMasks.ts';
import { tempDirectory } from '../support/tempDirectory.js';
import { sandboxContract, type SandboxUnderTest } from '../contract/sandboxContract.js';

const docker = dockerUnderTest();

async function openDockerSandbox(
  host: string,
  image: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SandboxUnderTest> {
  const folder = tempDirectory(`muster 'quoted" $HOME,\n`);
  const clock = createNodeClock();
  const stateDir = join(folder, 'state');
  const files = createProcessSandbox({ maskOf: () => noSecrets, stateDir, clock, log: silentLog });
  const sandboxes = new DockerSandboxes({ stateDir, programs: folder, clock, log: silentLog });
  const ids = randomIds();
  const spec = (name: string): SandboxSpec => {
    const workspace = { folder: join(folder, name) };
    makePrivateDirectory(workspace.folder);
    const driver = { name: 'docker', host } as const;
    return {
      id: ids.next(),
      driver,
      thread: ids.next(),
      agent: 'dev',
      image: { name: image, pull: 'missing' },
      network: 'none',
      workspace,
    };
  };
  const own = spec('first');
  const neighbour = spec('second');
  const driver = await sandboxes.on({ host, environment });
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

describe.runIf(docker.kind === 'there')('containers', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };
  sandboxContract('a docker sandbox', () => openDockerSandbox(host, image));
  // The same engine, as if it were another machine's.
  sandboxContract('a docker sandbox elsewhere', () => {
    const PATH = `${sshTo(host)}:${process.env['PATH'] ?? ''}`;
    return openDockerSandbox('ssh://ada@far.example', image, { PATH });
  });
});
