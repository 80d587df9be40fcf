import { join } from 'node:path';
import { AppError } from '../../base/errors.js';
import type { OnImageStep } from '../../core/images/image.js';
import type { EntryCommand } from '../../core/sandboxes/sandboxDriver.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { allowedHost } from './allowedHosts.js';
import { isBoxlite, type Box, type Boxlite, type BoxliteSdk, type BoxInfo, type BoxOptions } from './boxliteSdk.js';
import { loadSdk } from './loadSdk.js';
import {
  mostSaid,
  type FoundVm,
  type VmCommand,
  type VmImage,
  type VmNetwork,
  type VmResult,
  type VmRuntime,
  type VmSpec,
  type VmStream,
  type VmUsage,
} from './vmRuntime.js';

const mib = 1024 ** 2;
const gib = 1024 ** 3;
const pieceBytes = 64 * 1024;

/** What keeps a box, whose main program it is; everything else is started beside it. */
const untilRemoved = 'while :; do sleep 3600; done';

/** Where a registry on this machine usually listens; others are asked over TLS, because it is told of them once. */
const localRegistries = ['localhost:5000', '127.0.0.1:5000'];

/** A list that names nobody: an empty one allows everything. */
const nobody = 'nobody.invalid';

/**
 * Virtual machines of BoxLite. Its folder is this state directory's own, and one process at a time may have it, which is what hosts
 * are. It reaches every port of this machine's loopback interface, whatever it is told (`docs/microvms.md`).
 */
export class BoxliteRuntime implements VmRuntime {
  readonly name = 'boxlite';
  readonly hostName = 'host.boxlite.internal';
  readonly #sdk: BoxliteSdk;
  readonly #home: string;
  #opened: Boxlite | undefined;

  /** Errors: `sandbox.unavailable` when it is not installed. */
  static load(stateDir: string): BoxliteRuntime {
    const home = join(stateDir, 'boxlite');
    makePrivateDirectory(home);
    return new BoxliteRuntime(loadSdk('boxlite', stateDir, isBoxlite).sdk, { home });
  }

  constructor(sdk: BoxliteSdk, { home }: { readonly home: string }) {
    this.#sdk = sdk;
    this.#home = home;
  }

  async fetch({ name, pull }: VmImage, signal: AbortSignal, onStep?: OnImageStep): Promise<void> {
    if (name.startsWith('/')) return;
    const { images } = this.#boxlite();
    if (pull !== 'always' && (await images.list()).some(({ reference }) => isSame(reference, name))) return;
    if (pull === 'never')
      throw new Error(`the image ${name} is not here, and is not to be fetched (sandbox.pull: never)`);
    signal.throwIfAborted();
    onStep?.({ id: '', text: `Fetching ${name}` });
    await images.pull(name);
  }

  async boot(machine: VmSpec): Promise<void> {
    const box = await this.#boxlite().create(boxOptions(machine), machine.name);
    await box.start();
  }

  async list(): Promise<readonly FoundVm[]> {
    return (await this.#boxlite().listInfo()).map(foundOf);
  }

  async find(name: string): Promise<FoundVm | undefined> {
    const info = await this.#boxlite().getInfo(name);
    return info === null ? undefined : foundOf(info);
  }

  async run(name: string, { argv: [program, ...args], env = {}, cwd }: VmCommand): Promise<VmResult> {
    const box = await this.#box(name);
    const running = await box.exec(program, args, Object.entries(env), false, null, null, cwd ?? null);
    const output = await running.stdout();
    let said = '';
    for (let text = await output.next(); text !== null; text = await output.next())
      if (said.length + text.length <= mostSaid) said += text;
    return { code: (await running.wait()).exitCode, said };
  }

  async dial(name: string, port: number): Promise<VmStream> {
    const connection = await (await (await this.#box(name)).network.tunnel(port)).connect();
    return {
      async read() {
        const bytes = await connection.read(pieceBytes);
        return bytes.length === 0 ? undefined : bytes;
      },
      async write(bytes) {
        for (let rest = Buffer.from(bytes); rest.length > 0;) rest = rest.subarray(await connection.write(rest));
      },
      end: async () => await connection.shutdownWrite(),
      close: async () => await connection.close(),
    };
  }

  async remove(name: string): Promise<void> {
    if (await this.find(name)) await this.#boxlite().remove(name, true);
  }

  async usage(name: string): Promise<VmUsage | undefined> {
    const boxlite = this.#boxlite();
    const [box, info] = await Promise.all([boxlite.get(name), boxlite.getInfo(name)]);
    if (box === null || info === null) return undefined;
    const { cpuPercent = 0, memoryBytes = 0 } = await box.metrics();
    return { cpus: cpuPercent / 100, memoryBytes, memoryLimitBytes: info.memoryMib * mib };
  }

  enter(): EntryCommand {
    const reason = 'one process at a time may use its machines, and that is the host';
    throw new AppError('feature.unsupported', `A virtual machine of BoxLite cannot be entered: ${reason}.`, {
      feature: 'exec',
      reason,
    });
  }

  async dispose(): Promise<void> {
    // Machines go on: they are detached.
    this.#opened?.close();
  }

  /** Its folder stays locked until this process ends, also when it is closed: it is opened once. */
  #boxlite(): Boxlite {
    this.#opened ??= new this.#sdk.JsBoxlite({
      homeDir: this.#home,
      imageRegistries: localRegistries.map(host => ({ host, transport: 'http' })),
    });
    return this.#opened;
  }

  async #box(name: string): Promise<Box> {
    const box = await this.#boxlite().get(name);
    if (box) return box;
    throw new Error(`there is no box ${name}`);
  }
}

function foundOf({ name = '', state }: BoxInfo): FoundVm {
  return { name, running: state.running };
}

/** A list names tags in full. */
function isSame(reference: string, name: string): boolean {
  return [name, `${name}:latest`, `docker.io/${name}`, `docker.io/library/${name}`].some(
    each => each === reference || `${each}:latest` === reference,
  );
}

/** Everything that a machine is to be, in the package's words. */
export function boxOptions({ image, limits, mounts, network }: VmSpec): BoxOptions {
  return {
    ...(image.name.startsWith('/') ? { rootfsPath: image.name } : { image: image.name }),
    ...(limits.cpus === undefined ? {} : { cpus: Math.max(1, Math.ceil(limits.cpus)) }),
    memoryMib: Math.ceil(limits.memoryBytes / mib),
    diskSizeGb: Math.ceil(limits.diskBytes / gib),
    volumes: mounts.map(({ here, inside, readOnly }) => ({ hostPath: here, guestPath: inside, readOnly })),
    network: { outbound: outbound(network) },
    detach: true,
    entrypoint: ['/bin/sh'],
    cmd: ['-c', untilRemoved],
    // Root there is nobody here: files belong to whoever this process is.
    user: '0:0',
  };
}

function outbound({ ports, hosts }: VmNetwork): BoxOptions['network']['outbound'] {
  if (hosts === 'full') return { mode: 'enabled' };
  const named = typeof hosts === 'string' ? [] : hosts.map(boxHost);
  // It tells hosts apart, and no ports; a name without a network is not even asked for.
  if (named.length > 0) return { mode: 'enabled', allowNet: [...new Set(named)] };
  return ports.length > 0 ? { mode: 'enabled', allowNet: [nobody] } : { mode: 'disabled' };
}

function boxHost(pattern: string): string {
  const { kind, host } = allowedHost(pattern);
  return kind === 'below' ? `*.${host}` : host;
}
