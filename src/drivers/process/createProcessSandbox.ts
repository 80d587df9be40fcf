import type { RunId } from '../../base/ids.js';
import type { Clock } from '../../base/clock.js';
import type { Log } from '../../base/log.js';
import type { Mailbox } from '../../core/mail/mailbox.js';
import type { RunInputPipes } from '../../core/runs/liveInput.js';
import type { RunDirectory } from '../../core/runs/runDirectory.js';
import type { RunOutput } from '../../core/runs/runOutput.js';
import type { RunDriver, SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';
import type { SecretMask } from '../../node/secretMask.js';
import { DiskMailbox } from './diskMailbox.js';
import { DiskRunDirectory } from './diskRunDirectory.js';
import { FifoInputs } from './fifoInputs.js';
import { FileRunOutput } from './fileRunOutput.js';
import { createLinuxProcessTable } from './linuxProcessTable.js';
import { createMacosProcessTable } from './macosProcessTable.js';
import { ProcessRunDriver } from './processRunDriver.js';
import type { Wrapper } from './processRunDriver.js';
import { createProcessSandboxDriver } from './processSandboxDriver.js';
import type { ProcessTable } from './processTable.js';
import { RunFolderWatches } from './runFolderWatches.js';
import { RunProcesses } from './runProcesses.js';
import { ShellSpawner } from './shellSpawner.js';
import { SpareRunFolders } from './spareRunFolders.js';
import { createWindowsProcessTable } from './windowsProcessTable.js';

export interface ProcessSandbox {
  /** The run directories of all sandboxes, whatever driver starts the runs. */
  readonly directory: RunDirectory;
  readonly output: RunOutput;
  readonly inputPipes: RunInputPipes;
  /** The runs of this machine itself. */
  readonly runs: RunDriver;
  /** This machine as a sandbox. */
  readonly mailbox: Mailbox;
  readonly driver: SandboxDriver;
  /** Ends every process that carries this in the place of a run's id. */
  readonly endMarked: (mark: RunId) => Promise<void>;
  /** Makes ready what starts processes cheaply; best early, while this process is small. */
  readonly prepare: () => void;
  /** Ends it; runs go on. */
  readonly dispose: () => Promise<void>;
}

/**
 * Builds the process driver and the files of runs on one state directory. While nobody waits or tails it holds nothing but
 * the shell that starts processes, which ends with this process.
 */
export function createProcessSandbox(options: {
  /** Absolute. */
  readonly stateDir: string;
  /** What hides the secrets of a run. */
  readonly maskOf: (run: RunId) => SecretMask;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the platform's. */
  readonly wrapper?: Wrapper;
}): ProcessSandbox {
  const { stateDir, maskOf, clock, log, wrapper = platformWrapper() } = options;
  const watches = new RunFolderWatches({ stateDir, log });
  const processes = new RunProcesses({
    table: platformTable(),
    clock,
    kill: (target, signal) => void process.kill(target, signal),
    groups: process.platform !== 'win32',
  });
  const spawner = wrapper.kind === 'shell' ? new ShellSpawner(wrapper.shell) : undefined;
  const runs = new ProcessRunDriver({ stateDir, wrapper, processes, spawner });
  const spares = new SpareRunFolders(stateDir);
  const folders = { stateDir, watches, maskOf };
  const directory = new DiskRunDirectory(folders, spares);
  return {
    prepare() {
      spawner?.prepare();
      spares.begin();
    },
    async dispose() {
      spawner?.dispose();
      await spares.dispose();
    },
    endMarked: mark => processes.stop(mark, { graceMs: markedGraceMs, identify: () => undefined }),
    directory,
    mailbox: new DiskMailbox(folders),
    output: new FileRunOutput(folders),
    inputPipes: new FifoInputs({ stateDir, watches }),
    runs,
    driver: createProcessSandboxDriver({ runs, runDir: run => directory.path(run) }),
  };
}

/** What a verify command started (servers, workers of tests) ends by itself in that time. */
const markedGraceMs = 2_000;

function platformWrapper(): Wrapper {
  if (process.platform !== 'win32') return { kind: 'shell', shell: '/bin/sh' };
  return { kind: 'node', node: process.execPath, electron: process.versions['electron'] !== undefined };
}

function platformTable(): ProcessTable {
  if (process.platform === 'linux') return createLinuxProcessTable();
  return process.platform === 'darwin' ? createMacosProcessTable() : createWindowsProcessTable();
}
