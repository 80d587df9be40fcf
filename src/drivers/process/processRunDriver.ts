import { UnderWay } from '../../base/underWay.js';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { devNull } from 'node:os';
import { delimiter, join } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { RunDriver, SandboxLaunch, SearchedPath } from '../../core/sandboxes/sandboxDriver.js';
import { confine } from './confine.js';
import { findCommand } from './findCommand.js';
import { nodeWrapper } from './nodeWrapper.js';

import { runFiles, runIdVariable, runPath } from '../../node/runFiles.js';
import type { RunProcesses } from './runProcesses.js';
import { readIdentity } from './runRecords.js';
import type { ShellSpawner } from './shellSpawner.js';
import { shellWrapper } from '../../node/shellWrapper.js';
import { batchCommand, isBatchFile } from './windowsCommandLine.js';

/** Which program stands between the host and the CLI. */
export type Wrapper =
  | { readonly kind: 'shell'; readonly shell: string }
  /** `electron`: the binary is VS Code's and needs ELECTRON_RUN_AS_NODE. */
  | { readonly kind: 'node'; readonly node: string; readonly electron: boolean };

/** Runs commands as plain processes of this user on this machine. */
export class ProcessRunDriver implements RunDriver {
  readonly #stateDir: string;
  readonly #wrapper: Wrapper;
  readonly #processes: RunProcesses;
  readonly #spawner: ShellSpawner | undefined;
  /** Runs whose wrapper is on its way. */
  readonly #starting = new UnderWay<RunId>();

  constructor(options: {
    readonly stateDir: string;
    readonly wrapper: Wrapper;
    readonly processes: RunProcesses;
    /** Starts the shell wrapper without a fork of this process. */
    readonly spawner?: ShellSpawner | undefined;
  }) {
    this.#spawner = options.spawner;
    this.#stateDir = options.stateDir;
    this.#wrapper = options.wrapper;
    this.#processes = options.processes;
  }

  async start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    await this.#starting.run(launch.run, () => this.#start(launch, signal));
  }

  async #start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    const { cwd, run } = launch;
    if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
      throw new AppError('worktree.missing', `The run was to work in ${cwd}, which is not there any more.`, {
        path: cwd,
      });
    const { confinement } = launch;
    const before = confinement === undefined ? [] : confine(confinement, launch);
    const argv = [...before, ...resolveCommand(launch)];
    signal.throwIfAborted();
    const { command, args, env: wrapped } = this.#wrap(launch, argv);
    const env = { ...wrapped, [runIdVariable]: run };
    const [, program = '', ...rest] = args;
    // Should both ways start a wrapper, then the second one finds `started` taken.
    if (await this.#spawner?.start({ cwd, env, program, args: rest })) return;
    try {
      const child = spawn(command, args, { cwd, detached: true, windowsHide: true, stdio: 'ignore', env });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      child.unref();
    } catch (error) {
      const reason = errorMessage(error);
      throw new AppError(
        'run.notStarted',
        `The process of run ${run} could not be started: ${reason}.`,
        { run, reason },
        { cause: error },
      );
    }
  }

  async isAlive(run: RunId): Promise<boolean> {
    return this.#processes.isAlive(run, readIdentity(runPath(this.#stateDir, run)));
  }

  async stop(run: RunId, options: { readonly graceMs: number }): Promise<void> {
    const dir = runPath(this.#stateDir, run);
    // What is not there yet cannot be ended, and would begin afterwards.
    await this.#starting.over(run);
    await this.#processes.stop(run, { graceMs: options.graceMs, identify: () => readIdentity(dir) });
  }

  #wrap(
    launch: SandboxLaunch,
    argv: readonly string[],
  ): { readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> } {
    const dir = runPath(this.#stateDir, launch.run);
    const input = launch.stdin === 'prompt' ? join(dir, runFiles.prompt) : devNull;
    const mark = `${runIdVariable}=${launch.run}`;
    if (this.#wrapper.kind === 'shell') {
      return { command: this.#wrapper.shell, args: ['-c', shellWrapper, mark, dir, input, ...argv], env: launch.env };
    }
    const { node, electron } = this.#wrapper;
    const batch = isBatchFile(argv[0] ?? '') ? batchCommand(argv, launch.env['ComSpec'] ?? 'cmd.exe') : undefined;
    return {
      command: node,
      args: [
        '-e',
        nodeWrapper,
        '--',
        mark,
        JSON.stringify({ verbatim: batch !== undefined, electron }),
        dir,
        input,
        ...(batch?.argv ?? argv),
      ],
      env: electron ? { ...launch.env, ELECTRON_RUN_AS_NODE: '1' } : launch.env,
    };
  }
}

function resolveCommand(launch: SandboxLaunch): readonly string[] {
  const { argv, through = [], cwd, env, provider, untrusted = [], searched } = launch;
  const [command = '', ...args] = argv;
  const found = findCommand(command, { env, cwd, untrusted });
  if (found !== undefined) return [...through, found, ...args];
  const install = provider?.install ?? `Install ${command} or put its folder on PATH.`;
  throw new AppError(
    'provider.missing',
    // What to do comes first: where there is little room, lists of folders are cut off.
    `The command "${command}" was not found. ${install}${searchedText(searched ?? [])}`,
    { provider: provider?.name ?? command, command, fix: install },
  );
}

/** Which PATHs were looked at, so that a person sees which one lacks the folder. */
function searchedText(searched: readonly SearchedPath[]): string {
  if (searched.length === 0) return '';
  const lists = searched.map(({ whose, folders }) => `the PATH ${whose} (${folders.join(delimiter)})`);
  return ` Searched: ${lists.join(', then ')}; programs inside the worktree or the repository do not count.`;
}
