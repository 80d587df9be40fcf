import { execFile } from 'node:child_process';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { untilAborted } from '../../base/async.js';
import { textField } from '../../base/unknownFields.js';
import type { OnImageStep } from '../../core/images/image.js';
import { glanceNames } from '../../node/looks.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { guestPaths } from '../guests/guestPaths.js';
import { portEnd } from '../guests/portForward.js';
import { allowedHost } from './allowedHosts.js';
import { loadSdk } from './loadSdk.js';
import {
  isMicrosandbox,
  type ExecHandle,
  type ExecOptions,
  type MicrosandboxSdk,
  type MountBuilder,
  type NetworkPolicy,
  type NetworkRule,
  type SandboxBuilder,
  type SandboxHandle,
} from './microsandboxSdk.js';
import { saysTooMuch } from './vmErrors.js';
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
/** Of a list; its own default. */
const pageSize = 100;
/** What is not written to a disk by then is lost with the machine. */
const flushMs = 2_000;

/**
 * Virtual machines of microsandbox. Everything of its own (images, machines, its database) is in a folder of this state directory, so
 * that whatever else uses microsandbox on this machine is another world.
 */
export class Microsandbox implements VmRuntime {
  readonly name = 'microsandbox';
  readonly hostName = 'host.microsandbox.internal';
  readonly takes = 'folders';
  readonly #sdk: MicrosandboxSdk;
  /** The command line that comes with the package, and where its state is. */
  readonly #program: string;
  readonly #home: string;

  /** Errors: `sandbox.unavailable` when it is not installed. */
  static load(stateDir: string): Microsandbox {
    const home = join(stateDir, 'microsandbox');
    makePrivateDirectory(home);
    // The only way to tell it; its programs inherit it.
    process.env['MSB_HOME'] = home;
    const { sdk, folder } = loadSdk('microsandbox', stateDir, isMicrosandbox);
    return new Microsandbox(sdk, { home, program: ownProgram(folder) });
  }

  constructor(sdk: MicrosandboxSdk, place: { readonly home: string; readonly program: string }) {
    this.#sdk = sdk;
    this.#home = place.home;
    this.#program = place.program;
  }

