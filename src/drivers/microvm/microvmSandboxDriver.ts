import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { OnImageStep } from '../../core/images/image.js';
import type {
  EntryCommand,
  ForwardedPort,
  Guest,
  InsidePort,
  RunDriver,
  SandboxDriver,
  SandboxInspection,
  SandboxRef,
  SandboxSpec,
  SandboxStats,
} from '../../core/sandboxes/sandboxDriver.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { makeGuestFolders } from '../guests/guestFolders.js';
import { guestObjects, isolatedGuest } from '../guests/guestPaths.js';
import { inspectionOf, removeSandboxFolder, togetherUsed } from '../guests/sandboxState.js';
import { forwardPort } from '../guests/portForward.js';
import { countProcesses } from './insideScripts.js';
import { machineImage, MicrovmRuns } from './microvmRuns.js';
import type { Registries } from './registries.js';
import { refusing } from './vmErrors.js';
import { VmRecords, type VmRecord } from './vmRecords.js';
import type { VmRuntime, VmStream } from './vmRuntime.js';
import { duplexOf } from './vmStreams.js';

export interface MicrovmOptions {
  readonly runtime: VmRuntime;
  /** Absolute. */
  readonly stateDir: string;
  /** Folder of Muster's own programs. */
  readonly programs: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly registries: Registries;
}

/** Volumes of the compose file are folders by these names: of a machine nothing is left that could keep them. */
const volumeName = /^[A-Za-z0-9][\w.-]{0,127}$/;

/**
 * Virtual machines of one runtime. A sandbox is a folder of the state directory (home, `/tmp`) with the workspace beside it; what runs
 * in it are machines of their own, one a run.
 */
export class MicrovmSandboxDriver implements SandboxDriver, Disposable {
  readonly borrowedObjects = guestObjects;
  readonly #options: MicrovmOptions;
  readonly #records: VmRecords;
  readonly #runs: MicrovmRuns;
  readonly #reached = new Map<SandboxRef['id'], Set<number>>();
  #takingUp: Promise<void> | undefined;

  constructor(options: MicrovmOptions) {
    this.#options = options;
    this.#records = new VmRecords(options.stateDir);
    const portsOf = (sandbox: SandboxRef['id']): readonly number[] => [...(this.#reached.get(sandbox) ?? [])];
    this.#runs = new MicrovmRuns({ ...options, records: this.#records, portsOf });
  }

  /** Looks once after what an earlier host left; and again after a failure. */
  takeUp(): Promise<void> {
    this.#takingUp ??= refusing(this.#options.runtime.name, this.#runs.takeUp());
    // Thrown to whoever asked, and not kept.
    this.#takingUp.catch(() => (this.#takingUp = undefined));
    return this.#takingUp;
  }

  async ensure(spec: SandboxSpec, signal: AbortSignal, onStep?: OnImageStep): Promise<Guest> {
    const { runtime, registries, stateDir, programs } = this.#options;
    const image = machineImage(spec);
    if (image === undefined)
      throw this.#unavailable(`Agent ${spec.agent} runs in ${runtime.name} and names no image.`, 'no image');
    if (spec.image?.build)
      throw this.#unavailable(
        `Agent ${spec.agent} builds its image, which ${runtime.name} cannot. Build it with Docker, push it to a registry, and write image: with its name there.`,
        'no builds',
      );
    const [mount] = spec.mounts ?? [];
    if (mount && runtime.takes === 'copies')
      throw this.#unavailable(
        `Agent ${spec.agent} gets ${mount.source}, and machines of ${runtime.name} take no more folders than a run's own. Leave volumes: out, or use microsandbox.`,
        'no volumes',
      );
    makeGuestFolders(spec, stateDir);
    for (const { type, source } of spec.mounts ?? []) if (type === 'volume') this.#makeVolume(source);
    await refusing(runtime.name, runtime.fetch(await registries.imageOf(image), signal, onStep), signal);
    return isolatedGuest(spec, {
      programs,
      asRoot: true,
      hasMail: runtime.takes === 'folders',
      hasPipes: false,
      reach: port => {
        this.#portsOf(spec).add(port);
        return { host: runtime.hostName ?? '127.0.0.1', port };
      },
    });
  }

