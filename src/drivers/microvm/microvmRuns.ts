import { createHash } from 'node:crypto';
import { untilAborted, within } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage } from '../../base/errors.js';
import { isId, type RunId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import { UnderWay } from '../../base/underWay.js';
import type { RunDriver, SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { glanceInto } from '../../node/looks.js';
import { reserveBytes, runFiles, runIdVariable, runPath } from '../../node/runFiles.js';
import { join } from 'node:path';
import { DiskWatch } from '../guests/diskWatch.js';
import { guestMount, guestMounts, guestRunMounts, requireFolder, requireSpec } from '../guests/guestFolders.js';
import { guestLimits } from '../guests/guestLimits.js';
import { guestPaths, guestRunDir } from '../guests/guestPaths.js';
import { askToEnd, beginCommand, lookForCommand, lookForRun, noneMarked, there } from './insideScripts.js';
import type { VmRecord, VmRecords } from './vmRecords.js';
import type { VmCommand, VmImage, VmResult, VmRuntime, VmSpec } from './vmRuntime.js';

/** A shell inside that does not answer in this time never will. */
const answerMs = 30_000;
/** Each look is a command inside. */
const firstPauseMs = 50;
const longestPauseMs = 1_000;
/** What fills a disk is not given long. */
const graceOfFullMs = 1_000;

export interface MicrovmRunsOptions {
  readonly runtime: VmRuntime;
  readonly records: VmRecords;
  readonly stateDir: string;
  readonly programs: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ports of this machine that the runs of a sandbox reach. */
  readonly portsOf: (sandbox: SandboxSpec['id']) => readonly number[];
}

/**
 * One virtual machine a run, for the reasons for which a container is one run's: its end is the end of everything in it, and limits are
 * the run's. It outlives this host. Its name is made of the run and of whose it is, so that a runtime makes it once at most, and
 * the wrapper in it makes `started`, as everywhere. A machine that its run has left is removed by {@link stop}, which comes after the end
 * of every run, or by the next host.
 */
export class MicrovmRuns implements RunDriver {
  readonly #options: MicrovmRunsOptions;
  readonly #prefix: string;
  readonly #disk: DiskWatch;
  readonly #starting = new UnderWay<RunId>();

  constructor(options: MicrovmRunsOptions) {
    this.#options = options;
    const { clock, log, stateDir } = options;
    this.#prefix = `muster-${createHash('sha256').update(stateDir).digest('hex').slice(0, 12)}-`;
    this.#disk = new DiskWatch({
      clock,
      log,
      stop: run => this.stop(run, { graceMs: graceOfFullMs }),
      isAlive: run => this.isAlive(run),
    });
  }

  dispose(): void {
    this.#disk.dispose();
  }

  nameOf(run: RunId): string {
    return `${this.#prefix}${run}`;
  }

  async start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    // Whoever is second finds the machine there.
    if (this.#starting.has(launch.run)) return await this.#starting.over(launch.run);
    await this.#starting.run(launch.run, () => this.#start(launch, signal));
  }

  async isAlive(run: RunId): Promise<boolean> {
    if (this.#starting.has(run)) return true;
    const name = this.nameOf(run);
    if (!(await this.#options.runtime.find(name))?.running) return false;
    // An image without what looks for processes: the machine is all that is known.
    return (await this.#ask(name, { argv: lookForRun(run) })).code !== noneMarked;
  }

  async stop(run: RunId, { graceMs }: { readonly graceMs: number }): Promise<void> {
    // What is not there yet cannot be ended, and would begin afterwards.
    await this.#starting.over(run);
    const { runtime, records } = this.#options;
    const name = this.nameOf(run);
    const found = await runtime.find(name);
    if (found?.running && graceMs > 0) await this.#endPolitely(run, graceMs);
    if (found) await runtime.remove(name);
    if (await runtime.find(name))
      throw new AppError('run.unstoppable', `The virtual machine of run ${run} cannot be ended.`, { run, pids: [] });
    const record = records.ofRun(run);
    if (record) records.forget(record);
  }

  /** Removes what an earlier host left of runs that are over, and goes on watching the others. */
  async takeUp(): Promise<void> {
    const { runtime, records, log } = this.#options;
    for (const { name, running } of await runtime.list()) {
      const run = name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : '';
      if (!isId<'run'>(run)) continue;
      const record = records.ofRun(run);
      if (running && record && !hasEnded(record)) this.#watchDisk(record);
      else {
        log.info('A virtual machine whose run is over is removed', { run });
        await runtime.remove(name);
        if (record) records.forget(record);
      }
    }
  }

  async #start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    const { run, argv, through = [], env, cwd, stdin } = launch;
    const { runtime, records, stateDir } = this.#options;
    const spec = requireSpec(launch);
    requireFolder(spec, cwd);
    signal.throwIfAborted();
    const name = this.nameOf(run);
    // Somebody else started the same run: its wrapper is the only one.
    if (await runtime.find(name)) return;
    const record: VmRecord = {
      sandbox: spec.id,
      run,
      folders: [spec.workspace.folder, ...(launch.folders ?? []).map(({ here }) => here)],
      diskBytes: guestLimits(spec).diskBytes,
      runDir: launch.directory ?? runPath(stateDir, run),
    };
    records.write(record);
    const inside = guestRunDir(run);
    const input = stdin === 'prompt' ? `${inside}/${runFiles.prompt}` : '/dev/null';
    const mark = `${runIdVariable}=${run}`;
    const variables = { HOME: guestPaths.home, ...env };
    let booted = false;
    try {
      await this.#boot(this.#machine(launch, spec), signal);
      booted = true;
      await this.#requireCommand(launch, spec);
      const begun = await this.#ask(name, {
        argv: beginCommand(mark, [inside, input, ...through, ...argv]),
        env: { ...variables, [runIdVariable]: run },
        cwd,
      });
      if (begun.code !== 0)
        throw new AppError('run.notStarted', `The virtual machine of run ${run} started nothing (${begun.code}).`, {
          run,
          reason: `exit code ${begun.code}`,
        });
    } catch (error) {
      records.forget(record);
      // One that is still booting is removed when it has.
      if (booted || !signal.aborted) await this.#removeFailed(run);
      throw error;
    }
    this.#watchDisk(record);
  }

  /** Boots; whoever gives up meanwhile does not wait for a machine that hangs, and it is removed when it has come to something. */
  async #boot(machine: VmSpec, signal: AbortSignal): Promise<void> {
    const { runtime, log } = this.#options;
    const booting = runtime.boot(machine).catch((error: unknown) => {
      throw notBooted(runtime.name, error);
    });
    try {
      await untilAborted(booting, signal);
    } catch (error) {
      if (signal.aborted) {
        const tidy = async (): Promise<void> => await runtime.remove(machine.name);
        const failed = (reason: unknown): void =>
          log.warn('A virtual machine was left', { name: machine.name, reason: errorMessage(reason) });
        void booting.then(tidy, tidy).catch(failed);
      }
      throw error;
    }
  }

  #machine(launch: SandboxLaunch, spec: SandboxSpec): VmSpec {
    const { stateDir, programs, portsOf } = this.#options;
    return {
      name: this.nameOf(launch.run),
      image: machineImage(spec) ?? { name: '', pull: 'never' },
      limits: guestLimits(spec),
      mounts: [
        ...guestMounts(spec, { stateDir, programs }),
        ...guestRunMounts(launch, stateDir),
        ...(spec.mounts ?? []).map(({ source, target, readOnly }) =>
          guestMount(source, target, readOnly ? 'read' : 'write'),
        ),
      ],
      network: { ports: portsOf(spec.id), hosts: spec.network },
      driver: spec.driver,
    };
  }

  async #requireCommand({ run, argv, env, provider }: SandboxLaunch, spec: SandboxSpec): Promise<void> {
    const [command = ''] = argv;
    const { PATH } = env;
    const looked = await this.#ask(this.nameOf(run), {
      argv: lookForCommand(command),
      ...(PATH === undefined ? {} : { env: { PATH } }),
    });
    if (looked.code === there) return;
    const image = machineImage(spec)?.name ?? '';
    const fix = `Use an image that has ${command}, or add it to this one.`;
    throw new AppError('provider.missing', `The command "${command}" is not in the image ${image}. ${fix}`, {
      provider: provider?.name ?? command,
      command,
      fix,
    });
  }

  async #removeFailed(run: RunId): Promise<void> {
    const { runtime, log } = this.#options;
    try {
      await runtime.remove(this.nameOf(run));
    } catch (error) {
      // The next host finds it; why it did not start is what matters now.
      log.warn('A virtual machine was left', { run, reason: errorMessage(error) });
    }
  }

  async #endPolitely(run: RunId, graceMs: number): Promise<void> {
    const { clock } = this.#options;
    const until = clock.awake() + graceMs;
    const never = new AbortController().signal;
    try {
      await this.#ask(this.nameOf(run), { argv: askToEnd });
      for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
        if (!(await this.isAlive(run))) return;
        const left = until - clock.awake();
        if (left <= 0) return;
        await clock.sleep(Math.min(pause, left), never);
      }
    } catch (error) {
      // Nobody inside who could be asked.
      this.#options.log.warn('A virtual machine is ended without a word', { run, reason: errorMessage(error) });
    }
  }

  /** Errors: `sandbox.unavailable` when nobody answers, or the runtime refuses. */
  async #ask(name: string, command: VmCommand): Promise<VmResult> {
    const { runtime, clock } = this.#options;
    const asked = runtime.run(name, command);
    if ((await within(asked, { ms: answerMs, clock })) === 'settled') return await refusing(runtime.name, asked);
    throw new AppError('sandbox.unavailable', `The virtual machine ${name} does not answer.`, {
      driver: runtime.name,
      reason: 'no answer',
    });
  }

  #watchDisk({ sandbox, run, folders, diskBytes, runDir }: VmRecord): void {
    const top = join(this.#options.stateDir, 'sandboxes', sandbox);
    this.#disk.watch({
      run,
      folders: [...folders, join(top, 'home'), join(top, 'tmp'), join(top, 'git', run), runDir],
      mostBytes: diskBytes,
      runDir,
      notes: join(top, 'disk'),
    });
  }
}

/** What its machines are made of. */
export function machineImage({ image }: SandboxSpec): VmImage | undefined {
  return image && { name: image.name, pull: image.pull };
}

/** What its wrapper wrote, or a directory that is gone. */
function hasEnded({ runDir }: VmRecord): boolean {
  const exit = glanceInto(join(runDir, runFiles.exit), { maxBytes: reserveBytes });
  return exit?.kind !== 'file' || exit.bytes.toString('utf8').trim() !== '';
}

/** What a runtime throws, as an error of this program. */
export async function refusing<T>(driver: VmRuntime['name'], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = errorMessage(error);
    throw new AppError('sandbox.unavailable', `${driver} refused: ${reason}`, { driver, reason }, { cause: error });
  }
}

function notBooted(driver: VmRuntime['name'], error: unknown): AppError<'sandbox.unavailable'> {
  const [reason = ''] = errorMessage(error).split('\n');
  const hint =
    'When it is not the image, it is the virtualization of this machine: inside of another virtual machine there often is none. Docker needs none (driver: {docker: {}}).';
  const message = `The virtual machine did not boot in ${driver}: ${reason.replace(/\.?$/, '.')} ${hint}`;
  return new AppError('sandbox.unavailable', message, { driver, reason }, { cause: error });
}
