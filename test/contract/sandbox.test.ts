import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { SandboxSpec } from '../../src/core/sandboxes/sandboxDriver.js';
import { silentLog } from '../../src/base/log.js';
import { createProcessSandbox } from '../../src/drivers/process/createProcessSandbox.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import type { Wrapper } from '../../src/drivers/process/processRunDriver.js';
import { FakeSandbox, fakeCommand } from '../support/fakes/fakeSandbox.js';
import { randomIds } from '../support/randomIds.js';
import { shellProgram } from '../support/programs.js';
import { sandboxContract } from './sandboxContract.js';
import type { SandboxUnderTest } from './sandboxContract.js';
import { noSecrets } from '../support/secretMasks.ts';

function machineSpec(folder: string): SandboxSpec {
  const ids = randomIds();
  return {
    id: ids.next(),
    driver: { name: 'process' },
    thread: ids.next(),
    agent: 'dev',
    network: 'none',
    workspace: { folder },
  };
}

sandboxContract('the fake sandbox', async () => {
  const { directory, output, driver } = new FakeSandbox();
  return {
    directory,
    output,
    driver,
    spec: machineSpec('/'),
    env: { PATH: '/bin' },
    command: steps => [fakeCommand, JSON.stringify(steps)],
    dispose: async () => {},
  };
});

async function openProcessSandbox(wrapper?: Wrapper): Promise<SandboxUnderTest> {
  // Names that a careless shell script would trip over.
  const folder = await mkdtemp(join(tmpdir(), `muster 'quoted" $HOME\n`));
  const sandbox = createProcessSandbox({
    maskOf: () => noSecrets,
    stateDir: folder,
    clock: createNodeClock(),
    log: silentLog,
    ...(wrapper ? { wrapper } : {}),
  });
  // As a host does: runs get folders that were made before.
  sandbox.prepare();
  await vi.waitUntil(() => existsSync(join(folder, 'spare')), { timeout: 60_000 });
  return {
    ...sandbox,
    spec: machineSpec(folder),
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    command: shellProgram,
    freePort: 20_000 + Math.floor(Math.random() * 9_000),
    dispose: async () => {
      await sandbox.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

sandboxContract('the process sandbox', () => openProcessSandbox());

// The wrapper of Windows, as far as it runs on this system.
sandboxContract('the process sandbox with the Node wrapper', () =>
  openProcessSandbox({ kind: 'node', node: process.execPath, electron: false }),
);
