import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { AppError, isAppError } from '../../base/errors.js';
import type { SandboxId, ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import { isRecord, numberField, textField } from '../../base/unknownFields.js';
import { serverPath } from '../../core/notebooks/notebookServer.js';
import type {
  CellName,
  CellRequest,
  CellSignals,
  ExecutedCell,
  NotebookServerDriver,
  NotebookServerLaunch,
  RecordedCell,
  ServerActivity,
  ServerName,
} from '../../core/notebooks/notebookServerDriver.js';
import type { RunDirectory } from '../../core/runs/runDirectory.js';
import type {
  ForwardedPort,
  RunDriver,
  SandboxDriver,
  SandboxLaunch,
  SandboxRef,
} from '../../core/sandboxes/sandboxDriver.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { followCell, readCells } from './cellJournal.js';
import { serverConfiguration } from './serverConfiguration.js';
import {
  cellsFolder,
  readSecrets,
  removeSecrets,
  serverFiles,
  socketOf,
  type ServerAddress,
  type ServerPlace,
  type ServerSettings,
} from './serverFiles.js';
import { askServer, hasPage } from './serverRequest.js';

/** JupyterLab's, and that of Notebook 7. */
const firstPages = ['lab', 'tree'];
/** Kernels get to end what they do. */
const graceMs = 5_000;
const firstLookMs = 40;
const longestLookMs = 400;
const stderrBytes = 1_500;
/** A server without kernels that nobody speaks to ends by itself, also when no host is there. */
const idleSeconds = 30 * 60;
const limits = { maxCellBytes: 64 * 1024 * 1024, maxCells: 500, maxFolderBytes: 512 * 1024 * 1024 };

export interface JupyterServerOptions {
  /** Absolute; `<state>/notebooks`, of which `runs/<id>` are the servers' directories. */
  readonly stateDir: string;
  /** Where Muster installs a Jupyter of its own. */
  readonly ownEnvironment: string;
  /** Of servers, as of runs. */
  readonly directory: RunDirectory;
  /** This machine. */
  readonly machine: RunDriver;
  /** Where servers of this machine listen. A port of the loopback interface is for systems on which Jupyter knows no sockets. */
  readonly listens: 'socket' | 'port';
  readonly sandboxOf: (id: SandboxId) => { readonly sandbox: SandboxRef; readonly driver: SandboxDriver };
  readonly clock: Clock;
}

/** Where the file names none. A container has a loopback interface of its own. */
const usualPort = 8888;
const loopback = '127.0.0.1';
/** Of a virtual environment. */
const programsOf = process.platform === 'win32' ? 'Scripts' : 'bin';
/** Where the journal is inside. */
const cellsInside = '/muster/cells';

/** Starts Jupyter servers the way runs are started: at most once, in a process group of their own, found again by their id. */
export class JupyterServerDriver implements NotebookServerDriver, Disposable {
  readonly #options: JupyterServerOptions;
  /** Ways to servers in sandboxes. */
  readonly #forwards = new Map<ServerName['id'], Promise<ForwardedPort>>();

  constructor(options: JupyterServerOptions) {
    this.#options = options;
  }

  /** How the host reaches a server; undefined for one that has ended, or that cannot be reached now. */
  async address(server: ServerName): Promise<ServerAddress | undefined> {
    const folder = this.#options.directory.path(server.id);
    const found = readSecrets(folder);
    if (!found) return undefined;
    const { token, port = usualPort } = found;
    const at = server.sandbox === undefined ? this.#here(folder, port) : await this.#forwarded(server, port);
    return at && { at, base: serverPath(server.threadId), token };
  }

  #here(folder: string, port: number): ServerPlace {
    return this.#options.listens === 'port' ? { host: loopback, port } : { socketPath: socketOf(folder) };
  }

  /** Lets go of the ways into sandboxes. */
  async dispose(): Promise<void> {
    await Promise.all([...this.#forwards.keys()].map(async id => await this.#closeWay(id)));
  }

  async start(launch: NotebookServerLaunch, signal: AbortSignal): Promise<void> {
    const { directory } = this.#options;
    const folder = directory.path(launch.id);
    const settings = await this.#settings(launch, folder);
    makePrivateDirectory(cellsFolder(this.#options.stateDir, launch.threadId));
    await directory.create(launch.id, {
      spec: { server: 'jupyter', thread: launch.threadId, variables: Object.keys(launch.env).sort() },
      prompt: '',
      files: { [serverFiles.settings]: JSON.stringify(settings), [serverFiles.configuration]: serverConfiguration },
    });
    mkdirSync(join(folder, serverFiles.runtime), { mode: 0o700 });
    try {
      await this.#runsOf(launch).start(this.#launchOf(launch, folder), signal);
    } catch (error) {
      removeSecrets(folder);
      if (!isAppError(error, 'provider.missing')) throw error;
      const words = launch.inside ? `${error.message} ${fixOf(launch)}` : error.message;
      throw new AppError('notebooks.missing', words, { fix: fixOf(launch) }, { cause: error });
    }
  }

  #launchOf(launch: NotebookServerLaunch, folder: string): SandboxLaunch {
    const { ownEnvironment, stateDir } = this.#options;
    const { inside, confinement } = launch;
    const cells = cellsFolder(stateDir, launch.threadId);
    const own = inside ? inside.guest.runDir(launch.id) : folder;
    const path = [launch.env['PATH'] ?? '', join(ownEnvironment, programsOf)]
      .filter(each => each !== '')
      .join(delimiter);
    return {
      run: launch.id,
      provider: { name: 'jupyter', install: fixOf(launch) },
      argv: ['jupyter-server', `--config=${own}/${serverFiles.configuration}`],
      env: {
        ...launch.env,
        ...(inside ? {} : { PATH: path }),
        MUSTER_JUPYTER_SETTINGS: `${own}/${serverFiles.settings}`,
        JUPYTER_RUNTIME_DIR: `${own}/${serverFiles.runtime}`,
      },
      searched: launch.searched,
      untrusted: [launch.worktree, ...launch.untrusted],
      // Jupyter would read configuration from its working directory; a guest's own is this one in either case.
      cwd: inside ? inside.guest.place(launch.worktree) : folder,
      stdin: 'none',
      ...(inside
        ? {
            sandbox: inside.spec,
            directory: folder,
            folders: [{ here: cells, inside: cellsInside }],
          }
        : {}),
      ...(confinement && {
        confinement: { ...confinement, writable: [...confinement.writable, folder, dirname(socketOf(folder)), cells] },
      }),
    };
  }

  async whenReady(server: ServerName, signal: AbortSignal): Promise<void> {
    for (let pause = firstLookMs; ; pause = Math.min(pause * 1.5, longestLookMs)) {
      const address = await this.address(server);
      if (address && (await askServer(address, 'api/status', signal)) !== undefined) return;
      await this.#options.clock.sleep(pause, signal);
    }
  }

  async whenEnded({ id }: ServerName, signal: AbortSignal): Promise<string> {
    const { directory } = this.#options;
    const exit = await directory.waitForExit(id, signal);
    const said = (await directory.stderrTail(id, stderrBytes)).trim();
    removeSecrets(directory.path(id));
    await this.#closeWay(id);
    const how = 'signal' in exit && exit.signal !== undefined ? `It was ended by ${exit.signal}.` : 'It ended.';
    return said === '' ? how : `${how} ${said}`;
  }

  async isAlive(server: ServerName): Promise<boolean> {
    return await this.#runsOf(server).isAlive(server.id);
  }

  async stop(server: ServerName): Promise<void> {
    await this.#runsOf(server).stop(server.id, { graceMs });
    removeSecrets(this.#options.directory.path(server.id));
    await this.#closeWay(server.id);
  }

  async activity(server: ServerName, signal: AbortSignal): Promise<ServerActivity | undefined> {
    const address = await this.address(server);
    const answer = address && (await askServer(address, 'api/status', signal));
    if (!isRecord(answer)) return undefined;
    const count = (name: string): number => Math.max(0, numberField(answer, name) ?? 0);
    const last = Date.parse(textField(answer, 'last_activity'));
    return {
      kernels: count('kernels'),
      connections: count('connections'),
      lastActivity: Number.isFinite(last) ? last : 0,
    };
  }

  async firstPage(server: ServerName, signal: AbortSignal): Promise<string | undefined> {
    const address = await this.address(server);
    if (!address) return undefined;
    for (const page of firstPages) if (await hasPage(address, page, signal)) return page;
    return undefined;
  }

  async forget({ id }: ServerName): Promise<void> {
    const { directory } = this.#options;
    removeSecrets(directory.path(id));
    await directory.remove(id);
  }

  async cells(thread: ThreadId, { limit }: { readonly limit: number }): Promise<readonly RecordedCell[]> {
    return await readCells(cellsFolder(this.#options.stateDir, thread), limit);
  }

  follow(cell: CellName, signal: AbortSignal): AsyncIterable<readonly string[]> {
    return followCell({ folder: cellsFolder(this.#options.stateDir, cell.threadId), message: cell.message }, signal);
  }

  async execute(server: ServerName, cell: CellRequest, signals: CellSignals): Promise<ExecutedCell> {
    const address = await this.address(server);
    const { threadId: thread } = server;
    if (!address)
      throw new AppError('notebooks.failed', `The Jupyter server of thread ${thread} has ended.`, {
        thread,
        reason: 'it has ended',
      });
    const { clock, stateDir } = this.#options;
    // With its client for websockets, which few hosts need.
    const { executeCell } = await import('./executeCell.js');
    return await executeCell({ address, thread, folder: cellsFolder(stateDir, thread), clock }, cell, signals);
  }

  #runsOf({ sandbox: id }: ServerName): RunDriver {
    if (id === undefined) return this.#options.machine;
    const { driver, sandbox } = this.#options.sandboxOf(id);
    return driver.runsIn(sandbox);
  }

  /** One way for all that is asked of a server. It is opened again when the last one could not be. */
  async #forwarded({ id, sandbox: place }: ServerName, inside: number): Promise<ServerPlace | undefined> {
    if (place === undefined) return undefined;
    const { driver, sandbox } = this.#options.sandboxOf(place);
    const opening =
      this.#forwards.get(id) ?? driver.forward(sandbox, { port: inside, run: id }, new AbortController().signal);
    this.#forwards.set(id, opening);
    try {
      const { host, port } = await opening;
      return { host, port };
    } catch {
      // It is not there yet, or not any more: who asks looks again.
      if (this.#forwards.get(id) === opening) this.#forwards.delete(id);
      return undefined;
    }
  }

  async #closeWay(id: ServerName['id']): Promise<void> {
    const opening = this.#forwards.get(id);
    this.#forwards.delete(id);
    // One that could not be opened needs no closing.
    await (await opening?.catch(() => undefined))?.dispose();
  }

  async #settings({ worktree, threadId, inside }: NotebookServerLaunch, folder: string): Promise<ServerSettings> {
    const common = {
      base: serverPath(threadId),
      token: randomBytes(32).toString('hex'),
      idleSeconds,
      ...limits,
    };
    if (inside) {
      const port = inside.port === 0 ? usualPort : inside.port;
      return { ...common, root: inside.guest.place(worktree), port, cells: cellsInside };
    }
    const cells = cellsFolder(this.#options.stateDir, threadId);
    const listening = this.#options.listens === 'port' ? { port: await freePort() } : { socket: socketOf(folder) };
    return { ...common, ...listening, root: worktree, cells };
  }
}

/** One that nobody has at the moment; if somebody takes it meanwhile, the server ends and says so. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen({ port: 0, host: loopback, exclusive: true }), 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : usualPort;
}

function fixOf({ inside }: NotebookServerLaunch): string {
  if (!inside) return '`muster jupyter install` installs it into a folder of Muster’s own.';
  return 'The image needs `jupyter-server` and `ipykernel`; the one of `muster image build` has them.';
}
