import { Emitter, type Event } from '../base/event.js';
import { AppError, isAppError } from '../base/errors.js';
import type { Disposable } from '../base/lifecycle.js';
import { silentLog, type Log } from '../base/log.js';
import type { WatchResponse } from '../protocol/gen/muster/v1/events_pb.js';
import type { Project } from '../protocol/gen/muster/v1/projects_pb.js';
import { partThread } from '../protocol/partThread.js';
import type { Thread } from '../protocol/gen/muster/v1/threads_pb.js';
import type { HostClient } from './hostClient.js';
import type { HostServices } from './hostServices.js';
import { unreachable } from './callErrors.js';

/** `connected`: changes arrive; `offline`: the last try failed, and another follows by itself, or at once with `retryNow`. */
export type ConnectionState = 'connecting' | 'connected' | 'offline';

/** What became different: ids of entities that are new, changed or gone. */
export interface LiveChange {
  /** Everything was read anew. */
  readonly reset: boolean;
  readonly projects: readonly string[];
  readonly threads: readonly string[];
  /** Runs whose transcript grew or whose status changed. */
  readonly runs: readonly string[];
}

/** As much of a client as is needed here: a page in a browser has no more. */
export interface LiveClient extends Disposable {
  readonly events: HostServices['events'];
  readonly endpoint: { readonly socket: string };
}

export interface LiveStateOptions<C extends LiveClient = HostClient> {
  /** Makes a client whenever one is needed: `connectHost`, or `ensureHost` where the host may be started. */
  readonly connect: (signal: AbortSignal) => Promise<C>;
  readonly log?: Log;
}

/** Pauses before each next try; the last one repeats. */
const backoffMs = [20, 100, 250, 500, 1000, 2000, 5000] as const;
/** Hosts that answered and were gone before they said how things are, one after the other, before that counts as being offline. */
const mostLost = 3;
/** Three of the host's heartbeats: then the connection is dead even though nothing said so. */
const silenceMs = 45_000;

/**
 * The present state of every project and thread, kept current by one Watch stream that reconnects by itself and misses
 * nothing. Owns its client. `start()` begins, `dispose()` ends it.
 */
export class LiveState<C extends LiveClient = HostClient> implements Disposable {
  readonly #options: LiveStateOptions<C>;
  readonly #log: Log;
  readonly #ended = new AbortController();
  readonly #projects = new Map<string, Project>();
  readonly #threads = new Map<string, Thread>();
  /** Which thread each part of one belongs to. */
  readonly #wholes = new Map<string, string>();
  readonly #changed = new Emitter<LiveChange>();
  readonly #connectionChanged = new Emitter<ConnectionState>();
  #connection: ConnectionState = 'connecting';
  #client: C | undefined;
  #lastError: unknown;
  #epoch = '';
  #sequence = 0n;
  #wake: AbortController | undefined;
  #running: Promise<void> | undefined;

