import { join } from 'node:path';
import { isAppError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { connectHost, type HostClient } from '../client/hostClient.js';
import { ensureHost } from '../client/hostLauncher.js';
import { LiveState } from '../client/liveState.js';
import type { Environment } from '../client/stateDirectory.js';

export interface SessionOptions {
  readonly stateDir: string;
  readonly bundleDir: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** The connections of one invocation of the program; `dispose` ends them so that the process can. */
export class HostSession {
  readonly #options: SessionOptions;
  #client: Promise<HostClient> | undefined;
  #live: LiveState | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** One client for all calls; the host is started when there is none. */
  connect(): Promise<HostClient> {
    this.#client ??= this.#ensure(this.#options.signal);
    return this.#client;
  }

  connectRunning(): Promise<HostClient> {
    const { stateDir, signal, env } = this.#options;
    this.#client ??= connectHost({ stateDir, signal, runId: env['MUSTER_RUN_ID'] });
    return this.#client;
  }

  /** Forgets a client whose host is gone, so that the next call finds or starts another. */
  async reconnect(): Promise<HostClient> {
    await this.#closeClient();
    return this.connect();
  }

  /** A call that may be made again: once more with a new client when the host went away under it. */
  async repeatable<T>(call: (client: HostClient) => Promise<T>): Promise<T> {
    const client = await this.connect();
    try {
      return await call(client);
    } catch (error) {
      if (!isAppError(error, 'host.unreachable')) throw error;
      return await call(await this.reconnect());
    }
  }

  watch(): LiveState {
    this.#live ??= new LiveState({ connect: signal => this.#ensure(signal), log: this.#options.log }).start();
    return this.#live;
  }

  async dispose(): Promise<void> {
    await this.#live?.dispose();
    await this.#closeClient();
  }

  async #closeClient(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    client?.dispose();
    this.#client = undefined;
  }

  #ensure(signal: AbortSignal): Promise<HostClient> {
    const { stateDir, bundleDir, env, log } = this.#options;
    return ensureHost({
      stateDir,
      hostBundle: join(bundleDir, 'host.js'),
      env,
      nodeSetting: env['MUSTER_NODE'],
      signal,
      runId: env['MUSTER_RUN_ID'],
      log,
    });
  }
}
