import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../base/errors.js';
import { Emitter, type Event } from '../../base/event.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { HostClient } from '../../client/hostClient.js';
import type { LiveChange, LiveState } from '../../client/liveState.js';
import type { Environment } from '../../client/stateDirectory.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { HostElsewhere } from './hostElsewhere.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';

/** `connecting`: a host is being looked for or started; `connected`; `stopped`: none runs; `failed`: starting one failed. */
export type HostState = 'connecting' | 'connected' | 'stopped' | 'failed';

export interface HostConnectionOptions {
  readonly stateDir: string;
  readonly hostBundle: string;
  readonly nodePath: string;
  readonly env: Environment;
  readonly log: Log;
  /** The host of another machine, where the person chose one. */
  readonly elsewhere: Pick<HostElsewhere, 'address' | 'token'>;
  readonly startEmbedded?: (() => Promise<void>) | undefined;
  /** What every host must hear before anything is asked of it. Never rejects. */
  readonly introduce?: ((client: HostClient) => Promise<void>) | undefined;
  /** Whether the person trusts this window's folders. Before that nothing is started, and a host that runs is only looked at. */
  readonly isTrusted: () => boolean;
}

/**
 * This window's one connection to the host. It attaches to a host that runs; it starts one only after something asked
 * for it (`start`, `client`), and never again after `stop` or after starting failed, until asked anew.
 */
export class HostConnection implements Disposable {
  readonly #options: HostConnectionOptions;
  readonly #stateChanged = new Emitter<HostState>();
  readonly #changed = new Emitter<LiveChange>();
  #loading: Promise<LiveState> | undefined;
  #live: LiveState | undefined;
  #mayStart = false;
  /** A person ended it: nothing starts it again but a person. */
  #stoppedByPerson = false;
  #startError: unknown;
  #state: HostState = 'stopped';
  #disposed = false;

  constructor(options: HostConnectionOptions) {
    this.#options = options;
  }

  readonly onDidChangeState: Event<HostState> = listener => this.#stateChanged.event(listener);
  /** Fires when projects, threads or transcripts changed. */
  readonly onDidChange: Event<LiveChange> = listener => this.#changed.event(listener);

  get state(): HostState {
    return this.#state;
  }

  /** Address of a host of another machine; empty: it is this one's. */
  get elsewhere(): string {
    return this.#options.elsewhere.address;
  }

  get stateDir(): string {
    return this.#options.stateDir;
  }

  /** Why the host could not be started; undefined otherwise. */
  get startError(): unknown {
    return this.#startError;
  }

  /** Databases that the host found damaged, until somebody acknowledges it. */
  get damaged(): readonly string[] {
    return this.#live?.client?.damaged ?? [];
  }

  get projects(): ReadonlyMap<string, Project> {
    return this.#live?.projects ?? new Map();
  }

  /** What is known of all threads; kept while the host is away. */
  get threads(): ReadonlyMap<string, Thread> {
    return this.#live?.threads ?? new Map();
  }

  /** A thread, or what one has of another repository, by its id. */
  thread(id: string): Thread | undefined {
    return this.#live?.thread(id);
  }

  /** Connects if a host runs; never starts one. */
  attach(): void {
    void this.#load();
  }

  /** Goes to the host that is meant now. */
  reconnect(): void {
    this.#startError = undefined;
    this.#mayStart = this.#options.isTrusted();
    void this.#load().then(live => live.reconnect());
  }

  /** The person trusts the window now: what was only looked at may be worked with. */
  async trusted(): Promise<void> {
    const client = this.#live?.client;
    if (client && this.elsewhere === '') await this.#options.introduce?.(client);
  }

