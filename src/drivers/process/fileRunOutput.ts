import { closeSync, fstatSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId } from '../../base/ids.js';
import type { RunOutput, TailOptions } from '../../core/runs/runOutput.js';
import type { RunFolders } from './runFolderWatches.js';
import { LineSplitter } from './lineSplitter.js';
import { OutputPump } from './outputPump.js';
import type { PumpSource } from './outputPump.js';
import { openForeignFileSync } from '../../node/foreignFile.js';
import type { SecretMask } from '../../node/secretMask.js';
import { runFiles, runPath } from '../../node/runFiles.js';

/** Bytes per read: about half a millisecond of work with the parsing of what it holds. */
const sliceBytes = 64 * 1024;

/** Tails `stdout.ndjson` of any number of runs. */
export class FileRunOutput implements RunOutput {
  readonly #folders: RunFolders;
  readonly #pump = new OutputPump();
  /** Shared: reads are synchronous and the splitter copies what it keeps. */
  readonly #slice = Buffer.allocUnsafeSlow(sliceBytes);

  constructor(folders: RunFolders) {
    this.#folders = folders;
  }

  async tail(run: RunId, options: TailOptions): Promise<'drained' | 'stopped'> {
    const { until, signal } = options;
    const path = join(runPath(this.#folders.stateDir, run), runFiles.stdout);
    const tail = new FileTail({ path, slice: this.#slice, maskOf: () => this.#folders.maskOf(run), options });
    const wake = (): void => this.#pump.wake(tail);
    const stop = (): void => tail.stop();
    until.addEventListener('abort', wake);
    signal.addEventListener('abort', stop);
    const subscription = this.#folders.watches.subscribe(run, [runFiles.stdout], wake);
    wake();
    if (signal.aborted) stop();
    try {
      return await tail.done;
    } finally {
      await subscription.dispose();
      until.removeEventListener('abort', wake);
      signal.removeEventListener('abort', stop);
      tail.close();
    }
  }
}

/** One run's position in its file. */
class FileTail implements PumpSource {
  readonly #path: string;
  readonly #slice: Buffer;
  readonly #options: TailOptions;
  readonly #maskOf: () => SecretMask;
  #mask: SecretMask;
  readonly #ended = Promise.withResolvers<'drained' | 'stopped'>();
  #splitter: LineSplitter;
  #file: number | undefined;
  /** Set when the writer has ended: a leftover process may go on writing forever, but not for us. */
  #drainTo: number | undefined;
  #over = false;

  constructor(setup: {
    readonly path: string;
    readonly slice: Buffer;
    readonly maskOf: () => SecretMask;
    readonly options: TailOptions;
  }) {
    this.#path = setup.path;
    this.#slice = setup.slice;
    this.#options = setup.options;
    this.#maskOf = setup.maskOf;
    this.#mask = setup.maskOf();
    this.#splitter = new LineSplitter(setup.options.from, this.#mask);
  }

  get done(): Promise<'drained' | 'stopped'> {
    return this.#ended.promise;
  }

  stop(): void {
    this.#over = true;
    this.#ended.resolve('stopped');
  }

  close(): void {
    this.#over = true;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  // Synchronous reads on purpose: what was just written is in the page cache, where a read takes microseconds. Through the
  // thread pool it takes ten times that, which fifty talkative agents turn into a core.
  step(): 'more' | 'idle' {
    if (this.#over) return 'idle';
    try {
      return this.#readSlice();
    } catch (error) {
      this.#over = true;
      this.#ended.reject(error);
      return 'idle';
    }
  }

  #readSlice(): 'more' | 'idle' {
    const { onLines, until } = this.#options;
    if (this.#file === undefined) this.#begin();
    if (until.aborted) this.#drainTo ??= this.#size();
    const wanted =
      this.#drainTo === undefined ? sliceBytes : Math.min(sliceBytes, this.#drainTo - this.#splitter.position);
    const length =
      this.#file === undefined || wanted <= 0
        ? 0
        : readSync(this.#file, this.#slice, 0, wanted, this.#splitter.position);
    if (length > 0) {
      const lines = this.#splitter.push(this.#slice.subarray(0, length));
      if (lines.length > 0) onLines(lines);
      // A full slice means that more is waiting; else the next change notification brings us back.
      return length === sliceBytes || this.#drainTo !== undefined ? 'more' : 'idle';
    }
    if (this.#drainTo !== undefined) {
      const last = this.#splitter.flush();
      if (last) onLines([last]);
      this.#over = true;
      this.#ended.resolve('drained');
    } else if (this.#size() < this.#splitter.position) {
      // The agent emptied the file: what is in it now is new.
      this.#splitter = new LineSplitter(0, this.#mask);
      return 'more';
    }
    return 'idle';
  }

  #size(): number {
    return this.#file === undefined ? 0 : fstatSync(this.#file).size;
  }

  /** Whoever reads along may have come before the run was given its secrets; its file is there only afterwards. */
  #begin(): void {
    this.#file = this.#open();
    if (this.#file === undefined) return;
    this.#mask = this.#maskOf();
    this.#splitter = new LineSplitter(this.#splitter.position, this.#mask);
  }

  #open(): number | undefined {
    const opened = openForeignFileSync(this.#path);
    if (opened.kind === 'refused') throw new Error(`${this.#path} is not read, because ${opened.reason}`);
    return opened.kind === 'file' ? opened.file : undefined;
  }
}
