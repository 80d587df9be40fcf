import type { RunId, SandboxId, ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Confinement } from './confinement.js';
import type { AgentImage } from '../images/agentImage.js';
import type { FarPlace } from '../models/farFacade.js';
import type { OnImageStep } from '../images/image.js';
import type { DriverSpec, MountSpec, ResourcesSpec } from '../../compose/projectSpec.js';

/**
 * Port: one kind of place where the runs of a thread execute. A sandbox is what stays between its runs (files, home folder,
 * network door); what a driver starts in it is addressed through {@link runsIn}.
 */
export interface SandboxDriver {
  /** Where object directory number 0, 1, … that a guest's git directory borrows from is inside; see {@link GuestGit}. */
  readonly borrowedObjects: (index: number) => string;
  /**
   * Makes ready what the runs of the sandbox need, again if parts of it are gone, and says how the machine looks from inside.
   * Errors: `sandbox.unavailable` when the runtime or the image is not there.
   */
  ensure(sandbox: SandboxSpec, signal: AbortSignal, onStep?: OnImageStep): Promise<Guest>;
  /**
   * Which of several runtimes of the driver a sandbox is to be on, as a driver that names one. Waits while none has room or answers, and
   * tells so. Missing: there is never a choice. Errors: `sandbox.unavailable` where no waiting helps; the signal's reason.
   */
  place?(sandbox: PlacedSandbox, signal: AbortSignal, onStep?: OnImageStep): Promise<DriverSpec>;
  /** A run of what was placed has begun, or will not: its place is kept for it no longer. */
  settled?(sandbox: Pick<SandboxRef, 'id'>): void;
  /** Its runs. Nothing is asked of the runtime by this call itself. */
  runsIn(sandbox: SandboxRef): RunDriver;
  /** Ends everything that runs in it; its files stay. */
  stop(sandbox: SandboxRef, options: { readonly graceMs: number }): Promise<void>;
  /** Makes it ready again with its files as they were. Errors: those of {@link ensure}. */
  resume(sandbox: SandboxSpec, signal: AbortSignal): Promise<void>;
  /** Ends everything in it and deletes what belongs to it alone; never the workspace. */
  remove(sandbox: SandboxRef): Promise<void>;
  /** What the runtime says about it. */
  inspect(sandbox: SandboxRef): Promise<SandboxInspection>;
  /** What it uses at the moment; `undefined` while nothing runs, or where nobody counts. */
  stats(sandbox: SandboxRef): Promise<SandboxStats | undefined>;
  /** What the runtime said about it lately, the oldest first: sentences of its own. Missing: it tells nothing. */
  happenings?(sandbox: SandboxRef): Promise<readonly string[]>;
  /**
   * How a person runs commands in it; starts something to get into when nothing runs, which ends soon after the last of them.
   * Errors: those of {@link ensure}.
   */
  enter(sandbox: SandboxSpec, signal: AbortSignal): Promise<EntryCommand>;
  /** Leads to a TCP port inside until it is disposed. Errors: `sandbox.unavailable` when nothing runs in it. */
  forward(sandbox: SandboxRef, to: InsidePort, signal: AbortSignal): Promise<ForwardedPort>;
}

/**
 * What runs in one sandbox. Its only job is to start *this command, in that sandbox, with its stdio on the files of the run
 * directory*, detached in its own process group, at most once.
 */
export interface RunDriver {
  /**
   * Spawns the wrapper and resolves when it exists. What the wrapper does then is seen in the run directory.
   * Errors: `provider.missing` when `argv[0]` is not on the PATH of `env`; `worktree.missing`; `run.notStarted`;
   * `sandbox.unavailable`, `image.failed`. Where there is no room for it yet this waits, and tells what for.
   */
  start(launch: SandboxLaunch, signal: AbortSignal, onStep?: OnImageStep): Promise<void>;
  /** True while a process of the run's group, or one that carries `MUSTER_RUN_ID=<run>`, is alive. */
  isAlive(run: RunId): Promise<boolean>;
  /** Why nothing of it is left, where that was told: a sentence. */
  whyLost?(run: RunId): Promise<string | undefined>;
  /**
   * SIGTERM, grace, SIGKILL: to the group and to every process that carries the run's id. Resolves when none is alive.
   * Errors: `run.unstoppable` when something outlives even SIGKILL (a hung disk, another user's process).
   */
  stop(run: RunId, options: { readonly graceMs: number }): Promise<void>;
}

/** Which driver's, and which of its sandboxes. */
export interface SandboxRef {
  readonly id: SandboxId;
  readonly driver: DriverSpec;
}

/** What a place is looked for. */
export type PlacedSandbox = Pick<SandboxSpec, 'id' | 'driver' | 'resources'>;

