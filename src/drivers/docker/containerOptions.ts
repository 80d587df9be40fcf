import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { RunId } from '../../base/ids.js';
import type { MountSpec } from '../../compose/projectSpec.js';
import type { SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { runFiles, runIdVariable } from '../../node/runFiles.js';
import { shellWrapper } from '../../node/shellWrapper.js';
import { proxyVariables, type Door } from '../guests/egress.js';
import { guestMount, guestMounts, guestRunMounts, sandboxFolder, type GuestMount } from '../guests/guestFolders.js';
import { guestLimits } from '../guests/guestLimits.js';
import { guestPaths, guestRunDir } from '../guests/guestPaths.js';
import { guestEntry, nodeRelay, perlRelay } from './relays.js';

/** What every container of ours is found by; never anything that the engine or an agent made up. */
export const labels = {
  /** Whose: a state directory, as its digest. */
  state: 'dev.muster.state',
  sandbox: 'dev.muster.sandbox',
  thread: 'dev.muster.thread',
  agent: 'dev.muster.agent',
  run: 'dev.muster.run',
  /** Ports of this machine that it reaches. */
  doors: 'dev.muster.doors',
  /** Hosts of the network that it reaches, when it is a list. */
  allowed: 'dev.muster.allowed',
  /** Bytes that a run may write. */
  disk: 'dev.muster.disk',
  /** Processors and bytes of memory that its agent asks for, by which runs are placed. */
  asks: 'dev.muster.asks',
  /** There when nothing of the workspace may change. */
  readOnly: 'dev.muster.read-only',
  /** The workspace, as this machine has it. */
  workspace: 'dev.muster.workspace',
  /** Of a run whose directory is not among those of the others. */
  directory: 'dev.muster.directory',
  /** `run`, `shell` or `probe`. */
  role: 'dev.muster.role',
} as const;

/** What {@link labels.state} says. */
export function stateDigest(stateDir: string): string {
  return createHash('sha256').update(stateDir).digest('hex').slice(0, 24);
}

/** What all containers of a driver have in common. */
export interface ContainerSettings {
  readonly stateDir: string;
  /** Digest of the state directory. */
  readonly state: string;
  /** Folder of Muster's own programs. */
  readonly programs: string;
  /** Ports of this machine that lead here, and the folders of their sockets. */
  readonly doors: readonly Door[];
  /** `uid:gid`. */
  readonly user: string;
  /** Processors that the engine has. */
  readonly processors: number;
  /** None of this machine's folders and sockets are there (`remoteRuns.ts`). */
  readonly elsewhere: boolean;
}

export function runContainerName(run: RunId): string {
  return `muster-run-${run}`;
}

/** The container of one run: the wrapper is its only program, so that nothing of the run outlives it. */
export function runContainer(
  launch: SandboxLaunch,
  spec: SandboxSpec,
  settings: ContainerSettings,
): Docker.ContainerCreateOptions {
  const { run, argv, through = [], env, cwd, stdin } = launch;
  const mark = `${runIdVariable}=${run}`;
  const inside = guestRunDir(run);
  const input = stdin === 'prompt' ? `${inside}/${runFiles.prompt}` : '/dev/null';
  const doors = settings.doors.map(({ port }) => port).join(' ');
  const ports = settings.elsewhere && doors !== '' ? 'elsewhere' : doors;
  const container = sandboxContainer(spec, settings);
  return {
    ...container,
    name: runContainerName(run),
    Cmd: ['-c', guestEntry, mark, ports, nodeRelay, perlRelay, shellWrapper, inside, input, ...through, ...argv],
    WorkingDir: cwd,
    Env: [
      `HOME=${guestPaths.home}`,
      ...Object.entries({ ...proxyVariables(spec), ...env }).map(([name, value]) => `${name}=${value}`),
      mark,
      // The init passes SIGTERM on to the whole group of the wrapper, not to the wrapper alone.
      'TINI_KILL_PROCESS_GROUP=1',
    ],
    Labels: {
      ...container.Labels,
      [labels.run]: run,
      [labels.role]: 'run',
      ...(launch.directory === undefined ? {} : { [labels.directory]: launch.directory }),
    },
    HostConfig: {
      ...container.HostConfig,
      ...(settings.elsewhere ? { AutoRemove: false } : {}),
      Mounts: [...(container.HostConfig?.Mounts ?? []), ...runMounts(launch, spec, settings)],
    },
  };
}

/** What belongs to the run alone. */
function runMounts(launch: SandboxLaunch, spec: SandboxSpec, settings: ContainerSettings): Docker.MountSettings[] {
  const { run } = launch;
  if (!settings.elsewhere) return guestRunMounts(launch, settings.stateDir).map(bind);
  const names = remoteVolumes(spec, run);
  return [
    volume(names.workspace, guestPaths.workspace, settings),
    volume(names.run, guestPaths.top, settings),
    volume(names.home, guestPaths.home, settings),
  ];
}

/** Volumes of an engine elsewhere: what a run works on, what else it has, and what stays from run to run. */
function remoteVolumes({ id }: Pick<SandboxSpec, 'id'>, run: RunId) {
  const [workspace, own] = volumesOfRun(run);
  return { workspace, run: own, home: homeVolume(id) };
}

/** That go when all of the run is here. */
export function volumesOfRun(run: RunId): readonly [string, string] {
  return [`muster-work-${run}`, `muster-run-${run}`];
}

export function homeVolume(sandbox: SandboxSpec['id']): string {
  return `muster-home-${sandbox}`;
}

/** Whether a volume is one of those in which runs are on an engine elsewhere: they come and go with what they are of. */
export function isVolumeOfRuns(name: string): boolean {
  return /^muster-(work|run|home)-/.test(name);
}

/** A container that is never started: through it the engine takes files into the volumes of a run. */
export function packingContainer(
  run: RunId,
  spec: SandboxSpec,
  settings: ContainerSettings,
): Docker.ContainerCreateOptions {
  const names = remoteVolumes(spec, run);
  return {
    Image: spec.image?.name ?? '',
    Entrypoint: ['/bin/sh'],
    Cmd: ['-c', 'exit 0'],
    NetworkDisabled: true,
    Labels: { [labels.state]: settings.state, [labels.sandbox]: spec.id, [labels.run]: run, [labels.role]: 'packing' },
    HostConfig: {
      Mounts: [
        volume(names.run, guestPaths.top, settings),
        volume(names.workspace, `${guestPaths.top}${guestPaths.workspace}`, settings),
        volume(names.home, guestPaths.home, settings),
      ],
    },
  };
}

/** Ends by itself when nobody has been in it for a while: the init, the shell and what it counts with are three. */
const untilEmpty = 'while :; do sleep 60; set -- /proc/[0-9]*; [ $# -gt 2 ] || exit 0; done';

/** The container that people get into while no run is at work. */
export function shellContainer(spec: SandboxSpec, settings: ContainerSettings): Docker.ContainerCreateOptions {
  const container = sandboxContainer(spec, settings);
  return {
    ...container,
    Cmd: ['-c', untilEmpty],
    WorkingDir: guestPaths.workspace,
    // No relay is in it: from here nothing of the network is reached but with `full`.
    Env: [`HOME=${guestPaths.home}`],
    Labels: { ...container.Labels, [labels.role]: 'shell' },
  };
}

/** What a container of the sandbox is like, whatever runs in it. Its program is a shell. */
function sandboxContainer(spec: SandboxSpec, settings: ContainerSettings): Docker.ContainerCreateOptions {
  return {
    Image: spec.image?.name ?? '',
    Entrypoint: ['/bin/sh'],
    User: settings.user,
    Labels: {
      [labels.state]: settings.state,
      [labels.sandbox]: spec.id,
      [labels.thread]: spec.thread,
      [labels.agent]: spec.agent,
      [labels.doors]: settings.doors.map(({ port }) => port).join(' '),
      [labels.disk]: String(guestLimits(spec).diskBytes),
      [labels.asks]: asksLabel(spec),
      [labels.workspace]: spec.workspace.folder,
      ...(spec.workspace.readOnly === true ? { [labels.readOnly]: 'true' } : {}),
      [labels.allowed]: typeof spec.network === 'string' ? '' : spec.network.join(' '),
    },
    HostConfig: {
      ...confined,
      ...limits(spec, settings),
      NetworkMode: spec.network === 'full' ? 'bridge' : 'none',
      Mounts: mounts(spec, settings),
      Tmpfs: { '/run': scratch, '/var/tmp': scratch, ...(settings.elsewhere ? { '/tmp': largeScratch } : {}) },
    },
  };
}

/** `cpus bytes`, each empty where nothing was asked for. */
function asksLabel({ resources }: SandboxSpec): string {
  return `${resources?.cpus ?? ''} ${resources?.memoryBytes ?? ''}`;
}

/** What {@link labels.asks} says: processors, bytes. */
export function askedOf(label = ''): readonly [number | undefined, number | undefined] {
  const [cpus, memory] = label.split(' ').map(word => (/^[\d.]+$/.test(word) ? Number(word) : undefined));
  return [cpus, memory];
}

const largeScratch = 'rw,nosuid,nodev,exec,mode=1777,size=1073741824';
const scratch = 'rw,nosuid,nodev,mode=1777,size=67108864';

/** Gone when it has ended, also if nobody is there to see it; and as little power as a program can have. */
export const confined = {
  AutoRemove: true,
  Init: true,
  ReadonlyRootfs: true,
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges'],
  // What an agent says is in the run directory; the engine needs no second copy.
  LogConfig: { Type: 'none', Config: {} },
} satisfies Docker.HostConfig;

function limits(spec: SandboxSpec, { processors }: ContainerSettings): Docker.HostConfig {
  const { memoryBytes, diskBytes, processes, cpus } = guestLimits(spec);
  return {
    Memory: memoryBytes,
    // No swap on top of it.
    MemorySwap: memoryBytes,
    PidsLimit: processes,
    // No single file is larger, whoever watches or not.
    Ulimits: [{ Name: 'fsize', Soft: diskBytes, Hard: diskBytes }],
    // The engine refuses more than it has.
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(Math.min(cpus, processors) * 1e9) }),
  };
}