  runsIn(): RunDriver {
    const runs = this.#runs;
    return {
      start: async (launch, signal) => await runs.start({ ...launch, ...this.#withVolumes(launch.sandbox) }, signal),
      isAlive: run => runs.isAlive(run),
      whyLost: run => runs.whyLost(run),
      stop: (run, options) => runs.stop(run, options),
    };
  }

  async stop(sandbox: SandboxRef, options: { readonly graceMs: number }): Promise<void> {
    await Promise.all(this.#records.ofSandbox(sandbox.id).map(({ run }) => this.#runs.stop(run, options)));
  }

  async resume(spec: SandboxSpec, signal: AbortSignal): Promise<void> {
    await this.ensure(spec, signal);
  }

  async remove(sandbox: SandboxRef): Promise<void> {
    await this.stop(sandbox, { graceMs: 0 });
    await removeSandboxFolder(this.#options.stateDir, sandbox);
  }

  async inspect(sandbox: SandboxRef): Promise<SandboxInspection> {
    const running = await this.#running(sandbox);
    const names = running.map(({ run }) => this.#runs.nameOf(run));
    return inspectionOf(this.#options.stateDir, sandbox, names);
  }

  async stats(sandbox: SandboxRef): Promise<SandboxStats | undefined> {
    const { runtime } = this.#options;
    const all = await Promise.all(
      (await this.#running(sandbox)).map(async ({ run }) => {
        const name = this.#runs.nameOf(run);
        const [usage, counted] = await Promise.all([
          refusing(runtime.name, runtime.usage(name)),
          this.#runs.ask(name, { argv: countProcesses }),
        ]);
        return usage && { ...usage, processes: Number(/^\d{1,9}/.exec(counted.said)?.[0] ?? 0) };
      }),
    );
    return togetherUsed(all);
  }

  async enter(spec: SandboxSpec): Promise<EntryCommand> {
    const [running] = await this.#running(spec);
    if (running) return this.#options.runtime.enter(this.#runs.nameOf(running.run));
    throw this.#unavailable(
      `Nothing of sandbox ${spec.id} runs. A virtual machine is there while its run is at work, and only then can be entered.`,
      'not running',
    );
  }

  async forward(sandbox: SandboxRef, { port, run }: InsidePort, signal: AbortSignal): Promise<ForwardedPort> {
    const found = (await this.#running(sandbox)).find(record => run === undefined || record.run === run);
    if (!found)
      throw this.#unavailable(`Nothing of sandbox ${sandbox.id} runs, so no port of it can be reached.`, 'not running');
    const name = this.#runs.nameOf(found.run);
    return await forwardPort(async socket => carry(await this.#options.runtime.dial(name, port), socket), signal);
  }

  async dispose(): Promise<void> {
    this.#runs.dispose();
    await this.#options.runtime.dispose();
  }

  async #running({ id }: SandboxRef): Promise<readonly VmRecord[]> {
    const { runtime } = this.#options;
    const found = await Promise.all(
      this.#records.ofSandbox(id).map(async record => {
        const machine = await refusing(runtime.name, runtime.find(this.#runs.nameOf(record.run)));
        return machine?.running === true ? record : undefined;
      }),
    );
    return found.filter(record => record !== undefined);
  }

  #portsOf({ id }: SandboxRef): Set<number> {
    const ports = this.#reached.get(id) ?? new Set();
    this.#reached.set(id, ports);
    return ports;
  }

  #withVolumes(spec: SandboxSpec | undefined): { readonly sandbox?: SandboxSpec } {
    if (!spec?.mounts) return {};
    const mounts = spec.mounts.map(mount =>
      mount.type === 'volume' ? { ...mount, source: this.#volumeFolder(mount.source) } : mount,
    );
    return { sandbox: { ...spec, mounts } };
  }

  #makeVolume(name: string): void {
    if (volumeName.test(name)) return makePrivateDirectory(this.#volumeFolder(name));
    throw new AppError('request.invalid', `The volume ${JSON.stringify(name)} cannot be kept under this name.`, {
      field: 'volumes',
      reason: 'letters, digits, dots, dashes and underscores alone',
    });
  }

  #volumeFolder(name: string): string {
    return join(this.#options.stateDir, 'volumes', name);
  }

  #unavailable(message: string, reason: string): AppError<'sandbox.unavailable'> {
    return new AppError('sandbox.unavailable', message, { driver: this.#options.runtime.name, reason });
  }
}

/** Both ways. */
function carry(stream: VmStream, socket: Socket): void {
  const far = duplexOf(stream);
  far.on('error', () => socket.destroy());
  socket.once('close', () => far.destroy());
  socket.pipe(far).pipe(socket);
}