  /** Makes sure that a host is running or being started. */
  start(): void {
    if (!this.#options.isTrusted()) return this.attach();
    this.#mayStart = true;
    this.#stoppedByPerson = false;
    this.#startError = undefined;
    if (this.#live && this.#state !== 'connected') this.#setState('connecting');
    void this.#load().then(live => live.retryNow());
  }

  /**
   * A client of the running host, which is started if necessary. Throws `host.unreachable`, `workspace.untrusted` or
   * `cancelled`. In a window that is not trusted none is started, and calls that do more than look throw.
   */
  async client(signal: AbortSignal): Promise<HostClient> {
    const live = await this.#load();
    if (live.connection === 'connected' && live.client) return live.client;
    if (!this.#options.isTrusted()) throw untrusted();
    this.start();
    return this.#whenStarted(live, signal);
  }

  /**
   * Starts a host again that ended although nobody asked it to: one that is told to end takes its endpoint file with it.
   * Does nothing after a person ended it or after it could not be started.
   */
  startIfLost(): void {
    const isLost =
      this.elsewhere === '' && this.#state === 'stopped' && !this.#stoppedByPerson && this.#startError === undefined;
    if (isLost && existsSync(join(this.#options.stateDir, 'endpoint.json'))) this.start();
  }

  /** Asks the host to end. Agents go on; the next host adopts them. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#mayStart = false;
    this.#stoppedByPerson = true;
    const client = this.#live?.client;
    if (client) await client.host.shutdown({ handOver: false, reason: 'stopped from the editor' }, { signal });
  }

  /** Reads everything anew. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const live = await this.#loading;
    await live?.dispose();
    this.#stateChanged.dispose();
    this.#changed.dispose();
  }

  /** A try that was under way before `start` may fail without having started anything: only a failed start counts. */
  async #whenStarted(live: LiveState, signal: AbortSignal): Promise<HostClient> {
    for (;;) {
      try {
        return await live.whenConnected(signal);
      } catch (error) {
        if (signal.aborted || this.#disposed || !this.#mayStart) throw this.#startError ?? error;
        await this.#nextConnectionChange(live, signal);
      }
    }
  }

  async #nextConnectionChange(live: LiveState, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const listeners = [live.onDidChangeConnection(() => resolve()), this.#stateChanged.event(() => resolve())];
    try {
      live.retryNow();
      await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      for (const listener of listeners) void listener.dispose();
    }
  }

  #load(): Promise<LiveState> {
    this.#loading ??= this.#create();
    return this.#loading;
  }

  async #create(): Promise<LiveState> {
    this.#setState('connecting');
    const { createLiveState, looksOnly } = await import('./liveHost.js');
    const { stateDir, hostBundle, nodePath, env, log, startEmbedded, introduce, isTrusted } = this.#options;
    const live = createLiveState({
      stateDir,
      hostBundle,
      nodePath,
      env,
      log,
      startEmbedded,
      introduce: async client => {
        if (isTrusted()) await introduce?.(client);
      },
      elsewhere: this.#options.elsewhere,
      refuse: method => (isTrusted() || looksOnly(method) ? undefined : untrusted()),
      mayStart: () => this.#mayStart,
      startFailed: error => {
        this.#mayStart = false;
        this.#startError = error;
        log.error('The host could not be started', { reason: String(error) });
        this.#setState('failed');
      },
    });
    this.#live = live;
    live.onDidChangeConnection(() => this.#follow(live));
    live.onDidChange(change => this.#changed.fire(change));
    if (this.#disposed) await live.dispose();
    else live.start();
    return live;
  }

  #follow(live: LiveState): void {
    switch (live.connection) {
      case 'connected':
        this.#startError = undefined;
        return this.#setState('connected');
      case 'connecting':
        return this.#setState('connecting');
      case 'offline':
        if (this.#startError !== undefined) return this.#setState('failed');
        return this.#setState(this.#mayStart ? 'connecting' : 'stopped');
    }
  }

  #setState(state: HostState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#stateChanged.fire(state);
  }
}

function untrusted(): AppError<'workspace.untrusted'> {
  const text =
    'Muster runs agents, commands and git, so it only shows what there is in a folder that you do not trust.';
  return new AppError('workspace.untrusted', text, {});
}
