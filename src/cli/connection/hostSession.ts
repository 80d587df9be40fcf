import { join } from 'node:path';
import { isAppError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { requireEndpoint } from '../../client/endpointDiscovery.js';
import type { HostClient } from '../../client/hostClient.js';
import { ensureHost, type LaunchOptions } from '../../client/hostLauncher.js';
import { HostProfiles } from '../../client/hostProfiles.js';
import { connectPlainly, speakPlainly } from '../../client/plainClient.js';
import { LiveState } from '../../client/liveState.js';
import { remoteEndpoint } from '../../client/remoteEndpoint.js';
import { systemClock } from '../../client/systemClock.js';
import type { Environment } from '../../client/stateDirectory.js';
import { findEndpoint, readHostAddress, remoteToken } from './hostAddress.js';

export interface SessionOptions {
  readonly stateDir: string;
  readonly bundleDir: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** `--host` as it was typed: a host that is never started. Undefined: the one that the environment names, or of `stateDir`. */
  readonly host: string | undefined;
  /** How long one call may take; 0 and undefined: as long as it needs. */
  readonly callTimeoutMs?: number | undefined;
}

type Connect = LaunchOptions['connect'];

/** For what watches: the connection itself is what was looked for, so that a host which ends meanwhile is looked for again. */
const connectForStreams: Connect = async (endpoint, options) => {
  const { connectEndpoint } = await import('../../client/hostClient.js');
  return await connectEndpoint(endpoint, options);
};

/** A host that has not answered for so long is asked whether it is there at all, and has as long again to say so. */
const silenceMs = 3000;

/** The connections of one invocation of the program; `dispose` ends them so that the process can. */
export class HostSession {
  readonly #options: SessionOptions;
  #client: Promise<HostClient> | undefined;
  /** A client whose host has not answered yet. */
  #unproven: Promise<HostClient> | undefined;
  #live: LiveState | undefined;
  #damaged: readonly string[] = [];
  #hasDamage = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Damaged databases of the host that was spoken to. */
  async damaged(): Promise<readonly string[]> {
    if (!this.#hasDamage || this.#damaged.length > 0) return this.#damaged;
    try {
      const client = await (this.#client ?? this.#unproven);
      return (await client?.host.getStatus({}, { signal: this.#options.signal }))?.damaged ?? [];
    } catch {
      // It is told beside something else, by every command: one whose host ends just now has nothing to tell.
      return [];
    }
  }

  /** One client for all calls; the host is started when there is none. */
  connect(): Promise<HostClient> {
    this.#client ??= this.#noted(this.#ensure(this.#options.signal, connectPlainly));
    return this.#client;
  }

  connectRunning(): Promise<HostClient> {
    this.#client ??= this.#noted(this.#connectPresent());
    return this.#client;
  }

  async #connectPresent(): Promise<HostClient> {
    const { stateDir, signal } = this.#options;
    const named = await this.#connectNamed(signal, connectPlainly);
    return named ?? (await connectPlainly(await requireEndpoint(stateDir), { signal, ...this.#callOptions() }));
  }

  /** The host that was named; undefined when none was, or when what `AGENT_COMPOSE_HOST` names is not Muster. */
  async #connectNamed(signal: AbortSignal, connect: Connect): Promise<HostClient | undefined> {
    const { stateDir, host, env } = this.#options;
    const keychain = async () => (await import('../../client/keychain.js')).findKeychain(env);
    const profiles = new HostProfiles({ stateDir, keychain });
    const address = readHostAddress(host, env, profiles);
    if (!address) return undefined;
    const how = { signal, ...this.#callOptions() };
    if (address.remote) {
      // At an address of the web where nobody has logged in answers agent-compose's own daemon.
      if (address.from === 'AGENT_COMPOSE_HOST' && !profiles.find(address.path)) return undefined;
      const token = await remoteToken(address.path, { env, profiles, signal });
      return await connectForStreams(remoteEndpoint(address.path, token), how);
    }
    try {
      return await connect(await findEndpoint(address, stateDir), how);
    } catch (error) {
      if (address.from === 'AGENT_COMPOSE_HOST' && isAppError(error, 'host.unreachable')) return undefined;
      throw error;
    }
  }

  #callOptions() {
    const { env, callTimeoutMs } = this.#options;
    return {
      runId: env['MUSTER_RUN_ID'],
      callTimeoutMs: callTimeoutMs === 0 ? undefined : callTimeoutMs,
      onDamage: () => {
        this.#hasDamage = true;
      },
    };
  }

  /** Forgets a client whose host is gone, so that the next call finds or starts another. */
  async reconnect(): Promise<HostClient> {
    await this.#closeClient();
    return this.connect();
  }

  /**
   * A call that may be made again: once more with a new client when the host went away under it. So it needs no proof
   * beforehand that the host answers, which would take as long as the call.
   */
  async repeatable<T>(call: (client: HostClient) => Promise<T>): Promise<T> {
    const client = await (this.#client ?? this.#speak());
    try {
      return await whileAnswering(client, () => call(client));
    } catch (error) {
      if (!isAppError(error, 'host.unreachable')) throw error;
      return await call(await this.#replace(client));
    }
  }

  #speak(): Promise<HostClient> {
    const speak: Connect = async (endpoint, how) => speakPlainly(endpoint, { ...how, ...this.#callOptions() });
    this.#unproven ??= this.#noted(this.#ensure(this.#options.signal, speak));
    return this.#unproven;
  }

  /** Another client than one that did not answer; several calls at once may have met the same one. */
  async #replace(failed: HostClient): Promise<HostClient> {
    const current = await this.#client?.catch(() => undefined);
    if (current === failed) return await this.reconnect();
    return await this.connect();
  }

  watch(): LiveState {
    this.#live ??= new LiveState({
      connect: signal => this.#noted(this.#ensure(signal, connectForStreams)),
      log: this.#options.log,
    }).start();
    return this.#live;
  }

  async dispose(): Promise<void> {
    await this.#live?.dispose();
    await this.#closeClient();
  }

  async #noted(connecting: Promise<HostClient>): Promise<HostClient> {
    const client = await connecting;
    this.#damaged = client.damaged;
    return client;
  }

  async #closeClient(): Promise<void> {
    // That it could not be reached was said to whoever asked for it.
    const clients = [this.#client, this.#unproven];
    this.#client = undefined;
    this.#unproven = undefined;
    for (const connecting of clients) (await connecting?.catch(() => undefined))?.dispose();
  }

  async #ensure(signal: AbortSignal, connect: Connect): Promise<HostClient> {
    const { stateDir, bundleDir, env, log } = this.#options;
    const named = await this.#connectNamed(signal, connect);
    if (named) return named;
    return await ensureHost({
      stateDir,
      hostBundle: join(bundleDir, 'host.js'),
      env,
      nodeSetting: env['MUSTER_NODE'],
      signal,
      ...this.#callOptions(),
      log,
      connect,
    });
  }
}

/** What comes first: the answer, or the knowledge that there will be none. */
async function whileAnswering<T>(client: HostClient, call: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([call(), untilSilent(client, over.signal)]);
  } finally {
    over.abort();
  }
}

/** Throws `host.unreachable` once the host answers nothing any more; the signal's reason. */
async function untilSilent({ host }: HostClient, signal: AbortSignal): Promise<never> {
  for (;;) {
    await systemClock.sleep(silenceMs, signal);
    await host.getStatus({}, { signal, timeoutMs: silenceMs });
  }
}