function mounts(spec: SandboxSpec, settings: ContainerSettings): Docker.MountSettings[] {
  if (settings.elsewhere) return fileMounts(spec, settings.state);
  const own = sandboxFolder(settings.stateDir, spec.id);
  return [
    ...[
      ...guestMounts(spec, settings),
      // Programs ask for the name and home of whoever runs them; root has both in every image.
      ...(settings.user.startsWith('0:') ? [] : [guestMount(join(own, 'passwd'), '/etc/passwd', 'read')]),
      ...settings.doors.map(({ port, folder }) => guestMount(folder, `${guestPaths.doors}/${port}`, 'read')),
    ].map(bind),
    ...fileMounts(spec, settings.state),
  ];
}

/** What the compose file wants mounted, to which a person agreed. */
export function fileMounts({ mounts: wanted = [] }: SandboxSpec, state: string): Docker.MountSettings[] {
  return wanted.map(each => fromFile(each, state));
}

function fromFile({ type, source, target, readOnly }: MountSpec, state: string): Docker.MountSettings {
  const place = { Type: type, Source: source, Target: target, ReadOnly: readOnly };
  return type === 'bind' ? place : { ...place, VolumeOptions: volumeOptions(state, 'filled') };
}

function volume(name: string, target: string, { state }: ContainerSettings): Docker.MountSettings {
  const VolumeOptions = volumeOptions(state, 'empty');
  return { Type: 'volume', Source: name, Target: target, ReadOnly: false, VolumeOptions };
}

/** `filled`: with what the image has at that place. */
function volumeOptions(state: string, begins: 'filled' | 'empty') {
  return { NoCopy: begins === 'empty', Labels: { [labels.state]: state }, DriverConfig };
}

/** The engine's own kind of volume. */
const DriverConfig = { Name: 'local', Options: {} };

function bind({ here, inside, readOnly }: GuestMount): Docker.MountSettings {
  return { Type: 'bind', Source: here, Target: inside, ReadOnly: readOnly };
}
