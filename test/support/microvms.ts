import { join } from 'node:path';
import { silentLog } from '../../src/base/log.js';
import type { SandboxSpec } from '../../src/core/sandboxes/sandboxDriver.js';
import { MicrovmSandboxDriver } from '../../src/drivers/microvm/microvmSandboxDriver.js';
import { Registries } from '../../src/drivers/microvm/registries.js';
import type { VmRuntime } from '../../src/drivers/microvm/vmRuntime.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { createProcessSandbox } from '../../src/drivers/process/createProcessSandbox.js';
import { makePrivateDirectory } from '../../src/node/privateDirectory.js';
import type { SandboxUnderTest } from '../contract/sandboxContract.js';
import { shellProgram } from './programs.js';
import { randomIds } from './randomIds.js';
import { noSecrets } from './secretMasks.ts';

/** The driver of virtual machines on a runtime, in a folder. */
export function microvmsUnderTest(
  folder: string,
  options: {
    readonly image: string;
    readonly runtime: (stateDir: string) => VmRuntime;
  },
) {
  const clock = createNodeClock();
  const stateDir = join(folder, 'state');
  const registries = new Registries(async () => ({ HOME: folder }));
  const files = createProcessSandbox({ maskOf: () => noSecrets, stateDir, clock, log: silentLog });
  const ids = randomIds();
  const runtime = options.runtime(stateDir);
  const spec = (name: string): SandboxSpec => {
    const workspace = { folder: join(folder, name) };
    makePrivateDirectory(workspace.folder);
    return {
      id: ids.next(),
      driver: { name: runtime.name },
      thread: ids.next(),
      agent: 'dev',
      image: { name: options.image, pull: 'missing' },
      network: 'none',
      workspace,
    };
  };
  /** Another host on the same state. */
  const nextHost = (next = options.runtime(stateDir)) =>
    new MicrovmSandboxDriver({ registries, runtime: next, stateDir, programs: folder, clock, log: silentLog });
  const driver = nextHost(runtime);
  const own = spec('first');
  const neighbour = spec('second');
  return {
    directory: files.directory,
    output: files.output,
    driver,
    spec: own,
    neighbour,
    ...(runtime.hostName === undefined ? {} : { hostName: runtime.hostName }),
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    command: shellProgram,
    freePort: 4711,
    measured: true,
    async dispose() {
      for (const each of [own, neighbour]) await driver.remove(each);
      await driver.dispose();
      await files.dispose();
    },
    ids,
    stateDir,
    nextHost,
    files,
  } satisfies SandboxUnderTest & Record<string, unknown>;
}
