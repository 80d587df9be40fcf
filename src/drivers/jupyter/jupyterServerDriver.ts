import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { AppError, isAppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
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
import type { RunDriver } from '../../core/sandboxes/sandboxDriver.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { followCell, readCells } from './cellJournal.js';
import { serverConfiguration } from './serverConfiguration.js';
import {
  cellsFolder,
  readAddress,
  removeSecrets,
  serverFiles,
  socketOf,
  type ServerAddress,
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
  readonly sandbox: RunDriver;
  readonly clock: Clock;
}

/** Starts Jupyter servers the way runs are started: at most once, in a process group of their own, found again by their id. */
export class JupyterServerDriver implements NotebookServerDriver {
  readonly #options: JupyterServerOptions;

  constructor(options: JupyterServerOptions) {
    this.#options = options;
  }

  /** How the host reaches a server; undefined for one that has ended. */
  address(server: ServerName): ServerAddress | undefined {
    return readAddress(this.#options.directory.path(server.id), server);
  }

  async start(launch: NotebookServerLaunch, signal: AbortSignal): Promise<void> {
    if (process.platform === 'win32')
      throw new AppError('feature.unsupported', 'Guest notebooks do not work on Windows yet.', {
        feature: 'notebooks',
        reason: 'Jupyter Server has no named pipes',
      });
    const { directory, sandbox, ownEnvironment } = this.#options;
    const folder = directory.path(launch.id);
    const settings = this.#settings(launch, folder);
    makePrivateDirectory(settings.cells);
    await directory.create(launch.id, {
      spec: { server: 'jupyter', thread: launch.threadId, variables: Object.keys(launch.env).sort() },
      prompt: '',
      files: { [serverFiles.settings]: JSON.stringify(settings), [serverFiles.configuration]: serverConfiguration },
    });
    const runtime = join(folder, serverFiles.runtime);
    mkdirSync(runtime, { mode: 0o700 });
    try {
      await sandbox.start(
        {
          run: launch.id,
          provider: { name: 'jupyter', install: installText },
          argv: ['jupyter-server', `--config=${join(folder, serverFiles.configuration)}`],
          env: {
            ...launch.env,
            PATH: [launch.env['PATH'] ?? '', join(ownEnvironment, 'bin')].filter(path => path !== '').join(delimiter),
            MUSTER_JUPYTER_SETTINGS: join(folder, serverFiles.settings),
            JUPYTER_RUNTIME_DIR: runtime,
          },
          searched: launch.searched,
          untrusted: [launch.worktree, ...launch.untrusted],
          cwd: folder,
          stdin: 'none',
        },
        signal,
      );
    } catch (error) {
      removeSecrets(folder);
      if (!isAppError(error, 'provider.missing')) throw error;
      throw new AppError('notebooks.missing', error.message, { fix: installText }, { cause: error });
    }
  }

  async whenReady(server: ServerName, signal: AbortSignal): Promise<void> {
    for (let pause = firstLookMs; ; pause = Math.min(pause * 1.5, longestLookMs)) {
      const address = this.address(server);
      if (address && (await askServer(address, 'api/status', signal)) !== undefined) return;
      await this.#options.clock.sleep(pause, signal);
    }
  }

  async whenEnded({ id }: ServerName, signal: AbortSignal): Promise<string> {
    const { directory } = this.#options;
    const exit = await directory.waitForExit(id, signal);
    const said = (await directory.stderrTail(id, stderrBytes)).trim();
    removeSecrets(directory.path(id));
    const how = 'signal' in exit && exit.signal !== undefined ? `It was ended by ${exit.signal}.` : 'It ended.';
    return said === '' ? how : `${how} ${said}`;
  }

  async isAlive({ id }: ServerName): Promise<boolean> {
    return await this.#options.sandbox.isAlive(id);
  }

  async stop({ id }: ServerName): Promise<void> {
    await this.#options.sandbox.stop(id, { graceMs });
    removeSecrets(this.#options.directory.path(id));
  }

  async activity(server: ServerName, signal: AbortSignal): Promise<ServerActivity | undefined> {
    const address = this.address(server);
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
    const address = this.address(server);
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
    const address = this.address(server);
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

  #settings({ worktree, threadId }: NotebookServerLaunch, folder: string): ServerSettings {
    return {
      root: worktree,
      base: serverPath(threadId),
      socket: socketOf(folder),
      token: randomBytes(32).toString('hex'),
      idleSeconds,
      cells: cellsFolder(this.#options.stateDir, threadId),
      ...limits,
    };
  }
}

/** Follows "The command was not found." */
const installText = '`muster jupyter install` installs it into a folder of Muster’s own.';
