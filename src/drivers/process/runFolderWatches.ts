import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { errorMessage } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { SecretMask } from '../../node/secretMask.js';
import { systemCode } from '../../node/systemError.js';
import { runPath } from '../../node/runFiles.js';

/** Notifications get lost (network volumes, an overflowing queue); this is how late a change is then seen. */
const safetyPollMs = 1000;
/** macOS delays notifications and Windows reports growth of an open file lazily. */
const lazyPlatformPollMs = 100;
/** For folders that the system refused to watch (the user's inotify watches are used up). */
const unwatchedPollMs = 50;
/** For folders that are not there yet: their runs wait in the queue, and somebody looks on. */
const absentPollMs = 250;

interface WatchedFolder {
  watcher: FSWatcher | undefined;
  /** There was no folder to watch yet. */
  absent: boolean;
  readonly listeners: Set<FolderListener>;
}

interface FolderListener {
  readonly files: readonly string[];
  readonly notify: () => void;
}

/** What readers of run directories are made of. */
export interface RunFolders {
  readonly stateDir: string;
  readonly watches: RunFolderWatches;
  /** Hides what the run was given in secret. */
  readonly maskOf: (run: RunId) => SecretMask;
}

/** One watch per run directory, shared by everyone who waits for something in it, and one slow poll for all. */
export class RunFolderWatches {
  readonly #stateDir: string;
  readonly #log: Log;
  readonly #folders = new Map<RunId, WatchedFolder>();
  #poll: { readonly everyMs: number; readonly timer: NodeJS.Timeout } | undefined;
  #refused = false;

  constructor(options: { readonly stateDir: string; readonly log: Log }) {
    this.#stateDir = options.stateDir;
    this.#log = options.log;
  }

  /** Calls `notify` soon after one of `files` changed, and at times without reason. Look after subscribing. */
  subscribe(run: RunId, files: readonly string[], notify: () => void): Disposable {
    let folder = this.#folders.get(run);
    if (!folder) {
      folder = { watcher: undefined, absent: false, listeners: new Set() };
      this.#folders.set(run, folder);
      folder.watcher = this.#watch(run, folder);
    } else if (folder.absent) {
      // It may be there by now: whoever starts a run must not wait for the poll because somebody waited for it in the queue.
      folder.watcher ??= this.#watch(run, folder);
    }
    const { listeners } = folder;
    const listener = { files, notify };
    listeners.add(listener);
    this.#schedulePoll();
    return {
      dispose: () => {
        if (!listeners.delete(listener) || listeners.size > 0) return;
        folder.watcher?.close();
        this.#folders.delete(run);
        this.#schedulePoll();
      },
    };
  }

  /** Resolves with the first value other than `undefined` that `look` returns; rejects when it throws or on abort. */
  async waitFor<T>(options: {
    readonly run: RunId;
    readonly files: readonly string[];
    readonly signal: AbortSignal;
    readonly look: () => T | undefined;
  }): Promise<T> {
    const { run, files, signal, look } = options;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const attempt = (): void => {
      try {
        const found = look();
        if (found !== undefined) resolve(found);
      } catch (error) {
        reject(error);
      }
    };
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const subscription = this.subscribe(run, files, attempt);
    attempt();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await subscription.dispose();
    }
  }

  #watch(run: RunId, folder: WatchedFolder): FSWatcher | undefined {
    try {
      const watcher = watch(runPath(this.#stateDir, run), (_event, name) => {
        for (const listener of [...folder.listeners])
          if (name === null || listener.files.includes(name)) listener.notify();
      });
      folder.absent = false;
      watcher.on('error', error => {
        watcher.close();
        folder.watcher = undefined;
        this.#onRefused(error);
      });
      return watcher;
    } catch (error) {
      folder.absent = systemCode(error) === 'ENOENT';
      if (!folder.absent) this.#onRefused(error);
      return undefined;
    }
  }

  #onRefused(error: unknown): void {
    if (!this.#refused)
      this.#log.warn('The system refused to watch a run directory; it is polled instead', {
        reason: errorMessage(error),
      });
    this.#refused = true;
    this.#schedulePoll();
  }

  #schedulePoll(): void {
    const everyMs = this.#pollInterval();
    if (this.#poll?.everyMs === everyMs) return;
    if (this.#poll) clearInterval(this.#poll.timer);
    this.#poll = everyMs === undefined ? undefined : { everyMs, timer: setInterval(() => this.#pollOnce(), everyMs) };
  }

  #pollInterval(): number | undefined {
    if (this.#folders.size === 0) return undefined;
    const unwatched = [...this.#folders.values()].filter(folder => !folder.watcher);
    if (unwatched.some(folder => !folder.absent)) return unwatchedPollMs;
    if (process.platform !== 'linux') return lazyPlatformPollMs;
    return unwatched.length > 0 ? absentPollMs : safetyPollMs;
  }

  #pollOnce(): void {
    for (const [run, folder] of [...this.#folders]) {
      // Somebody waits for a run that is only queued: its folder may be there by now.
      if (folder.absent) folder.watcher ??= this.#watch(run, folder);
      for (const listener of [...folder.listeners]) listener.notify();
    }
    this.#schedulePoll();
  }
}