/** A sandbox as the compose file and the thread want it now. */
export interface SandboxSpec extends SandboxRef {
  readonly thread: ThreadId;
  readonly agent: string;
  readonly image?: AgentImage | undefined;
  readonly resources?: ResourcesSpec | undefined;
  /** Beside the ways to this machine that {@link Guest.reach} tells of: nothing, everything, or these hosts. */
  readonly network: 'none' | 'full' | readonly string[];
  readonly workspace: SandboxWorkspace;
  /** What else is in it: folders of this machine by their absolute path, and volumes of the runtime by their name. */
  readonly mounts?: readonly MountSpec[] | undefined;
}

/** Folders of this machine, as absolute paths. */
export interface SandboxWorkspace {
  /** The top of what the agent works on. */
  readonly folder: string;
  /** That nothing in it may change. */
  readonly readOnly?: boolean | undefined;
  /** A git directory of its own that stands in for the one of the user's repository, which no guest sees. */
  readonly git?: GuestGit | undefined;
}

export interface GuestGit {
  readonly gitDir: string;
  /** Object directories that it borrows from, in the order in which it names them; only ever read. */
  readonly objects: readonly string[];
  /** What its refs name. */
  readonly commits: GuestCommits;
}

/** Ids of commits. */
export interface GuestCommits {
  readonly head: string;
  /** Of the branch that it may compare with. */
  readonly base?: string | undefined;
}

/** How this machine looks from inside a sandbox. */
export interface Guest {
  /** False where "inside" is this machine itself: its login environment and programs are the run's then. */
  readonly isolated: boolean;
  /** False where letters of its runs (`core/mail`) do not arrive: it is on another machine. */
  readonly hasMail: boolean;
  /** Whether a named pipe in a run's directory leads inside: under another kernel it does not. */
  readonly hasPipes: boolean;
  /** Whether processes inside are root, as far as they can tell. */
  readonly asRoot: boolean;
  /** A facade that its runs reach without this machine; missing: they reach models through the host. */
  readonly facade?: GuestFacade | undefined;
  /** The run's directory as seen from inside. */
  runDir(run: RunId): string;
  /** A path of the workspace, or of Muster's own programs, as seen from inside. */
  place(path: string): string;
  /** Under which address a process inside reaches a port of this machine's loopback interface. Asking opens the way to it. */
  reach(port: number): GuestAddress;
}

export interface GuestFacade extends GuestAddress {
  readonly place: FarPlace;
}

export interface GuestAddress {
  readonly host: string;
  readonly port: number;
}

/** One of the lists of folders that a PATH was put together from. */
export interface SearchedPath {
  /** Completes *the PATH …*. */
  readonly whose: string;
  readonly folders: readonly string[];
}

/** A command in the guest's terms: paths and environment are those inside the sandbox. */
export interface SandboxLaunch {
  readonly run: RunId;
  /** For `provider.missing`: the provider's name and how to install its CLI. */
  readonly provider?: { readonly name: string; readonly install: string };
  /** `argv[0]` is a path, or a name to look up in the absolute folders of the PATH of `env`. */
  readonly argv: readonly string[];
  /** A program of Muster's own that starts `argv`; missing: nothing is between. */
  readonly through?: readonly string[];
  /** The complete environment (in a guest: beside the image's own); the driver adds `MUSTER_RUN_ID` and nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the PATH of `env` comes from, for the message when a command is not found. */
  readonly searched?: readonly SearchedPath[];
  /** Folders whose programs are not the user's: a name is never found in them, nor in the working directory. */
  readonly untrusted?: readonly string[];
  /** Of a process of this machine: the only places that it may write to. */
  readonly confinement?: Confinement;
  /** Absolute working directory. */
  readonly cwd: string;
  readonly stdin: 'prompt' | 'none';
  /** Absolute, on this machine: its directory, where that is not among those of runs. */
  readonly directory?: string | undefined;
  /** More folders of this machine for it alone, in a guest. */
  readonly folders?: readonly { readonly here: string; readonly inside: string }[] | undefined;
  /** What it runs in; missing: this machine. */
  readonly sandbox?: SandboxSpec;
}

/** `ready`: nothing runs in it at the moment. `missing`: nothing of it is there (yet, or any more). */
export interface SandboxInspection {
  readonly state: 'running' | 'ready' | 'missing';
  /** What the runtime calls the things that belong to it. */
  readonly runtimeIds: readonly string[];
  /** The machine that its latest run is on, where that is another one. */
  readonly node?: string | undefined;
  /** The runtime's own word for what its latest run is at. */
  readonly phase?: string | undefined;
}

/** Commands of this machine, to which the words of a command inside are added; empty where inside is this machine. */
export interface EntryCommand {
  readonly command: readonly string[];
  /** The same with a terminal. */
  readonly terminal: readonly string[];
}

/** At one moment. */
export interface SandboxStats {
  /** Processors' worth of time per second: 1 is one of them fully used. */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number | undefined;
  readonly processes: number;
}

/** A TCP port of the loopback interface inside. */
export interface InsidePort {
  readonly port: number;
  /** Whose, where each run has an interface of its own; missing: that of whatever runs. */
  readonly run?: RunId | undefined;
}

/** Where on this machine a port inside can be reached. */
export interface ForwardedPort extends GuestAddress, Disposable {}
