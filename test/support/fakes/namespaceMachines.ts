import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { EntryCommand } from '../../../src/core/sandboxes/sandboxDriver.js';
import { portEnd } from '../../../src/drivers/guests/portForward.js';
import {
  mostSaid,
  type FoundVm,
  type VmCommand,
  type VmImage,
  type VmResult,
  type VmRuntime,
  type VmSpec,
  type VmStream,
} from '../../../src/drivers/microvm/vmRuntime.js';

const systemFolders = ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64'];

/**
 * A runtime whose machines are namespaces of this one: they have a root, processes and a loopback interface of their own, outlive who
 * booted them, and are found again by another instance on the same folder. What it does not have is a kernel of its own.
 */
export class NamespaceMachines implements VmRuntime {
  readonly name: VmRuntime['name'];
  readonly hostName: string | undefined;
  readonly takes: VmRuntime['takes'];
  readonly booted: VmSpec[] = [];
  readonly fetched: VmImage[] = [];
  /** What `boot` fails with. */
  bootFailure: Error | undefined;
  readonly #folder: string;

  constructor(folder: string, { takes = 'folders' }: { readonly takes?: VmRuntime['takes'] } = {}) {
    this.takes = takes;
    this.name = takes === 'folders' ? 'microsandbox' : 'boxlite';
    this.hostName = takes === 'folders' ? 'host.microsandbox.internal' : undefined;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  async fetch(image: VmImage): Promise<void> {
    this.fetched.push(image);
  }

  async boot(machine: VmSpec): Promise<void> {
    this.booted.push(machine);
    if (this.bootFailure) throw this.bootFailure;
    const binds = machine.mounts.flatMap(({ here, inside, readOnly }) => [
      readOnly ? '--ro-bind' : '--bind',
      here,
      inside,
    ]);
    const links = systemFolders.flatMap(folder => ['--symlink', folder, `/${folder.slice('usr/'.length)}`]);
    const root = ['--tmpfs', '/', '--ro-bind', '/usr', '/usr', ...links, '--proc', '/proc', '--dev', '/dev'];
    const init = ['/bin/sh', '-c', 'echo ready; while :; do sleep 3600; done'];
    const info = join(this.#folder, `.${machine.name}`);
    const said = openSync(info, 'w');
    const child = spawn(
      'bwrap',
      ['--unshare-pid', '--unshare-net', '--as-pid-1', ...root, ...binds, '--info-fd', '3', ...init],
      { detached: true, stdio: ['ignore', 'pipe', 'ignore', said], env: {} },
    );
    closeSync(said);
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    child.unref();
    const { 'child-pid': pid } = JSON.parse(readFileSync(info, 'utf8')) as { 'child-pid': number };
    rmSync(info);
    writeFileSync(this.#file(machine.name), String(pid));
  }

  async list(): Promise<readonly FoundVm[]> {
    return readdirSync(this.#folder)
      .filter(name => !name.startsWith('.'))
      .map(name => ({ name, running: this.#pid(name) !== undefined }));
  }

  async find(name: string): Promise<FoundVm | undefined> {
    return existsSync(this.#file(name)) ? { name, running: this.#pid(name) !== undefined } : undefined;
  }

  async run(name: string, { argv, env = {}, cwd = '/' }: VmCommand): Promise<VmResult> {
    const child = this.#enter(name, ['/usr/bin/env', '-C', cwd, ...argv], { env });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString('utf8').slice(0, mostSaid)));
    child.stdin.end();
    const { promise, resolve } = Promise.withResolvers<number>();
    // What it leaves in the background keeps none of its pipes.
    child.once('close', code => resolve(code ?? 255));
    return { code: await promise, said };
  }

  async dial(name: string, port: number): Promise<VmStream> {
    // Its network is enough, and leaves nobody between who would have to hear of the end.
    return streamOf(this.#enter(name, portEnd(port), { inside: ['-m', '-n'] }));
  }

  async begin(name: string, argv: readonly string[]): Promise<VmStream> {
    return streamOf(this.#enter(name, argv, { inside: ['-m', '-n'] }));
  }

  async remove(name: string): Promise<void> {
    const pid = this.#pid(name);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    rmSync(this.#file(name), { force: true });
  }

  async usage() {
    return { cpus: 0.5, memoryBytes: 1024, memoryLimitBytes: 4096 };
  }

  enter(name: string): EntryCommand {
    return { command: ['enter', name], terminal: ['enter', '--tty', name] };
  }

  async dispose(): Promise<void> {}

  #enter(
    name: string,
    argv: readonly string[],
    { inside = ['-m', '-p', '-n'], env = {} }: { readonly inside?: string[]; readonly env?: VmCommand['env'] },
  ) {
    const pid = this.#pid(name);
    if (pid === undefined) throw new Error(`${name} does not run`);
    return spawn('nsenter', ['-t', String(pid), ...inside, '--', ...argv], {
      env: { PATH: '/usr/bin:/bin', ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  }

  #pid(name: string): number | undefined {
    try {
      const pid = Number(readFileSync(this.#file(name), 'utf8'));
      return /^State:\s+[^Z]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

function streamOf(child: ChildProcessByStdio<Writable, Readable, null>): VmStream {
  const pieces: (Buffer | undefined)[] = [];
  let come = Promise.withResolvers<void>();
  const put = (piece?: Buffer): void => {
    pieces.push(piece);
    come.resolve();
  };
  child.stdout.on('data', put);
  child.stdin.on('error', () => undefined);
  child.once('close', () => put());
  return {
    async read() {
      while (pieces.length === 0) {
        await come.promise;
        come = Promise.withResolvers();
      }
      return pieces.shift();
    },
    write: async bytes => void child.stdin.write(bytes),
    end: async () => void child.stdin.end(),
    close: async () => void child.kill('SIGKILL'),
  };
}

/** Whether this machine lets us make them, as whoever runs the tests. */
export function namespacesMissing(): string | undefined {
  const made = spawnSync('bwrap', ['--unshare-pid', '--unshare-net', '--ro-bind', '/', '/', 'true'], {
    encoding: 'utf8',
  });
  if (made.status !== 0) return `bwrap makes no namespaces here: ${made.stderr || String(made.error)}`;
  return process.getuid?.() === 0 ? undefined : 'only root enters namespaces of others';
}
