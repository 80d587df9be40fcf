import { closeSync, existsSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import type { Clock } from '../../base/clock.js';
import { isId, type RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { UnderWay } from '../../base/underWay.js';
import type { RunDriver, SandboxLaunch, SandboxRef } from '../../core/sandboxes/sandboxDriver.js';
import { readForeignFileSync } from '../../node/foreignFile.js';
import { runFiles, runPath, writeWhole } from '../../node/runFiles.js';
import { labels, runContainer, runContainerName, sandboxFolder, volumesOfRun } from './containerOptions.js';
import { requireFolder, type SettingsOf } from './dockerRuns.js';
import { found, refusalOf, statusOf, type DockerEngine } from './dockerEngine.js';
import { guestPaths, guestRunDir } from './guestPaths.js';
import type { GuestPrograms } from './guestPrograms.js';
import { packRun } from './packRun.js';
import { remoteRelay, serveRelay } from './remoteRelay.js';
import { unpackFolder } from './unpackFolder.js';

const longestRecord = 4_096;
const pauseMs = 200;
/** Before an engine that does not answer is asked again. */
const againMs = 2_000;
const unstoppableMs = 60_000;
const mostFailures = 5;

/** A run of an engine elsewhere, as its container's labels and the host's folders know it. */
export interface RemoteRun {
  readonly run: RunId;
  readonly sandbox: SandboxRef['id'];
  /** On this machine. */
  readonly workspace: string;
  /** Ports of this machine that it reaches, with their sockets here. */
  readonly doors: ReadonlyMap<number, string>;
  readonly readOnly: boolean;
}

/** Something of a run that the engine carries while it works. */
interface Part {
  readonly over: Promise<void>;
  dispose(): void;
}

interface RemoteRunsOptions {
  readonly engine: DockerEngine;
  readonly settings: SettingsOf;
  readonly programs: GuestPrograms;
  readonly stateDir: string;
  readonly programsFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Runs on an engine to which this machine's folders mean nothing. The worktree, the git directory with the objects that it borrows and
 * the run's directory travel there as a tar, into volumes of the run; what the run says is followed through the engine, into the same
 * files here that every other run has; and when it has ended, its files and its git directory come back the same way, before the
 * file that says that it ended. So nothing else of the host knows where a run was.
 *
 * Its container stays until all of that is here, also when the host ends meanwhile: the next one goes on.
 */
export class RemoteRuns implements RunDriver, Disposable {
  readonly #options: RemoteRunsOptions;
  readonly #starting = new UnderWay<RunId>();
  readonly #following = new UnderWay<RunId>();
  readonly #ending = new AbortController();

  constructor(options: RemoteRunsOptions) {
    this.#options = options;
  }

  async start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    if (this.#starting.has(launch.run)) return await this.#starting.over(launch.run);
    await this.#starting.run(launch.run, () => this.#start(launch, signal));
  }

  async isAlive(run: RunId): Promise<boolean> {
    if (this.#starting.has(run) || this.#following.has(run)) return true;
    return (await this.#inspect(run)) !== undefined;
  }

  async stop(run: RunId, { graceMs }: { readonly graceMs: number }): Promise<void> {
    const { engine, clock } = this.#options;
    await this.#starting.over(run);
    const container = engine.docker.getContainer(runContainerName(run));
    const until = clock.awake() + graceMs;
    const never = new AbortController().signal;
    let signalled: 'SIGTERM' | 'SIGKILL' | undefined;
    for (;;) {
      const state = (await this.#inspect(run))?.State;
      if (!state) break;
      const left = until - clock.awake();
      if (left < -unstoppableMs)
        throw new AppError('run.unstoppable', `The container of run ${run} cannot be ended.`, { run, pids: [] });
      const wanted = left > 0 ? 'SIGTERM' : 'SIGKILL';
      if (state.Running && signalled !== wanted) {
        signalled = wanted;
        await engine.call(() => unlessGone(container.kill({ signal: wanted })));
      }
      // One that nobody follows was never started.
      if (!state.Running && !this.#following.has(run)) await this.#remove(run);
      await clock.sleep(pauseMs, never);
    }
    await this.#following.over(run);
  }

  /** Goes on with what an earlier host began. */
  adopt(remote: RemoteRun): void {
    this.#follow(remote);
  }

  /** What an earlier host packed for runs that it did not start. */
  async removePacked(packed: readonly Docker.ContainerInfo[]): Promise<void> {
    const { engine } = this.#options;
    for (const { Id: id, Labels: own } of packed) {
      await engine.call(() => unlessGone(engine.docker.getContainer(id).remove({ force: true })));
      const run = own[labels.run];
      if (run !== undefined && isId<'run'>(run) && !(await this.#inspect(run))) await this.#remove(run);
    }
  }

  dispose(): void {
    this.#ending.abort();
  }

  async #start(launch: SandboxLaunch, signal: AbortSignal): Promise<void> {
    const { engine, settings: settingsOf, programs, stateDir, programsFolder } = this.#options;
    const { run, sandbox: spec } = launch;
    if (!spec) throw new AppError('internal', `Run ${run} has no sandbox to start in.`, { detail: 'no sandbox' });
    requireFolder(spec, launch.cwd);
    // What was packed would be written over what its container wrote by now.
    if (await this.#inspect(run)) return;
    const settings = await settingsOf(spec);
    await programs.require(launch, spec, settings, signal);
    signal.throwIfAborted();
    try {
      await packRun(engine, { run, spec, settings, stateDir, programsFolder });
      signal.throwIfAborted();
      const container = await engine.call(() => engine.docker.createContainer(runContainer(launch, spec, settings)));
      await engine.call(() => container.start());
    } catch (error) {
      if (statusOf(error) === 409) return;
      await this.#remove(run);
      if (statusOf(error) === undefined) throw error;
      const reason = refusalOf(error);
      const message = `The container of run ${run} could not be started: ${reason}.`;
      throw new AppError('run.notStarted', message, { run, reason }, { cause: error });
    }
    const doors = new Map(settings.doors.map(({ port, folder }) => [port, folder]));
    const { folder: workspace, readOnly = false } = spec.workspace;
    this.#follow({ run, sandbox: spec.id, workspace, doors, readOnly });
  }

  #follow(remote: RemoteRun): void {
    const { run } = remote;
    if (this.#following.has(run)) return;
    void this.#following
      .run(run, () => this.#followToEnd(remote))
      .catch((error: unknown) => {
        if (this.#ending.signal.aborted) return;
        this.#options.log.error('What a run elsewhere came to could not be fetched', {
          run,
          reason: errorMessage(error),
        });
      });
  }

  /** An engine that does not answer for a while is asked again until it does: its container waits. */
  async #followToEnd(remote: RemoteRun): Promise<void> {
    const { engine, clock } = this.#options;
    const { signal } = this.#ending;
    let failures = 0;
    for (;;) {
      signal.throwIfAborted();
      try {
        const container = engine.docker.getContainer(runContainerName(remote.run));
        await this.#watch(remote, container);
        signal.throwIfAborted();
        await this.#fetch(remote, container);
        await this.#remove(remote.run);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (statusOf(error) === 404) return;
        // A connection that broke off in the middle of a file, or a disk of this machine: what the run left is still there.
        const isEngine = isAppError(error, 'sandbox.unavailable') || statusOf(error) !== undefined;
        if (!isEngine && ++failures >= mostFailures) throw error;
        await clock.sleep(againMs, signal);
      }
    }
  }

  /** Until the container has ended. What was cut off meanwhile, by an engine that started again, begins again. */
  async #watch(remote: RemoteRun, container: Docker.Container): Promise<void> {
    const { engine, clock, stateDir } = this.#options;
    const { signal } = this.#ending;
    const dir = runPath(stateDir, remote.run);
    const parts = new Map<string, Part>();
    try {
      for (;;) {
        const { State: state } = await engine.call(() => container.inspect());
        if (!state.Running) return;
        if (remote.doors.size > 0 && !parts.has('relay'))
          this.#keep(parts, 'relay', await this.#relay(remote, container));
        if (isBlank(join(dir, runFiles.pid))) await this.#fetchStart(remote, container, dir);
        else
          for (const name of [runFiles.stdout, runFiles.stderr])
            if (!parts.has(name)) this.#keep(parts, name, await this.#tail(remote, container, name));
        await clock.sleep(pauseMs, signal);
      }
    } finally {
      for (const part of parts.values()) part.dispose();
    }
  }

  #keep(parts: Map<string, Part>, name: string, part: Part): void {
    parts.set(name, part);
    void part.over.then(() => {
      if (parts.get(name) === part) parts.delete(name);
      part.dispose();
    });
  }

  async #relay({ doors }: RemoteRun, container: Docker.Container): Promise<Part> {
    const ports = [...doors.keys()].map(String);
    const stream = await this.#exec(container, ['node', '-e', remoteRelay, '/run/muster-relay', ...ports], 'input');
    return serveRelay(this.#options.engine.docker, stream, port => {
      const folder = doors.get(port);
      return folder === undefined ? undefined : join(folder, 'door.sock');
    });
  }

  /** The wrapper's first words. */
  async #fetchStart({ run }: RemoteRun, container: Docker.Container, dir: string): Promise<void> {
    const pid = await this.#file(container, `${guestRunDir(run)}/${runFiles.pid}`);
    if (!pid || pid.toString('utf8').trim() === '') return;
    closeSync(openSync(join(dir, runFiles.started), 'a', 0o600));
    writeWhole(join(dir, runFiles.pid), pid.toString('utf8'));
  }

  async #tail({ run }: RemoteRun, container: Docker.Container, name: string): Promise<Part> {
    const path = join(runPath(this.#options.stateDir, run), name);
    const from = sizeOf(path) + 1;
    const command = ['tail', '-c', `+${from}`, '-f', `${guestRunDir(run)}/${name}`];
    const stream = await this.#exec(container, command, 'output');
    const file = openSync(path, 'a', 0o600);
    const said = new PassThrough();
    const complained = new PassThrough();
    complained.resume();
    this.#options.engine.docker.modem.demuxStream(stream, said, complained);
    said.on('data', (bytes: Buffer) => writeSync(file, bytes));
    const { promise: over, resolve } = Promise.withResolvers<void>();
    for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve());
    let isOpen = true;
    return {
      over,
      dispose: () => {
        stream.destroy();
        said.destroy();
        if (isOpen) closeSync(file);
        isOpen = false;
      },
    };
  }

  /** Everything that the run left, the word that it ended last. */
  async #fetch({ run, sandbox, workspace, readOnly }: RemoteRun, container: Docker.Container): Promise<void> {
    const { engine, stateDir } = this.#options;
    const archive = async (path: string): Promise<NodeJS.ReadableStream> =>
      await engine.call(() => container.getArchive({ path }));
    const git = join(sandboxFolder(stateDir, sandbox), 'git', run);
    if (!readOnly && existsSync(workspace)) {
      const tar = await archive(guestPaths.workspace);
      await unpackFolder(readable(tar), { top: 'workspace', folder: workspace, keeps: ['.git'] });
    }
    if (existsSync(git)) await unpackFolder(readable(await archive(guestPaths.gitDir)), { top: 'git', folder: git });
    const dir = runPath(stateDir, run);
    await this.#fetchStart({ run, sandbox, workspace, readOnly, doors: new Map() }, container, dir);
    for (const name of [runFiles.stdout, runFiles.stderr]) {
      const whole = await this.#file(container, `${guestRunDir(run)}/${name}`);
      const here = join(dir, name);
      if (whole && whole.length > sizeOf(here)) append(here, whole.subarray(sizeOf(here)));
    }
    const exit = await this.#file(container, `${guestRunDir(run)}/${runFiles.exit}`);
    if (exit && exit.toString('utf8').trim() !== '') writeWhole(join(dir, runFiles.exit), exit.toString('utf8'));
  }

  /** One file of the container; undefined when it is not there. */
  async #file(container: Docker.Container, path: string): Promise<Buffer | undefined> {
    const tar = await this.#options.engine.call(() => found(container.getArchive({ path })));
    if (!tar) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
    const reader = extract();
    let contents: Buffer | undefined;
    reader.on('entry', (header, stream, next) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        if (header.type === 'file') contents ??= Buffer.concat(chunks);
        next();
      });
    });
    reader.once('finish', () => resolve(contents));
    reader.once('error', reject);
    tar.once('error', reject);
    tar.pipe(reader);
    return await promise;
  }

  async #exec(container: Docker.Container, command: readonly string[], uses: 'input' | 'output'): Promise<Duplex> {
    const { engine } = this.#options;
    const stdin = uses === 'input';
    const exec = await engine.call(() =>
      container.exec({ Cmd: [...command], AttachStdin: stdin, AttachStdout: true, AttachStderr: true }),
    );
    return await engine.call(() => exec.start({ hijack: true, stdin }));
  }

  async #inspect(run: RunId): Promise<Docker.ContainerInspectInfo | undefined> {
    const { engine } = this.#options;
    return await engine.call(() => found(engine.docker.getContainer(runContainerName(run)).inspect()));
  }

  /** The container and what it alone had; the home folder stays. */
  async #remove(run: RunId): Promise<void> {
    const { engine } = this.#options;
    await engine.call(() => unlessGone(engine.docker.getContainer(runContainerName(run)).remove({ force: true })));
    for (const name of volumesOfRun(run)) await engine.call(() => unlessGone(engine.docker.getVolume(name).remove()));
  }
}

function readable(stream: NodeJS.ReadableStream): PassThrough {
  const through = new PassThrough();
  stream.once('error', error => through.destroy(error instanceof Error ? error : undefined));
  stream.pipe(through);
  return through;
}

function append(path: string, bytes: Buffer): void {
  const file = openSync(path, 'a', 0o600);
  try {
    writeSync(file, bytes);
  } finally {
    closeSync(file);
  }
}

/** As it was made, before its writer wrote it. */
function isBlank(path: string): boolean {
  const record = readForeignFileSync(path, { maxBytes: longestRecord });
  return record.kind !== 'file' || record.bytes.toString('utf8').trim() === '';
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    const status = statusOf(error);
    if (status === 404 || status === 409 || status === 304) return undefined;
    throw error;
  });
}