  constructor(options: LiveStateOptions<C>) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
  }

  /** Projects by id, without those that were removed. */
  get projects(): ReadonlyMap<string, Project> {
    return this.#projects;
  }

  /** Threads by id: all that are not done, and at least the 200 most recent that are. */
  get threads(): ReadonlyMap<string, Thread> {
    return this.#threads;
  }

  /** A thread, or what one has of another repository, by its id. */
  thread(id: string): Thread | undefined {
    const found = this.#threads.get(id);
    if (found) return found;
    const whole = this.#threads.get(this.#wholes.get(id) ?? '');
    const part = whole?.parts.find(({ threadId }) => threadId === id);
    return whole && part && partThread(whole, part);
  }

  get connection(): ConnectionState {
    return this.#connection;
  }

  /** Why the last connection failed or ended; undefined while connected. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** The client of the present connection. Do not dispose it, and do not keep it across a change of the connection. */
  get client(): C | undefined {
    return this.#client;
  }

  readonly onDidChange: Event<LiveChange> = listener => this.#changed.event(listener);
  readonly onDidChangeConnection: Event<ConnectionState> = listener => this.#connectionChanged.event(listener);

  /** Begins to connect; calling it again does nothing. */
  start(): this {
    this.#running ??= this.#run(this.#ended.signal);
    return this;
  }

  /** Ends a pause between two tries. */
  retryNow(): void {
    this.#wake?.abort();
  }

  /** Ends the connection, so that the next one is made; with another host everything is read anew. */
  reconnect(): void {
    void this.#client?.dispose();
    this.retryNow();
  }

  /** The client, as soon as there is one. Throws the reason when a try fails, `cancelled` when aborted or disposed. */
  async whenConnected(signal: AbortSignal): Promise<C> {
    return this.waitFor(() => (this.#connection === 'connected' ? this.#client : undefined), signal);
  }

  /**
   * The first answer of `check` that is not undefined; it is asked now and after each change. Throws the reason when the host
   * cannot be reached, `cancelled` when aborted or disposed.
   */
  async waitFor<T>(check: () => T | undefined, signal: AbortSignal): Promise<T> {
    this.start();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const stop = AbortSignal.any([signal, this.#ended.signal]);
    const cancel = (): void => reject(new AppError('cancelled', 'Waiting was cancelled.', {}, { cause: stop.reason }));
    const look = (): void => {
      const found = this.#connection === 'connected' ? check() : undefined;
      if (found !== undefined) resolve(found);
      else if (this.#connection === 'offline') reject(this.#lastError);
    };
    const subscriptions = [this.#changed.event(look), this.#connectionChanged.event(look)];
    stop.addEventListener('abort', cancel, { once: true });
    try {
      if (stop.aborted) cancel();
      else look();
      return await promise;
    } finally {
      stop.removeEventListener('abort', cancel);
      for (const subscription of subscriptions) void subscription.dispose();
    }
  }

  async dispose(): Promise<void> {
    this.#ended.abort();
    await this.#running;
    this.#changed.dispose();
    this.#connectionChanged.dispose();
  }

  async #run(signal: AbortSignal): Promise<void> {
    let lost = 0;
    for (let attempt = 0; !signal.aborted; attempt++) {
      let isLost = false;
      try {
        const client = await this.#options.connect(signal);
        this.#client = client;
        await this.#follow(client, signal);
      } catch (error) {
        this.#lastError = error;
        isLost = this.#client !== undefined && isAppError(error, 'host.unreachable');
        if (!isAppError(error, 'cancelled'))
          this.#log.info('The connection to the host ended', { reason: String(error) });
      } finally {
        void this.#client?.dispose();
        this.#client = undefined;
      }
      if (signal.aborted) return;
      if (this.#connection === 'connected') {
        attempt = 0;
        lost = 0;
        this.#setConnection('connecting');
      } else if (!isLost || ++lost > mostLost) {
        // One that went away in between may be back, or may be started, by the next try: whoever waits need not hear of it.
        this.#setConnection('offline');
      }
      await this.#pause(backoffMs[Math.min(attempt, backoffMs.length - 1)] ?? 0, signal);
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    // Woken or ended: either way the loop looks at the signal itself.
    await pause(ms, AbortSignal.any([signal, this.#wake.signal]));
    this.#wake = undefined;
  }

  /** Always throws in the end: why the stream ended. */
  async #follow(client: C, signal: AbortSignal): Promise<never> {
    const silence = new AbortController();
    const listen = () => setTimeout(() => silence.abort(new Error('The host fell silent')), silenceMs);
    let timer = listen();
    try {
      const request = { epoch: this.#epoch, since: this.#sequence };
      const stream = client.events.watch(request, { signal: AbortSignal.any([signal, silence.signal]) });
      for await (const response of stream) {
        clearTimeout(timer);
        timer = listen();
        const change = this.#apply(response);
        if (this.#connection !== 'connected') {
          this.#lastError = undefined;
          this.#setConnection('connected');
        }
        if (change) this.#changed.fire(change);
      }
      throw unreachable({ socket: client.endpoint.socket, reason: 'it closed the connection' });
    } finally {
      clearTimeout(timer);
    }
  }

  #apply({ epoch, sequence, update }: WatchResponse): LiveChange | undefined {
    this.#epoch = epoch;
    this.#sequence = sequence;
    switch (update.case) {
      case 'snapshot': {
        const before = { projects: [...this.#projects.keys()], threads: [...this.#threads.keys()] };
        this.#projects.clear();
        this.#threads.clear();
        this.#wholes.clear();
        this.#store(update.value.projects, update.value.threads);
        return {
          reset: true,
          projects: [...new Set([...before.projects, ...this.#projects.keys()])],
          threads: [...new Set([...before.threads, ...this.#threads.keys()])],
          runs: [],
        };
      }
      case 'changes': {
        const { projects, threads, runIds } = update.value;
        const renamed = this.#store(projects, threads);
        if (projects.length + threads.length + runIds.length === 0) return undefined;
        return {
          reset: false,
          projects: projects.map(({ id }) => id),
          threads: [...new Set([...threads.map(({ id }) => id), ...renamed])],
          runs: runIds,
        };
      }
      default:
        return undefined;
    }
  }

  /** The answer are threads whose project is called otherwise, or another one like it, by now. */
  #store(projects: readonly Project[], threads: readonly Thread[]): readonly string[] {
    const names = new Set<string>();
    for (const project of projects) {
      const before = this.#projects.get(project.id);
      if (project.removed) this.#projects.delete(project.id);
      else this.#projects.set(project.id, project);
      if (before?.name === project.name && before.file === project.file && !project.removed) continue;
      names.add(project.name);
      if (before) names.add(before.name);
    }
    for (const thread of threads) {
      this.#threads.set(thread.id, thread);
      for (const { threadId } of thread.parts) this.#wholes.set(threadId, thread.id);
    }
    return names.size === 0 ? [] : this.#rename(names);
  }

  /** Threads have the name of their project with them, and the host sends them anew only when something else changed. */
  #rename(names: ReadonlySet<string>): readonly string[] {
    const renamed: string[] = [];
    for (const [id, thread] of this.#threads) {
      const projectName = this.#projects.get(thread.projectId)?.name ?? thread.projectName;
      if (!names.has(projectName) && !names.has(thread.projectName)) continue;
      if (projectName !== thread.projectName) this.#threads.set(id, { ...thread, projectName });
      renamed.push(id);
    }
    return renamed;
  }

  #setConnection(connection: ConnectionState): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    this.#connectionChanged.fire(connection);
  }
}

/** Over after so long, or as soon as the signal says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