  async fetch({ name, pull, login, plainHttp }: VmImage, signal: AbortSignal, onStep?: OnImageStep): Promise<void> {
    // A folder is here; `always` is asked for with each machine; and `never` says itself what is missing.
    if (name.startsWith('/') || pull !== 'missing' || (await this.#has(name))) return;
    onStep?.({ id: '', text: `Fetching ${name}` });
    // Its command line keeps logins for whoever else uses it, and takes none for once: the machine's own fetching does.
    if (login) return;
    // The package fetches with a machine alone, where nobody could be told of it.
    const insecure = plainHttp ? ['--insecure'] : [];
    const env = { ...process.env, MSB_HOME: this.#home };
    try {
      await promisify(execFile)(this.#program, ['pull', '--quiet', ...insecure, name], { signal, env });
    } catch (error) {
      signal.throwIfAborted();
      const said = textField(error, 'stderr').trim();
      throw said === '' ? error : new Error(said.split('\n').at(-1), { cause: error });
    }
  }

  async boot(machine: VmSpec): Promise<void> {
    await configured(this.#sdk.Sandbox.builder(machine.name), machine).create();
  }

  async list(): Promise<readonly FoundVm[]> {
    const found: FoundVm[] = [];
    let cursor: string | undefined;
    do {
      const from = cursor;
      const page = await this.#sdk.Sandbox.listWith(list =>
        from === undefined ? list.limit(pageSize) : list.limit(pageSize).cursor(from),
      );
      found.push(...page.sandboxes.map(foundOf));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found;
  }

  async find(name: string): Promise<FoundVm | undefined> {
    const handle = await this.#handle(name);
    return handle && foundOf(handle);
  }

  async run(
    name: string,
    { argv: [program, ...args], env = {}, cwd }: VmCommand,
    signal: AbortSignal,
  ): Promise<VmResult> {
    const handle = await this.#exec(name, program, options => {
      const told = options
        .args(args)
        .envs({ ...env })
        .stdinNull();
      return cwd === undefined ? told : told.cwd(cwd);
    });
    const said: Uint8Array[] = [];
    let length = 0;
    try {
      for (;;) {
        const event = await untilAborted(handle.recv(), signal);
        if (!event) throw new Error('the machine ended before its command did');
        if (event.kind === 'exited') return { code: event.code, said: Buffer.concat(said).toString('utf8') };
        if (event.kind !== 'stdout') continue;
        length += event.data.length;
        if (length > mostSaid) throw saysTooMuch();
        said.push(event.data);
      }
    } catch (error) {
      // One that has ended is not there to be.
      handle.kill().catch(() => undefined);
      throw error;
    }
  }

  dial(name: string, port: number): Promise<VmStream> {
    return this.begin(name, portEnd(port));
  }

  async begin(name: string, [program = '', ...args]: readonly string[]): Promise<VmStream> {
    const handle = await this.#exec(name, program, options => options.args(args).stdinPipe());
    const input = await handle.takeStdin();
    return {
      async read() {
        for (let event = await handle.recv(); event; event = await handle.recv()) {
          if (event.kind === 'stdout' && event.data.length > 0) return event.data;
          if (event.kind === 'exited') return undefined;
        }
        return undefined;
      },
      write: async bytes => await input?.write(bytes),
      end: async () => await input?.close(),
      close: async () => await handle.kill(),
    };
  }

  async remove(name: string): Promise<void> {
    const handle = await this.#handle(name);
    if (!handle) return;
    if (isLive(handle)) await handle.stopWithTimeout(flushMs);
    await (await this.#handle(name))?.remove();
  }

  async usage(name: string): Promise<VmUsage | undefined> {
    const handle = await this.#handle(name);
    if (!handle) return undefined;
    const { cpuPercent, memoryBytes, memoryLimitBytes } = await handle.metrics();
    return { cpus: cpuPercent / 100, memoryBytes, memoryLimitBytes };
  }

  enter(name: string): { readonly command: readonly string[]; readonly terminal: readonly string[] } {
    const command = ['env', `MSB_HOME=${this.#home}`, this.#program, 'exec', '--workdir', guestPaths.workspace];
    return { command: [...command, '--stream', name, '--'], terminal: [...command, '--tty', name, '--'] };
  }

  async dispose(): Promise<void> {
    // Machines go on without this process, and nothing of them is held here.
  }

  async #exec(name: string, program: string, configure: (options: ExecOptions) => ExecOptions): Promise<ExecHandle> {
    const handle = await this.#sdk.Sandbox.get(name);
    return await (await handle.connect()).execStreamWith(program, configure);
  }

  async #handle(name: string): Promise<SandboxHandle | undefined> {
    try {
      return await this.#sdk.Sandbox.get(name);
    } catch (error) {
      if (textField(error, 'code') === 'sandboxNotFound') return undefined;
      throw error;
    }
  }

  async #has(image: string): Promise<boolean> {
    try {
      await this.#sdk.Image.get(image);
      return true;
    } catch (error) {
      if (textField(error, 'code') === 'imageNotFound') return false;
      throw error;
    }
  }
}

/** The command line of this platform, which the package depends on; its wrapper needs a `node` on the PATH. */
function ownProgram(folder: string): string {
  const scope = join(folder, 'node_modules', '@superradcompany');
  const [platform = ''] = glanceNames(scope, { most: 20 }).filter(name => name.startsWith('microsandbox-'));
  return join(scope, platform, 'bin', process.platform === 'win32' ? 'msb.exe' : 'msb');
}

function foundOf({ name, status }: SandboxHandle): FoundVm {
  return { name, running: status === 'running' };
}

function isLive({ status }: SandboxHandle): boolean {
  return !['created', 'stopped', 'crashed'].includes(status);
}

/** Everything that a machine is to be, told to the package. */
export function configured(builder: SandboxBuilder, machine: VmSpec): SandboxBuilder {
  const { image, limits, mounts, network, driver } = machine;
  const diskMib = Math.ceil(limits.diskBytes / mib);
  builder
    .image(image.name)
    .memory(Math.ceil(limits.memoryBytes / mib))
    .rlimit('nproc', limits.processes)
    .pullPolicy(image.pull === 'missing' ? 'if-missing' : image.pull)
    // Root there is nobody here: files belong to whoever this process is.
    .user('0:0')
    .security('restricted')
    .detached(true);
  if (!image.name.startsWith('/')) builder.rootDisk(diskMib);
  if (limits.cpus !== undefined) builder.cpus(Math.max(1, Math.ceil(limits.cpus)));
  if (driver.name === 'microsandbox' && driver.profile !== undefined) builder.placementProfile(driver.profile);
  const { login, plainHttp } = image;
  if (plainHttp || login)
    builder.registry(registry => {
      const told = plainHttp ? registry.insecure() : registry;
      if (!login) return told;
      const { username, password } = login;
      return told.auth({ kind: 'basic', username, password });
    });
  for (const { here, inside, readOnly } of mounts) {
    const bind = (mount: MountBuilder): MountBuilder => {
      // Permissions that are set inside are the file's: whether a script can be executed is part of the work.
      const bound = mount.bind(here).statVirtualization('relaxed').hostPermissions('mirror');
      return readOnly ? bound.readonly() : bound.quota(diskMib);
    };
    builder.volume(inside, bind);
  }
  const policy = networkPolicy(network);
  return policy ? builder.network(each => each.policy(policy)) : builder.disableNetwork();
}

/** Nothing but what is told of here; undefined when that is nothing at all. */
export function networkPolicy({ ports, hosts }: VmNetwork): NetworkPolicy | undefined {
  const rules = [
    ...(ports.length === 0 ? [] : [allow({ kind: 'group', group: 'host' }, ports)]),
    ...(hosts === 'none' ? [] : [names]),
    ...(hosts === 'full'
      ? [allow({ kind: 'group', group: 'public' }), allow({ kind: 'group', group: 'private' })]
      : []),
    ...(typeof hosts === 'string' ? [] : hosts.map(hostRule)),
  ];
  return rules.length === 0 ? undefined : { defaultEgress: 'deny', defaultIngress: 'deny', rules };
}

/** Names are asked of the runtime, which answers at the address that this machine has inside. */
const names: NetworkRule = {
  ...allow({ kind: 'group', group: 'host' }, [53]),
  protocols: ['udp', 'tcp'],
};

function hostRule(pattern: string): NetworkRule {
  const { kind, host, ports } = allowedHost(pattern);
  switch (kind) {
    case 'name':
      return allow({ kind: 'domain', domain: host }, ports);
    case 'below':
      return allow({ kind: 'domainSuffix', suffix: host }, ports);
    case 'address':
      return allow({ kind: 'cidr', cidr: `${host}/${isIP(host) === 6 ? 128 : 32}` }, ports);
  }
}

function allow(destination: NetworkRule['destination'], ports: readonly number[] = []): NetworkRule {
  return {
    direction: 'egress',
    destination,
    protocols: ports.length === 0 ? [] : ['tcp'],
    ports: ports.map(port => ({ start: port, end: port })),
    action: 'allow',
  };
}
