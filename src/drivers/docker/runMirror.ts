import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Clock } from '../../base/clock.js';
import type { RunId } from '../../base/ids.js';
import type { SandboxRef } from '../../core/sandboxes/sandboxDriver.js';
import { readForeignFileSync } from '../../node/foreignFile.js';
import { runFiles, runPath, writeWhole } from '../../node/runFiles.js';
import { sandboxFolder } from '../guests/guestFolders.js';
import { runContainerName } from './containerOptions.js';
import { appendContainerFile, readContainerFile, sizeOf } from './containerFiles.js';
import type { DockerEngine } from './dockerEngine.js';
import { guestPaths, guestRunDir } from '../guests/guestPaths.js';
import { startInside, type EngineContainer } from './insideContainer.js';
import { remoteRelay, serveRelay } from './remoteRelay.js';
import { unpackFolder } from './unpackFolder.js';

const longestRecord = 4_096;
const pauseMs = 200;

/** A run of an engine elsewhere, as this machine knows it. */
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

interface RunMirrorOptions {
  readonly engine: DockerEngine;
  readonly stateDir: string;
  readonly clock: Clock;
}

/** Makes the files here what the files of a run elsewhere are: its output while it works, the rest when it has ended. */
export class RunMirror {
  readonly #options: RunMirrorOptions;
  readonly #remote: RemoteRun;
  readonly #inside: EngineContainer;
  /** The run's directory on this machine. */
  readonly #dir: string;

  constructor(options: RunMirrorOptions, remote: RemoteRun) {
    const { engine, stateDir } = options;
    this.#options = options;
    this.#remote = remote;
    this.#inside = { engine, container: engine.docker.getContainer(runContainerName(remote.run)) };
    this.#dir = runPath(stateDir, remote.run);
  }

  /** Until the container has ended. What was cut off meanwhile, by an engine that started again, begins again. */
  async follow(signal: AbortSignal): Promise<void> {
    const { engine, clock } = this.#options;
    const { container } = this.#inside;
    const parts = new Map<string, Part>();
    try {
      for (;;) {
        const { State: state } = await engine.call(() => container.inspect());
        if (!state.Running) return;
        if (this.#remote.doors.size > 0 && !parts.has('relay')) this.#keep(parts, 'relay', await this.#relay());
        if (isBlank(join(this.#dir, runFiles.pid))) await this.#fetchStart();
        else
          for (const name of [runFiles.stdout, runFiles.stderr])
            if (!parts.has(name)) this.#keep(parts, name, await this.#tail(name));
        await clock.sleep(pauseMs, signal);
      }
    } finally {
      for (const part of parts.values()) part.dispose();
    }
  }

  /** Everything that the run left, the word that it ended last. */
  async fetch(): Promise<void> {
    const { engine, stateDir } = this.#options;
    const { run, sandbox, workspace, readOnly } = this.#remote;
    const archive = async (path: string): Promise<NodeJS.ReadableStream> =>
      await engine.call(() => this.#inside.container.getArchive({ path }));
    const git = join(sandboxFolder(stateDir, sandbox), 'git', run);
    if (!readOnly && existsSync(workspace)) {
      const tar = await archive(guestPaths.workspace);
      await unpackFolder(readable(tar), { top: 'workspace', folder: workspace, keeps: ['.git'] });
    }
    if (existsSync(git)) await unpackFolder(readable(await archive(guestPaths.gitDir)), { top: 'git', folder: git });
    await this.#fetchStart();
    for (const name of [runFiles.stdout, runFiles.stderr]) {
      const path = `${guestRunDir(run)}/${name}`;
      await appendContainerFile({ ...this.#inside, path }, join(this.#dir, name));
    }
    const exit = await this.#ofRun(runFiles.exit);
    if (exit && exit.toString('utf8').trim() !== '') writeWhole(join(this.#dir, runFiles.exit), exit.toString('utf8'));
  }

  #keep(parts: Map<string, Part>, name: string, part: Part): void {
    parts.set(name, part);
    void part.over.then(() => {
      if (parts.get(name) === part) parts.delete(name);
      part.dispose();
    });
  }

  async #relay(): Promise<Part> {
    const { doors } = this.#remote;
    const ports = [...doors.keys()].map(String);
    const stream = await startInside(this.#inside, ['node', '-e', remoteRelay, '/run/muster-relay', ...ports], 'input');
    return serveRelay(this.#options.engine.docker, stream, port => {
      const folder = doors.get(port);
      return folder === undefined ? undefined : join(folder, 'door.sock');
    });
  }

  /** The wrapper's first words. */
  async #fetchStart(): Promise<void> {
    const pid = await this.#ofRun(runFiles.pid);
    if (!pid || pid.toString('utf8').trim() === '') return;
    closeSync(openSync(join(this.#dir, runFiles.started), 'a', 0o600));
    writeWhole(join(this.#dir, runFiles.pid), pid.toString('utf8'));
  }

  async #tail(name: string): Promise<Part> {
    const path = join(this.#dir, name);
    const from = sizeOf(path) + 1;
    const command = ['tail', '-c', `+${from}`, '-f', `${guestRunDir(this.#remote.run)}/${name}`];
    const stream = await startInside(this.#inside, command, 'output');
    const file = openSync(path, 'a', 0o600);
    const said = new PassThrough();
    const complained = new PassThrough();
    complained.resume();
    this.#options.engine.docker.modem.demuxStream(stream, said, complained);
    said.on('data', (bytes: Buffer) => {
      try {
        writeSync(file, bytes);
      } catch {
        // A disk that is full: it begins again where the file ends, until there is room.
        stream.destroy();
      }
    });
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

  /** One of the wrapper's records. */
  async #ofRun(name: string): Promise<Buffer | undefined> {
    const path = `${guestRunDir(this.#remote.run)}/${name}`;
    return await readContainerFile({ ...this.#inside, path }, { maxBytes: longestRecord });
  }
}

function readable(stream: NodeJS.ReadableStream): PassThrough {
  const through = new PassThrough();
  stream.once('error', error => through.destroy(error instanceof Error ? error : undefined));
  stream.pipe(through);
  return through;
}

/** As it was made, before its writer wrote it. */
function isBlank(path: string): boolean {
  const record = readForeignFileSync(path, { maxBytes: longestRecord });
  return record.kind !== 'file' || record.bytes.toString('utf8').trim() === '';
}
