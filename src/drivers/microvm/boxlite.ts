import { join } from 'node:path';
import { untilAborted } from '../../base/async.js';
import { AppError } from '../../base/errors.js';
import type { OnImageStep } from '../../core/images/image.js';
import type { EntryCommand } from '../../core/sandboxes/sandboxDriver.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { portEnd } from '../guests/portForward.js';
import { isBoxlite, type Box, type Boxlite, type BoxliteSdk, type BoxInfo, type BoxOptions } from './boxliteSdk.js';
import { loadSdk } from './loadSdk.js';
import type { Registries } from './registries.js';
import { saysTooMuch } from './vmErrors.js';
import {
  mostSaid,
  type FoundVm,
  type VmCommand,
  type VmImage,
  type VmResult,
  type VmRuntime,
  type VmSpec,
  type VmStream,
  type VmUsage,
} from './vmRuntime.js';

const mib = 1024 ** 2;
const gib = 1024 ** 3;
const longestLine = 8 * 1024 ** 2;

/** Runs a program whose words are text on their way out, because the package passes on nothing else: lines of base64. It ends by itself: to exit would lose what is not written yet. */
const inText = String.raw`
const [program, ...args] = process.argv.slice(1);
const child = require('child_process').spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
child.on('error', () => process.exit(127));
child.stdin.on('error', () => {});
process.stdin.pipe(child.stdin);
child.stdout.on('data', bytes => { if (!process.stdout.write(bytes.toString('base64') + '\n')) child.stdout.pause(); });
process.stdout.on('drain', () => child.stdout.resume());
process.stdout.on('error', () => child.kill('SIGKILL'));
child.on('close', () => process.stdin.destroy());
`;

/** What keeps a box, whose main program it is; everything else is started beside it. */
const untilRemoved = 'while :; do sleep 3600; done';

/**
 * Virtual machines of BoxLite. Its folder is this state directory's own, and one process at a time may have it, which is what hosts
 * are. A machine takes two folders, and its network, where it has one, leads to every port of this machine's loopback interface, whatever it
 * is told: so it has none but with `network: full`, and a relay that is carried by its commands leads to what it may reach.
 */
export class BoxliteRuntime implements VmRuntime {
  readonly name = 'boxlite';
  readonly takes = 'copies';
  readonly #sdk: BoxliteSdk;
  readonly #home: string;
  readonly #registries: Registries;
  #opened: Promise<Boxlite> | undefined;

  /** Errors: `sandbox.unavailable` when it is not installed. */
  static load(stateDir: string, registries: Registries): BoxliteRuntime {
    const home = join(stateDir, 'boxlite');
    makePrivateDirectory(home);
    return new BoxliteRuntime(loadSdk('boxlite', stateDir, isBoxlite).sdk, { home, registries });
  }

  constructor(sdk: BoxliteSdk, place: { readonly home: string; readonly registries: Registries }) {
    this.#sdk = sdk;
    this.#home = place.home;
    this.#registries = place.registries;
  }

  async fetch({ name, pull }: VmImage, signal: AbortSignal, onStep?: OnImageStep): Promise<void> {
    if (name.startsWith('/')) return;
    const { images } = await untilAborted(this.#boxlite(), signal);
    if (
      pull !== 'always' &&
      (await untilAborted(images.list(), signal)).some(({ reference }) => isSame(reference, name))
    )
      return;
    if (pull === 'never')
      throw new Error(`the image ${name} is not here, and is not to be fetched (sandbox.pull: never)`);
    onStep?.({ id: '', text: `Fetching ${name}` });
    // The package ends no fetching; what comes of it is there for the next run.
    await untilAborted(images.pull(name), signal);
  }

  async boot(machine: VmSpec): Promise<void> {
    const box = await (await this.#boxlite()).create(boxOptions(machine), machine.name);
    await box.start();
  }

  async list(): Promise<readonly FoundVm[]> {
    return (await (await this.#boxlite()).listInfo()).map(foundOf);
  }

  async find(name: string): Promise<FoundVm | undefined> {
    const info = await (await this.#boxlite()).getInfo(name);
    return info === null ? undefined : foundOf(info);
  }

  async run(
    name: string,
    { argv: [program, ...args], env = {}, cwd }: VmCommand,
    signal: AbortSignal,
  ): Promise<VmResult> {
    const box = await this.#box(name);
    signal.throwIfAborted();
    const running = await box.exec(program, args, Object.entries(env), false, null, null, cwd ?? null);
    try {
      const output = await untilAborted(running.stdout(), signal);
      let said = '';
      for (;;) {
        const text = await untilAborted(output.next(), signal);
        if (text === null) break;
        said += text;
        if (said.length > mostSaid) throw saysTooMuch();
      }
      return { code: (await untilAborted(running.wait(), signal)).exitCode, said };
    } catch (error) {
      // One that has ended is not there to be.
      running.kill().catch(() => undefined);
      throw error;
    }
  }

  dial(name: string, port: number): Promise<VmStream> {
    return this.begin(name, portEnd(port));
  }

  async begin(name: string, argv: readonly string[]): Promise<VmStream> {
    const running = await (await this.#box(name)).exec('node', ['-e', inText, ...argv], [], false, null, null, null);
    const [input, output] = await Promise.all([running.stdin(), running.stdout()]);
    let rest = '';
    return {
      async read() {
        for (;;) {
          const end = rest.lastIndexOf('\n');
          if (end >= 0) {
            const lines = rest.slice(0, end).split('\n');
            rest = rest.slice(end + 1);
            return Buffer.concat(lines.map(line => Buffer.from(line, 'base64')));
          }
          const text = await output.next();
          if (text === null) return undefined;
          rest += text;
          // Whoever is root inside may replace any program.
          if (rest.length > longestLine) throw new Error('the machine says what nobody asked for');
        }
      },
      write: async bytes => await input.write(Buffer.from(bytes)),
      end: async () => await input.close(),
      close: async () => await running.kill(),
    };
  }

  async remove(name: string): Promise<void> {
    if (await this.find(name)) await (await this.#boxlite()).remove(name, true);
  }

  async usage(name: string): Promise<VmUsage | undefined> {
    const boxlite = await this.#boxlite();
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
    (await this.#opened?.catch(() => undefined))?.close();
  }

  /** Its folder stays locked until this process ends, also when it is closed: it is opened once, with what is known of registries then. */
  #boxlite(): Promise<Boxlite> {
    this.#opened ??= this.#open();
    // Thrown to whoever asked, and not kept.
    this.#opened.catch(() => (this.#opened = undefined));
    return this.#opened;
  }

  async #open(): Promise<Boxlite> {
    const known = await this.#registries.known();
    return new this.#sdk.JsBoxlite({
      homeDir: this.#home,
      imageRegistries: known.map(({ host, plainHttp, login }) => ({
        host,
        transport: plainHttp ? 'http' : 'https',
        ...(login ? { auth: login } : {}),
      })),
    });
  }

  async #box(name: string): Promise<Box> {
    const box = await (await this.#boxlite()).get(name);
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
    network: { outbound: { mode: network.hosts === 'full' ? 'enabled' : 'disabled' } },
    detach: true,
    entrypoint: ['/bin/sh'],
    cmd: ['-c', untilRemoved],
    // Root there is nobody here: files belong to whoever this process is.
    user: '0:0',
  };
}
