import type { VmRuntimeName } from '../../base/vmRuntimes.js';
import type { DriverSpec, PullPolicy } from '../../compose/projectSpec.js';
import type { OnImageStep } from '../../core/images/image.js';
import type { EntryCommand } from '../../core/sandboxes/sandboxDriver.js';
import type { GuestMount } from '../guests/guestFolders.js';
import type { GuestLimits } from '../guests/guestLimits.js';

/**
 * What the driver of virtual machines needs of a runtime, and all that it knows of one. Machines are known by names that the driver
 * makes, outlive this process, and are this state directory's alone. What a runtime refuses is thrown as it said it.
 */
export interface VmRuntime {
  readonly name: VmRuntimeName;
  /**
   * How a machine finds the loopback interface of this one: under a name, or not at all. Where not, the relay of the driver is in it, and
   * leads to the ports that were asked for alone.
   */
  readonly hostName?: string | undefined;
  /** What machines have of this one's disk: as many folders as they are told of, or two at most, which are copies then. */
  readonly takes: 'folders' | 'copies';
  /** Makes sure that the image is here, as far as that can be done before a machine is made of it. */
  fetch(image: VmImage, signal: AbortSignal, onStep?: OnImageStep): Promise<void>;
  /** Makes a machine and boots it; resolves when commands can be run in it. */
  boot(machine: VmSpec): Promise<void>;
  /** All of this state directory, whoever booted them. */
  list(): Promise<readonly FoundVm[]>;
  find(name: string): Promise<FoundVm | undefined>;
  /** Runs a command to its end. One that says more than {@link mostSaid} is ended, and so is one that nobody waits for any more. */
  run(name: string, command: VmCommand, signal: AbortSignal): Promise<VmResult>;
  /** Starts a program that reads and says something as long as somebody wants it. */
  begin(name: string, argv: readonly string[]): Promise<VmStream>;
  /** Connects to a TCP port of the machine's loopback interface. */
  dial(name: string, port: number): Promise<VmStream>;
  /** Ends a machine and all that is left of it; nothing happens to one that is not there. */
  remove(name: string): Promise<void>;
  usage(name: string): Promise<VmUsage | undefined>;
  /** How a person runs commands in it. Errors: `feature.unsupported`. */
  enter(name: string): EntryCommand;
  dispose(): Promise<void>;
}

export interface VmImage {
  /** A reference, or the absolute path of a root file system. */
  readonly name: string;
  readonly pull: PullPolicy;
  /** Of a person at its registry. */
  readonly login?: { readonly username: string; readonly password: string } | undefined;
  /** How its registry is asked; missing: over TLS. */
  readonly plainHttp?: boolean | undefined;
}

export interface VmSpec {
  readonly name: string;
  readonly image: VmImage;
  readonly limits: GuestLimits;
  readonly mounts: readonly GuestMount[];
  readonly network: VmNetwork;
  readonly driver: DriverSpec;
}

export interface VmNetwork {
  /** Of this machine's loopback interface. */
  readonly ports: readonly number[];
  /** Beside them: nothing, everything, or these, `name`, `*.name`, each with or without `:port`. */
  readonly hosts: 'none' | 'full' | readonly string[];
}

export interface FoundVm {
  readonly name: string;
  readonly running: boolean;
}

export interface VmCommand {
  readonly argv: readonly [string, ...string[]];
  /** Beside the image's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface VmResult {
  readonly code: number;
  /** Its standard output. */
  readonly said: string;
}

/** Of what a command says; whoever is root inside may replace any program. */
export const mostSaid = 4096;

/** Both directions of a connection. */
export interface VmStream {
  /** The next piece; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
  /** No more is written. */
  end(): Promise<void>;
  close(): Promise<void>;
}

export interface VmUsage {
  /** 1 is one processor fully used. */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number | undefined;
}
