import { createHash } from 'node:crypto';
import { untilAborted, within } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import { isId, type RunId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import { UnderWay } from '../../base/underWay.js';
import type { RunDriver, SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { glanceInto } from '../../node/looks.js';
import { reserveBytes, runFiles, runIdVariable, runPath } from '../../node/runFiles.js';
import { join } from 'node:path';
import { claimStart, releaseStart } from '../guests/claimStart.js';
import { DiskWatch } from '../guests/diskWatch.js';
import { proxyVariables } from '../guests/egress.js';
import {
  guestMount,
  guestMounts,
  guestRunMounts,
  requireFolder,
  requireSpec,
  type GuestMount,
} from '../guests/guestFolders.js';
import { guestLimits } from '../guests/guestLimits.js';
import { guestPaths, guestRunDir } from '../guests/guestPaths.js';
import type { SentRun } from '../guests/sentRuns.js';
import { trusting } from '../guests/trusting.js';
import { CopiedRuns } from './copiedRuns.js';
import { askToEnd, beginCommand, lookForCommand, lookForRun, noneMarked, there } from './insideScripts.js';
import { layOut, copyPlace, relayMark } from './runCopies.js';
import { givenUp, notBooted, refusing } from './vmErrors.js';
import { programOf } from './vmStreams.js';
import type { Registries } from './registries.js';
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
  readonly registries: Registries;
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
  /** There for machines that work on copies. */
  readonly #copies: CopiedRuns | undefined;
  readonly #starting = new UnderWay<RunId>();

  constructor(options: MicrovmRunsOptions) {
    this.#options = options;
    const { clock, log, stateDir, runtime } = options;
    const machine = {
      isWorking: (run: RunId) => this.#isWorking(run),
      begin: async (run: RunId, command: readonly string[]) =>
        programOf(await refusing(runtime.name, runtime.begin(this.nameOf(run), command))),
      remove: (run: RunId) => this.#remove(run),
    };
    this.#copies = runtime.takes === 'copies' ? new CopiedRuns({ ...options, machine }) : undefined;
    this.#prefix = `muster-${createHash('sha256').update(stateDir).digest('hex').slice(0, 12)}-`;
    this.#disk = new DiskWatch({
      clock,
      log,
      stop: run => this.stop(run, { graceMs: graceOfFullMs }),
      isAlive: run => this.isAlive(run),
    });
  }

  dispose(): void {
    this.#copies?.dispose();
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
    // What it left is on its way.
    if (this.#starting.has(run) || this.#copies?.has(run) === true) return true;
    return await this.#isWorking(run);
  }

  async whyLost(run: RunId): Promise<string | undefined> {
    return this.#copies?.whyLost(run);
  }

  async stop(run: RunId, { graceMs }: { readonly graceMs: number }): Promise<void> {
    // What is not there yet cannot be ended, and would begin afterwards.
    await this.#starting.over(run);
    const { runtime, records } = this.#options;
    const name = this.nameOf(run);
    const found = await runtime.find(name);
    if (found?.running && graceMs > 0) await this.#endPolitely(run, graceMs);
    if (found) await this.#remove(run);
    await this.#copies?.over(run);
    const record = records.ofRun(run);
    if (record) records.forget(record);
  }

  /** Removes what an earlier host left of runs that are over, and goes on watching the others. */
  async takeUp(): Promise<void> {
    const { runtime, records, log } = this.#options;
    const machines = await runtime.list();
    // Also those whose machines are gone: what they left is still here.
    if (this.#copies)
      for (const record of records.all())
        if (!this.#starting.has(record.run) && !(await this.#copies.takeUp(record))) records.forget(record);
    for (const { name, running } of machines) {
      const run = name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : '';
      if (!isId<'run'>(run)) continue;
      const record = records.ofRun(run);
      const follows = this.#copies?.has(run) === true;
      if (running && record && (follows || !hasEnded(record))) this.#watchDisk(record);
      else if (!follows) {
        log.info('A virtual machine whose run is over is removed', { run });
        await runtime.remove(name);
        if (record) records.forget(record);
      }
    }
  }

  async #start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    const { run, cwd } = launch;
    const { runtime, records, stateDir } = this.#options;
    const spec = requireSpec(launch);
    requireFolder(spec, cwd);
    signal.throwIfAborted();
    const name = this.nameOf(run);
    // Somebody else started the same run: its wrapper is the only one.
    if (await runtime.find(name)) return;
    const record = this.#recordOf(launch, spec);
    records.write(record);
    let booted = false;
    let claimed = false;
    try {
      const copied = await this.#copies?.prepare(launch, spec, signal);
      signal.throwIfAborted();
      await this.#boot(await this.#machine(launch, spec, copied?.mounts), signal);
      booted = true;
      if (copied) await this.#requireLayout(name, copied.sent, signal);
      await this.#requireCommand(launch, spec, signal);
      // The wrapper's own word is in a copy: whoever gives the run up looks here.
      claimed = copied !== undefined && claimStart(runPath(stateDir, run));
      if (copied && !claimed) throw givenUp();
      await this.#begin(launch, spec, copied?.sent);
      if (copied) this.#copies?.follow(copied.sent);
    } catch (error) {
      records.forget(record);
      // One that is still booting is removed when it has.
      const isGone = (booted || !signal.aborted) && (await this.#removeFailed(run));
      // Nothing of it is left, so that it is told why it did not begin, and is not taken for one that was lost.
      if (claimed && isGone) releaseStart(runPath(stateDir, run));
      await this.#copies?.forget(record);
      if (isAppError(error, 'cancelled') && !signal.aborted) return;
      throw error;
    }
    this.#watchDisk(record);
  }

  #recordOf({ run, directory, folders = [] }: SandboxLaunch, spec: SandboxSpec): VmRecord {
    const { stateDir } = this.#options;
    const copied = this.#copies && copyPlace(stateDir, spec.id, run);
    const written = [spec.workspace.folder, ...folders.map(({ here }) => here)];
    return {
      sandbox: spec.id,
      run,
      folders: copied ? [copied.files] : written,
      diskBytes: guestLimits(spec).diskBytes,
      runDir: copied?.run ?? directory ?? runPath(stateDir, run),
    };
  }

  async #begin(
    { run, argv, through = [], env, cwd, stdin }: SandboxLaunch,
    spec: SandboxSpec,
    sent: SentRun | undefined,
  ): Promise<void> {
    const inside = guestRunDir(run);
    const input = stdin === 'prompt' ? `${inside}/${runFiles.prompt}` : '/dev/null';
    const mark = `${runIdVariable}=${run}`;
    const own = {
      HOME: guestPaths.home,
      // By the name that a link has: where it leads is nobody's to know.
      ...(sent ? { PWD: cwd, ...proxyVariables(spec) } : {}),
      ...env,
      [runIdVariable]: run,
    };
    const begun = await this.ask(this.nameOf(run), {
      argv: beginCommand(mark, [inside, input, ...through, ...argv], {
        after: sent && sent.ports.length > 0 ? relayMark : '',
      }),
      env: sent ? trusting(own) : own,
      cwd,
    });
    if (begun.code === 0) return;
    const reason = begun.said.trim().split('\n').at(-1) || `exit code ${begun.code}`;
    throw new AppError('run.notStarted', `The virtual machine of run ${run} started nothing: ${reason}.`, {
      run,
      reason,
    });
  }

  /** Makes the copies what they are called inside. Errors: `sandbox.unavailable` for an image in which that cannot be done. */
  async #requireLayout(name: string, { ports }: SentRun, signal: AbortSignal): Promise<void> {
    const driver = this.#options.runtime.name;
    const laid = await this.ask(name, { argv: layOut }, signal);
    if (laid.code !== 0)
      throw new AppError(
        'sandbox.unavailable',
        `Nothing can be put into the image: /muster and ${guestPaths.workspace} cannot be made.`,
        { driver, reason: `layout ${laid.code}` },
      );
    if (ports.length === 0 || (await this.ask(name, { argv: lookForCommand('node') }, signal)).code === there) return;
    throw new AppError(
      'sandbox.unavailable',
      'The image has no node, which leads the agent to its model through this machine. Add it.',
      { driver, reason: 'no relay' },
    );
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

  async #machine(launch: SandboxLaunch, spec: SandboxSpec, copies: readonly GuestMount[] | undefined): Promise<VmSpec> {
    const { stateDir, programs, portsOf, registries } = this.#options;
    const image = machineImage(spec) ?? { name: '', pull: 'never' };
    return {
      name: this.nameOf(launch.run),
      image: await registries.imageOf(image),
      limits: guestLimits(spec),
      mounts: copies ?? [
        ...guestMounts(spec, { stateDir, programs }),
        ...guestRunMounts(launch, stateDir),
        ...(spec.mounts ?? []).map(({ source, target, readOnly }) =>
          guestMount(source, target, readOnly ? 'read' : 'write'),
        ),
      ],
      // Where it works on copies, everything goes through the relay inside.
      network: copies
        ? { ports: [], hosts: spec.network === 'full' ? 'full' : 'none' }
        : { ports: portsOf(spec.id), hosts: spec.network },
      driver: spec.driver,
    };
  }

  async #requireCommand(
    { run, argv, env, provider }: SandboxLaunch,
    spec: SandboxSpec,
    signal: AbortSignal,
  ): Promise<void> {
    const [command = ''] = argv;
    const { PATH } = env;
    const asked = { argv: lookForCommand(command), ...(PATH === undefined ? {} : { env: { PATH } }) };
    const looked = await this.ask(this.nameOf(run), asked, signal);
    if (looked.code === there) return;
    const image = machineImage(spec)?.name ?? '';
    const fix = `Use an image that has ${command}, or add it to this one.`;
    throw new AppError('provider.missing', `The command "${command}" is not in the image ${image}. ${fix}`, {
      provider: provider?.name ?? command,
      command,
      fix,
    });
  }

  async #isWorking(run: RunId): Promise<boolean> {
    const name = this.nameOf(run);
    if (!(await this.#options.runtime.find(name))?.running) return false;
    // An image without what looks for processes: the machine is all that is known.
    return (await this.ask(name, { argv: lookForRun(run) })).code !== noneMarked;
  }

  /** Errors: `run.unstoppable`. */
  async #remove(run: RunId): Promise<void> {
    const { runtime } = this.#options;
    const name = this.nameOf(run);
    const removing = runtime.remove(name);
    // Somebody else may do it at the same time: what counts is that it is gone.
    const failed = await removing.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(await runtime.find(name))) return;
    const message = `The virtual machine of run ${run} cannot be ended.`;
    throw new AppError('run.unstoppable', message, { run, pids: [] }, { cause: failed });
  }

  /** True when nothing is left of it. */
  async #removeFailed(run: RunId): Promise<boolean> {
    const { runtime, log } = this.#options;
    try {
      await runtime.remove(this.nameOf(run));
      return true;
    } catch (error) {
      // The next host finds it; why it did not start is what matters now.
      log.warn('A virtual machine was left', { run, reason: errorMessage(error) });
      return false;
    }
  }

  async #endPolitely(run: RunId, graceMs: number): Promise<void> {
    const { clock } = this.#options;
    const until = clock.awake() + graceMs;
    const never = new AbortController().signal;
    try {
      await this.ask(this.nameOf(run), { argv: askToEnd });
      for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
        if (!(await this.#isWorking(run))) return;
        const left = until - clock.awake();
        if (left <= 0) return;
        await clock.sleep(Math.min(pause, left), never);
      }
    } catch (error) {
      // Nobody inside who could be asked.
      this.#options.log.warn('A virtual machine is ended without a word', { run, reason: errorMessage(error) });
    }
  }

  /** Runs a short command in a machine. Errors: `sandbox.unavailable` when nobody answers, or the runtime refuses; the signal's reason. */
  async ask(name: string, command: VmCommand, signal: AbortSignal = new AbortController().signal): Promise<VmResult> {
    const { runtime, clock } = this.#options;
    const late = new AbortController();
    const asked = refusing(runtime.name, runtime.run(name, command, AbortSignal.any([signal, late.signal])), signal);
    if ((await within(asked, { ms: answerMs, clock })) === 'settled') return await asked;
    late.abort(new Error('no answer'));
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
export function machineImage({ image, driver }: SandboxSpec): VmImage | undefined {
  if (driver.name === 'boxlite' && driver.rootfs !== undefined) return { name: driver.rootfs, pull: 'never' };
  return image && { name: image.name, pull: image.pull };
}

/** What its wrapper wrote, or a directory that is gone. */
function hasEnded({ runDir }: VmRecord): boolean {
  const exit = glanceInto(join(runDir, runFiles.exit), { maxBytes: reserveBytes });
  return exit?.kind !== 'file' || exit.bytes.toString('utf8').trim() !== '';
}
