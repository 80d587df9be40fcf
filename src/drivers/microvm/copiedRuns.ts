import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { isAnyAppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { lookAt } from '../../node/looks.js';
import { removeWhole } from '../../node/removeTree.js';
import { runFiles, runPath } from '../../node/runFiles.js';
import { Doors } from '../guests/doors.js';
import { allowedHosts, egressFolder, egressPort, openWays } from '../guests/egress.js';
import type { FarProgram } from '../guests/farContainer.js';
import { FollowedRuns } from '../guests/followedRuns.js';
import { sandboxFolder, type GuestMount } from '../guests/guestFolders.js';
import { guestLimits } from '../guests/guestLimits.js';
import { RunMirror } from '../guests/runMirror.js';
import { SentRuns, type SentRun } from '../guests/sentRuns.js';
import { copiedContainer, copyPlace, makeCopies } from './runCopies.js';

export interface CopiedRunsOptions {
  readonly stateDir: string;
  readonly programs: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ports of this machine that the runs of a sandbox reach. */
  readonly portsOf: (sandbox: SandboxSpec['id']) => readonly number[];
  /** Whether what runs is at work, its machine is there, and what starts a program in it. */
  readonly machine: {
    isWorking(run: RunId): Promise<boolean>;
    begin(run: RunId, command: readonly string[]): Promise<FarProgram>;
    remove(run: RunId): Promise<void>;
  };
}

/**
 * Runs in machines that work on copies. As with an engine elsewhere, what a run says is followed into the files here that every run has, and
 * what it leaves comes back before the word that it ended; only that all of it is on this machine's disk, and stays there when a machine ends.
 */
export class CopiedRuns implements Disposable {
  readonly #options: CopiedRunsOptions;
  readonly #following: FollowedRuns;
  readonly #sent: SentRuns;
  readonly #doors: Doors;

  constructor(options: CopiedRunsOptions) {
    this.#options = options;
    this.#following = new FollowedRuns(options);
    this.#sent = new SentRuns(options.stateDir);
    this.#doors = new Doors({ folder: join(options.stateDir, 'machine-doors'), log: options.log });
  }

  has(run: RunId): boolean {
    return this.#following.has(run);
  }

  whyLost(run: RunId): string | undefined {
    return this.#following.whyLost(run);
  }

  async over(run: RunId): Promise<void> {
    await this.#following.over(run);
  }

  /** Makes the copies, and opens what the run reaches of this machine. */
  async prepare(
    launch: SandboxLaunch,
    spec: SandboxSpec,
    signal: AbortSignal,
  ): Promise<{ readonly mounts: readonly GuestMount[]; readonly sent: SentRun }> {
    const { run } = launch;
    const { folder: workspace, readOnly = false } = spec.workspace;
    const { diskBytes } = guestLimits(spec);
    const allowed = allowedHosts(spec);
    const ports = [...this.#options.portsOf(spec.id), ...(allowed === undefined ? [] : [egressPort])];
    const sent = { run, sandbox: spec.id, workspace, readOnly, ports, allowed: allowed ?? [], diskBytes };
    this.#sent.write(sent);
    await this.#open(sent);
    return { mounts: await makeCopies(launch, spec, this.#options, signal), sent };
  }

  follow(sent: SentRun): void {
    const { stateDir, clock, machine } = this.#options;
    const { run, sandbox, ports } = sent;
    const doorOf = (port: number): string =>
      port === egressPort ? egressFolder(stateDir, { id: sandbox }) : this.#doors.folderOf(port);
    const container = copiedContainer({
      place: copyPlace(stateDir, sandbox, run),
      run,
      clock,
      isRunning: () => machine.isWorking(run),
      begin: command => machine.begin(run, command),
    });
    const home = join(sandboxFolder(stateDir, sandbox), 'home');
    const doors = new Map(ports.map(port => [port, doorOf(port)]));
    const mirror = new RunMirror(stateDir, { ...sent, doors, home }, container);
    this.#following.begin({
      run,
      mirror,
      fetch: signal =>
        mirror.take(signal, async () => {
          // Whatever is left in it changes nothing any more while its files are read.
          await machine.remove(run);
          return undefined;
        }),
      remove: async () => {
        await machine.remove(run);
        await this.forget(sent);
      },
      whyGone: () => undefined,
      isElsewhere: isAnyAppError,
    });
  }

  /** One of an earlier host. False when it was never begun: it is given up, and its copies say nothing. */
  async takeUp(of: Pick<SentRun, 'sandbox' | 'run'>): Promise<boolean> {
    const sent = this.#sent.find(of);
    const started = await lookAt(join(runPath(this.#options.stateDir, of.run), runFiles.started));
    if (!sent || started?.isFile() !== true) {
      await this.forget(of);
      return false;
    }
    await this.#open(sent);
    this.follow(sent);
    return true;
  }

  async forget(of: Pick<SentRun, 'sandbox' | 'run'>): Promise<void> {
    const { top } = copyPlace(this.#options.stateDir, of.sandbox, of.run);
    await removeWhole(top);
    this.#sent.forget(of);
  }

  dispose(): void {
    this.#following.dispose();
    void this.#doors.dispose();
  }

  async #open({ sandbox: id, ports, allowed }: SentRun): Promise<void> {
    const { stateDir } = this.#options;
    const hosts = ports.includes(egressPort) ? allowed : undefined;
    await openWays({ doors: this.#doors, stateDir }, { id }, { ports, allowed: hosts });
  }
}
