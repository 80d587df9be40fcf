import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { AppError } from '../../base/errors.js';
import { isId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { RunId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { Clock } from '../../base/clock.js';
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
import type { OnImageStep } from '../../core/images/image.js';
import { runPath, writeWhole } from '../../node/runFiles.js';
import { DiskWatch } from '../guests/diskWatch.js';
import { allowedHosts, egressFolder, egressPort, openWays } from '../guests/egress.js';
import { makeGuestFolders, sandboxFolder } from '../guests/guestFolders.js';
import { guestLimits } from '../guests/guestLimits.js';
import { guestObjects, guestPaths, isolatedGuest } from '../guests/guestPaths.js';
import { forwardPort } from '../guests/portForward.js';
import { removeSandboxFolder } from '../guests/sandboxState.js';
import { homeVolume, labels, shellContainer, stateDigest, type ContainerSettings } from './containerOptions.js';
import { found, statusOf, type DockerEngine } from './dockerEngine.js';
import { DockerRuns } from './dockerRuns.js';
import type { Doors } from '../guests/doors.js';
import { GuestPrograms } from './guestPrograms.js';
import { carryInto } from './portForward.js';
import type { Images } from './images.js';
import { RemoteRuns } from './remoteRuns.js';
import { containerOfLabels, sentRunOf, type StartedContainer } from './startedContainers.js';

export interface DockerSandboxOptions {
  readonly engine: DockerEngine;
  readonly images: Images;
  /** Absolute. */
  readonly stateDir: string;
  /** Folder of Muster's own programs. */
  readonly programs: string;
  readonly doors: Doors;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Containers of one Docker Engine. A sandbox is a folder of the state directory (home, `/tmp`) with the workspace beside it;
 * what runs in it are containers of their own, one a run.
 */
export class DockerSandboxDriver implements SandboxDriver, Disposable {
  readonly borrowedObjects = guestObjects;
  readonly #options: DockerSandboxOptions;
  readonly #runs: DockerRuns;
  /** There for an engine elsewhere. */
  readonly #remote: RemoteRuns | undefined;
  readonly #disk: DiskWatch;
  readonly #state: string;
  /** Ports of this machine that the runs of a sandbox may reach. */
  readonly #reached = new Map<SandboxRef['id'], Set<number>>();
  #doorsOfRunning: Promise<void> | undefined;

  constructor(options: DockerSandboxOptions) {
    const { engine, clock, stateDir } = options;
    this.#options = options;
    this.#state = stateDigest(stateDir);
    const programs = new GuestPrograms(engine);
    this.#runs = new DockerRuns({
      engine,
      clock,
      programs,
      settings: sandbox => this.#settings(sandbox),
      onStarted: ({ run, directory, folders }, spec) =>
        this.#watchDisk(run, {
          id: spec.id,
          folders: [spec.workspace.folder, ...(folders ?? []).map(({ here }) => here)],
          most: guestLimits(spec).diskBytes,
          directory,
        }),
    });
    this.#remote = engine.elsewhere
      ? new RemoteRuns({
          engine,
          programs,
          settings: sandbox => this.#settings(sandbox),
          stateDir,
          programsFolder: options.programs,
          clock,
          log: options.log,
        })
      : undefined;
    this.#disk = new DiskWatch({
      clock,
      log: options.log,
      stop: run => this.#runs.stop(run, { graceMs: graceOfFullMs }),
      isAlive: run => this.#runs.isAlive(run),
    });
  }

  async ensure(spec: SandboxSpec, signal: AbortSignal, onStep?: OnImageStep): Promise<Guest> {
    const { stateDir, programs, images } = this.#options;
    if (spec.image === undefined)
      throw new AppError('sandbox.unavailable', `Agent ${spec.agent} runs in docker and names no image.`, {
        driver: 'docker',
        reason: 'no image',
      });
    const { user } = await this.#settings(spec);
    signal.throwIfAborted();
    await images.require(spec.image, { signal, onStep });
    writeWhole(join(makeGuestFolders(spec, stateDir), 'passwd'), passwdFile(user));
    return isolatedGuest(spec, {
      programs,
      asRoot: user.startsWith('0:'),
      hasMail: !this.#options.engine.elsewhere,
      // Elsewhere than on Linux an engine of this machine is in a virtual one.
      hasPipes: !this.#options.engine.elsewhere && process.platform === 'linux',
      // Its relay listens at the same number: what a port is called does not depend on where somebody is.
      reach: port => {
        this.#portsOf(spec).add(port);
        return { host: '127.0.0.1', port };
      },
    });
  }

  dispose(): void {
    this.#remote?.dispose();
    this.#disk.dispose();
  }

  runsIn(): RunDriver {
    return this.#remote ?? this.#runs;
  }

  /** Opens what running containers of an earlier host reach this machine through. Once, and again after a failure. */
  openDoors(): Promise<void> {
    this.#doorsOfRunning ??= this.#openDoors();
    // Thrown to whoever asked, and not kept.
    this.#doorsOfRunning.catch(() => (this.#doorsOfRunning = undefined));
    return this.#doorsOfRunning;
  }

  async stop(sandbox: SandboxRef, { graceMs }: { readonly graceMs: number }): Promise<void> {
    const { engine } = this.#options;
    const containers = await this.#containersOf(sandbox);
    await Promise.all(
      containers.map(async ({ Id: id, Labels: own }) => {
        const run = own[labels.run];
        // What it leaves is fetched before it goes.
        if (this.#remote && run !== undefined && isId<'run'>(run)) return await this.#remote.stop(run, { graceMs });
        const container = engine.docker.getContainer(id);
        await engine.call(() => found(container.stop({ t: Math.ceil(graceMs / 1000) })).catch(ignoreGone));
        await engine.call(() => found(container.remove({ force: true })).catch(ignoreGone));
      }),
    );
  }

  async resume(spec: SandboxSpec, signal: AbortSignal): Promise<void> {
    await this.ensure(spec, signal);
  }

  async remove(sandbox: SandboxRef): Promise<void> {
    await this.stop(sandbox, { graceMs: 0 });
    const { engine } = this.#options;
    if (engine.elsewhere) {
      // Nobody may have made it.
      const home = engine.docker.getVolume(homeVolume(sandbox.id));
      await engine.call(() => found(home.remove()).catch(ignoreGone));
    }
    await removeSandboxFolder(this.#options.stateDir, sandbox);
  }

  async enter(spec: SandboxSpec, signal: AbortSignal): Promise<EntryCommand> {
    const { engine } = this.#options;
    await this.ensure(spec, signal);
    const running = (await this.#containersOf(spec)).find(({ State: state }) => state === 'running');
    // Its files are here between two runs: what is done there would be lost with the container.
    if (!running && engine.elsewhere)
      throw new AppError(
        'sandbox.unavailable',
        `Nothing of sandbox ${spec.id} runs. On an engine elsewhere a container has the files while its run is at work, and only then can be entered.`,
        { driver: 'docker', reason: 'not running' },
      );
    const id = running?.Id ?? (await this.#startShell(spec));
    const command = ['docker', '--host', engine.address, 'exec', '--interactive', '--workdir', guestPaths.workspace];
    return { command: [...command, id], terminal: [...command, '--tty', id] };
  }

  async #startShell(spec: SandboxSpec): Promise<string> {
    const { engine } = this.#options;
    const options = shellContainer(spec, await this.#settings(spec));
    const container = await engine.call(() => engine.docker.createContainer(options));
    await engine.call(() => container.start());
    return container.id;
  }

  async inspect(sandbox: SandboxRef): Promise<SandboxInspection> {
    const containers = await this.#containersOf(sandbox);
    const runtimeIds = containers.map(({ Id: id }) => id);
    const { engine, stateDir } = this.#options;
    const place = { runtimeIds, node: engine.elsewhere ? engine.address : undefined };
    if (containers.some(({ State: state }) => state === 'running')) return { state: 'running', ...place };
    const exists = existsSync(sandboxFolder(stateDir, sandbox.id));
    return { state: exists ? 'ready' : 'missing', ...place };
  }

  async stats(sandbox: SandboxRef): Promise<SandboxStats | undefined> {
    const { engine } = this.#options;
    const running = (await this.#containersOf(sandbox)).filter(({ State: state }) => state === 'running');
    const all = await Promise.all(
      running.map(({ Id: id }) => engine.call(() => found(engine.docker.getContainer(id).stats({ stream: false })))),
    );
    const known = all.filter(stats => stats !== undefined);
    if (known.length === 0) return undefined;
    const sum = (of: (stats: Docker.ContainerStats) => number): number =>
      known.reduce((total, stats) => total + of(stats), 0);
    return {
      cpus: sum(usedProcessors),
      memoryBytes: sum(stats => stats.memory_stats.usage ?? 0),
      memoryLimitBytes: sum(stats => stats.memory_stats.limit ?? 0),
      processes: sum(stats => stats.pids_stats?.current ?? 0),
    };
  }

  async forward(sandbox: SandboxRef, { port, run }: InsidePort, signal: AbortSignal): Promise<ForwardedPort> {
    const running = (await this.#containersOf(sandbox)).find(
      ({ State: state, Labels: own }) => state === 'running' && (run === undefined || own[labels.run] === run),
    );
    if (!running)
      throw new AppError(
        'sandbox.unavailable',
        `Nothing of sandbox ${sandbox.id} runs, so no port of it can be reached.`,
        {
          driver: 'docker',
          reason: 'not running',
        },
      );
    const { engine } = this.#options;
    return await forwardPort(socket => carryInto(engine, { container: running.Id, port }, socket), signal);
  }

  async #settings(spec: SandboxSpec): Promise<ContainerSettings> {
    const { engine, stateDir, programs } = this.#options;
    const { rootless, processors } = await engine.facts();
    const user = rootless ? '0:0' : `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
    const reached = { ports: [...this.#portsOf(spec)], allowed: allowedHosts(spec) };
    const opened = await openWays(this.#options, spec, reached);
    const { elsewhere } = engine;
    return { stateDir, state: this.#state, programs, doors: opened, user, processors, elsewhere };
  }

  #portsOf({ id }: SandboxRef): Set<number> {
    const ports = this.#reached.get(id) ?? new Set();
    this.#reached.set(id, ports);
    return ports;
  }

  async #openDoors(): Promise<void> {
    const { engine, doors } = this.#options;
    const filters = { label: [`${labels.state}=${this.#state}`] };
    // Those of an engine elsewhere wait for somebody who fetches what they left.
    const all = await engine.call(() => engine.docker.listContainers({ all: engine.elsewhere, filters }));
    await this.#remote?.removePacked(all.filter(isPacking));
    const remote = this.#remote;
    const started = all
      .filter(container => !isPacking(container))
      .flatMap(({ Labels: own }): readonly StartedContainer[] => {
        if (!remote) return [containerOfLabels(own)];
        const sent = sentRunOf(remote.sent, own);
        return sent ? [sent] : [];
      });
    await doors.open(new Set(started.flatMap(({ ports }) => ports).filter(port => port !== egressPort)));
    for (const { allowed, sandbox } of started)
      if (allowed.length > 0 && sandbox !== undefined)
        await doors.openEgress(egressFolder(this.#options.stateDir, { id: sandbox }), allowed);
    for (const container of started) this.#adopt(container);
  }

  /** Goes on watching what an earlier host started. */
  #adopt({ run, sandbox: id, workspace, ports, readOnly, directory, diskBytes: most = NaN }: StartedContainer): void {
    if (run === undefined || id === undefined || workspace === undefined) return;
    if (!this.#remote) return this.#watchDisk(run, { id, folders: [workspace], most, directory });
    const doors = new Map(ports.map(port => [port, this.#doorFolder({ id }, port)]));
    this.#remote.adopt({ run, sandbox: id, workspace, doors, readOnly, diskBytes: most });
  }

  #doorFolder(sandbox: Pick<SandboxRef, 'id'>, port: number): string {
    return port === egressPort ? egressFolder(this.#options.stateDir, sandbox) : this.#options.doors.folderOf(port);
  }

  #watchDisk(
    run: RunId,
    {
      id,
      folders: own,
      most,
      directory,
    }: {
      readonly id: SandboxRef['id'];
      readonly folders: readonly string[];
      readonly most: number;
      readonly directory: string | undefined;
    },
  ): void {
    const { stateDir } = this.#options;
    const top = sandboxFolder(stateDir, id);
    const runDir = directory ?? runPath(stateDir, run);
    const folders = [...own, join(top, 'home'), join(top, 'tmp'), join(top, 'git', run), runDir];
    this.#disk.watch({ run, folders, mostBytes: most, runDir, notes: join(top, 'disk') });
  }

  async #containersOf({ id }: SandboxRef): Promise<readonly Docker.ContainerInfo[]> {
    const { engine } = this.#options;
    const label = [`${labels.state}=${this.#state}`, `${labels.sandbox}=${id}`];
    return await engine.call(() => engine.docker.listContainers({ all: true, filters: { label } }));
  }
}

/** An earlier host did not come to start what it was packing for. */
function isPacking({ Labels: own }: Docker.ContainerInfo): boolean {
  return own[labels.role] === 'packing';
}

/** What fills a disk is not given long. */
const graceOfFullMs = 1_000;

/** Accounts inside: root, nobody, and the user whose id the agent has. */
function passwdFile(user: string): string {
  const accounts = ['root:x:0:0:root:/root:/bin/sh', 'nobody:x:65534:65534:nobody:/nonexistent:/bin/false'];
  return `${[...accounts, `agent:x:${user}:agent:${guestPaths.home}:/bin/sh`].join('\n')}\n`;
}

/** It ended by itself meanwhile. */
function ignoreGone(error: unknown): undefined {
  const status = statusOf(error);
  if (status === 304 || status === 409) return undefined;
  throw error;
}

/** Of the time between the engine's two looks. */
function usedProcessors({ cpu_stats: now, precpu_stats: before }: Docker.ContainerStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = now.system_cpu_usage - before.system_cpu_usage;
  return passed > 0 && used > 0 ? (used / passed) * (now.online_cpus ?? 1) : 0;
}
