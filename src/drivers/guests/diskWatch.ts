import { execFile } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { textField } from '../../base/unknownFields.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { runFiles, writeWhole } from '../../node/runFiles.js';

/** Between two looks, and how many times longer than a look itself: large worktrees are not walked all the time. */
const pauseMs = 2_000;
const pausePerLook = 20;
/** A tree that takes longer to walk is not watched. */
const longestLookMs = 60_000;

export interface WatchedRun {
  readonly run: RunId;
  /** Everything that it can write to on this machine's disk. */
  readonly folders: readonly string[];
  readonly mostBytes: number;
  readonly runDir: string;
  /** Where what was there before it is written down, out of its reach. */
  readonly notes: string;
}

/**
 * Ends runs that write more than they may. No engine limits what a container writes to mounted folders, which is all that it
 * can write to: its root file system is read-only, and its scratch file systems have sizes. A single file is limited by the kernel besides
 * (`fsize`), at once.
 */
export class DiskWatch implements Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop: (run: RunId) => Promise<void>;
  readonly #isAlive: (run: RunId) => Promise<boolean>;
  readonly #watched = new Set<RunId>();
  readonly #ending = new AbortController();

  constructor(options: {
    readonly clock: Clock;
    readonly log: Log;
    readonly stop: (run: RunId) => Promise<void>;
    readonly isAlive: (run: RunId) => Promise<boolean>;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#stop = options.stop;
    this.#isAlive = options.isAlive;
  }

  /** Watches until the run has ended. */
  watch(run: WatchedRun): void {
    if (this.#watched.has(run.run) || process.platform === 'win32') return;
    this.#watched.add(run.run);
    void this.#follow(run)
      .catch((error: unknown) => {
        if (!this.#ending.signal.aborted)
          this.#log.warn('What a run writes is not watched any more', { run: run.run, reason: errorMessage(error) });
      })
      .finally(() => this.#watched.delete(run.run));
  }

  dispose(): void {
    this.#ending.abort();
  }

  async #follow(run: WatchedRun): Promise<void> {
    const { signal } = this.#ending;
    for (;;) {
      const began = this.#clock.awake();
      const used = await usedBytes(run.folders, signal);
      const took = this.#clock.awake() - began;
      if (used - baseline(run, used) > run.mostBytes) return await this.#end(run);
      await this.#clock.sleep(Math.max(pauseMs, took * pausePerLook), signal);
      if (!(await this.#isAlive(run.run))) return;
    }
  }

  async #end({ run, runDir, mostBytes }: WatchedRun): Promise<void> {
    const limit = `${Math.round(mostBytes / 1024 ** 2)} MiB`;
    this.#log.warn('A run wrote more than it may', { run, limit });
    tell(runDir, `\nMuster ended the run: it wrote more than ${limit} (resources.disk).\n`);
    await this.#stop(run);
  }
}

/** What was there before the run began; it outlives this host. */
function baseline({ notes, run }: WatchedRun, used: number): number {
  const file = join(notes, run);
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    // The first look.
    makePrivateDirectory(notes);
    writeWhole(file, String(used));
    return used;
  }
}

/** Of all folders together, each file once. Errors: the signal's reason. */
async function usedBytes(folders: readonly string[], signal: AbortSignal): Promise<number> {
  const options = { signal, timeout: longestLookMs, maxBuffer: 16 * 1024 * 1024 };
  const asked = promisify(execFile)('du', ['-skxc', '--', ...folders], options);
  // Files that go while it looks make it complain; what it counted is good all the same.
  const said = await asked.catch((error: unknown) => {
    signal.throwIfAborted();
    const stdout = textField(error, 'stdout');
    if (stdout !== '') return { stdout };
    throw error;
  });
  const total = /(\d+)\s+total\s*$/.exec(said.stdout)?.[1];
  return Number(total ?? 0) * 1024;
}

/** The run can write to its directory: nothing is followed there, and nothing is made. */
function tell(runDir: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const file = openSync(join(runDir, runFiles.stderr), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
    try {
      if (fstatSync(file).isFile()) writeSync(file, text);
    } finally {
      closeSync(file);
    }
  } catch {
    // A disk that is full: the run is ended without words.
  }
}
