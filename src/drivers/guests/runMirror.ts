import { appendFileSync, closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { RunId } from '../../base/ids.js';
import type { SandboxRef } from '../../core/sandboxes/sandboxDriver.js';
import { readForeignFileSync } from '../../node/foreignFile.js';
import { runFiles, runPath, writeWhole } from '../../node/runFiles.js';
import type { FarContainer } from './farContainer.js';
import { appendFarFile, readFarFile, sizeOf } from './farFiles.js';
import { sandboxFolder } from './guestFolders.js';
import { guestPaths, guestRunDir } from './guestPaths.js';
import { remoteRelay, serveRelay } from './remoteRelay.js';
import { FarTooLarge, unpackFolder, type Unpacking } from './unpackFolder.js';

const longestRecord = 4_096;

/** A run of an engine elsewhere, as this machine knows it. */
export interface RemoteRun {
  readonly run: RunId;
  readonly sandbox: SandboxRef['id'];
  /** On this machine. */
  readonly workspace: string;
  /** Ports of this machine that it reaches, with their sockets here. */
  readonly doors: ReadonlyMap<number, string>;
  readonly readOnly: boolean;
  /** The home folder on this machine, where it travels too; missing: it stays there. */
  readonly home?: string | undefined;
  /** What each of its folders may come to beyond what this machine has of it, and what it says; missing: nobody knows. */
  readonly diskBytes?: number | undefined;
}

/** Something of a run that the engine carries while it works. */
interface Part {
  readonly over: Promise<void>;
  dispose(): void;
}

/** Makes the files here what the files of a run elsewhere are: its output while it works, the rest when it has ended. */
export class RunMirror {
  readonly #stateDir: string;
  readonly #remote: RemoteRun;
  readonly #container: FarContainer;
  /** The run's directory on this machine. */
  readonly #dir: string;
  /** It says more than it may. */
  #saysTooMuch: FarTooLarge | undefined;

  constructor(stateDir: string, remote: RemoteRun, container: FarContainer) {
    this.#stateDir = stateDir;
    this.#remote = remote;
    this.#container = container;
    this.#dir = runPath(stateDir, remote.run);
  }

  /** {@link follow}, then {@link fetch} with what is noted when it is over. Errors: {@link FarTooLarge}. */
  async take(signal: AbortSignal, whenOver?: () => Promise<string | undefined>): Promise<void> {
    await this.follow(signal);
    signal.throwIfAborted();
    await this.fetch(await whenOver?.());
  }

  /**
   * Until the container has ended. What was cut off meanwhile, by an engine that started again, begins again. Errors: {@link FarTooLarge}.
   */
  async follow(signal: AbortSignal): Promise<void> {
    const parts = new Map<string, Part>();
    try {
      for (;;) {
        if (!(await this.#container.isRunning())) return;
        if (this.#remote.doors.size > 0 && !parts.has('relay')) this.#keep(parts, 'relay', await this.#relay());
        if (isBlank(join(this.#dir, runFiles.pid))) await this.#fetchStart();
        else
          for (const name of [runFiles.stdout, runFiles.stderr])
            if (!parts.has(name)) this.#keep(parts, name, await this.#tail(name));
        await this.#container.untilNextLook(signal);
        if (this.#saysTooMuch) throw this.#saysTooMuch;
      }
    } finally {
      for (const part of parts.values()) part.dispose();
    }
  }

  /** Everything that the run left, the word that it ended last; what is to be told of that stands below what it complained of. Errors: {@link FarTooLarge}. */
  async fetch(note = ''): Promise<void> {
    const { run, sandbox, workspace, readOnly } = this.#remote;
    const git = join(sandboxFolder(this.#stateDir, sandbox), 'git', run);
    if (!readOnly) await this.#fetchFolder(guestPaths.workspace, { folder: workspace, keeps: ['.git'] });
    await this.#fetchFolder(guestPaths.gitDir, { folder: git });
    if (this.#remote.home !== undefined) await this.#fetchFolder(guestPaths.home, { folder: this.#remote.home });
    await this.#fetchStart();
    for (const name of [runFiles.stdout, runFiles.stderr]) {
      const path = `${guestRunDir(run)}/${name}`;
      const mostBytes = this.#remote.diskBytes;
      await appendFarFile({ container: this.#container, path }, join(this.#dir, name), { mostBytes });
    }
    this.note(note);
    const exit = await this.#ofRun(runFiles.exit);
    if (exit && exit.toString('utf8').trim() !== '') writeWhole(join(this.#dir, runFiles.exit), exit.toString('utf8'));
  }

  /** Adds to what the run complained of, as this machine has it. */
  note(text: string): void {
    if (text !== '') appendFileSync(join(this.#dir, runFiles.stderr), text, { mode: 0o600 });
  }

  async #fetchFolder(path: string, into: Pick<Unpacking, 'folder' | 'keeps'>): Promise<void> {
    if (!existsSync(into.folder)) return;
    const tar = await this.#container.tar(path);
    const { run, sandbox, diskBytes: mostBytes } = this.#remote;
    const beside = join(sandboxFolder(this.#stateDir, sandbox), 'incoming', run);
    if (tar) await unpackFolder(tar, { ...into, beside, top: posix.basename(path), mostBytes });
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
    const command = ['node', '-e', remoteRelay, this.#container.relayMark, ...ports];
    return serveRelay(await this.#container.begin(command), port => {
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
    let size = sizeOf(path);
    const most = this.#remote.diskBytes ?? Infinity;
    const program = await this.#container.tail(`${guestRunDir(this.#remote.run)}/${name}`, size);
    const file = openSync(path, 'a', 0o600);
    program.output.on('data', (bytes: Buffer) => {
      size += bytes.length;
      if (size > most) {
        this.#saysTooMuch = new FarTooLarge(most);
        return program.end();
      }
      try {
        writeSync(file, bytes);
      } catch {
        // A disk that is full: it begins again where the file ends, until there is room.
        program.end();
      }
    });
    const { promise: over, resolve } = Promise.withResolvers<void>();
    for (const event of ['end', 'close', 'error']) program.output.once(event, () => resolve());
    let isOpen = true;
    return {
      over,
      dispose: () => {
        program.end();
        if (isOpen) closeSync(file);
        isOpen = false;
      },
    };
  }

  /** One of the wrapper's records. */
  async #ofRun(name: string): Promise<Buffer | undefined> {
    const path = `${guestRunDir(this.#remote.run)}/${name}`;
    return await readFarFile({ container: this.#container, path }, { maxBytes: longestRecord });
  }
}

/** As it was made, before its writer wrote it. */
export function isBlank(path: string): boolean {
  const record = readForeignFileSync(path, { maxBytes: longestRecord });
  return record.kind !== 'file' || record.bytes.toString('utf8').trim() === '';
}
