import { AppError, errorMessage, isAppError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { lockedExitStatus } from '../protocol/endpoint.js';
import { productVersion } from '../protocol/productVersion.js';
import { compareVersions } from './compareVersions.js';
import { readEndpoint } from './endpointDiscovery.js';
import type { EndpointOptions, HostClient } from './hostClient.js';
import type { HostProcess } from './hostProcess.js';
import type { Environment } from './stateDirectory.js';
import { systemClock } from './systemClock.js';
import { unreachable } from './callErrors.js';
import type { EndpointFile } from '../protocol/endpoint.js';

export interface LaunchOptions {
  readonly stateDir: string;
  /** Absolute path of `dist/host.js`. */
  readonly hostBundle: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** A Node that the user chose; empty: found. */
  readonly nodeSetting?: string | undefined;
  /** This program's version. An older host is asked to hand over to one of this version. */
  readonly version?: string;
  /** How long a host may take to be there. Default 30 s. */
  readonly deadlineMs?: number;
  readonly runId?: string | undefined;
  /** How long the host may take to answer a call; default: as long as it needs. */
  readonly callTimeoutMs?: number | undefined;
  readonly log?: Log;
  /** How to speak to a host that was found. */
  readonly connect: (endpoint: EndpointFile, options: EndpointOptions) => Promise<HostClient>;
}

/** A host that was asked to hand over answers this often before it is taken as it is (someone keeps starting the older one). */
const maximumHandOvers = 2;
/** A host makes its socket again when somebody removed it; one that has not done so by now will not. */
const repairMs = 1000;
/** A host that does not answer this long is taken for hung; the next try follows while the deadline lasts. */
const answerTimeoutMs = 3000;

/**
 * Connects to the running host, or starts one and connects to it. Any number of starters may race: the host's lock decides
 * and all connect to the winner. Throws `host.unreachable`, `state.unwritable` or `cancelled`.
 */
export async function ensureHost(options: LaunchOptions): Promise<HostClient> {
  // Mostly there is one, and what bounds a search need not be made.
  return (await new HostSearch(options).look()) ?? (await searchHost(options));
}

async function searchHost(options: LaunchOptions): Promise<HostClient> {
  const deadline = AbortSignal.timeout(options.deadlineMs ?? 30_000);
  const signal = AbortSignal.any([options.signal, deadline]);
  const search = new HostSearch({ ...options, signal });
  try {
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.2, 100)) {
      signal.throwIfAborted();
      const found = await search.look();
      if (found) return found;
      const { child, again } = await search.start();
      // A loser of the race is started again after a while, not at once.
      if (again !== undefined) pauseMs = again ? Math.max(pauseMs, 50) : 10;
      await pause(pauseMs, { signal, child });
    }
  } catch (error) {
    if (options.signal.aborted) {
      throw new AppError('cancelled', 'Connecting to the host was cancelled.', {}, { cause: error });
    }
    if (deadline.aborted) throw unreachable({ socket: '', reason: search.reason, cause: error });
    throw error;
  }
}

/** What is known between two looks for a host. */
class HostSearch {
  /** Why there is none yet. */
  reason = 'it did not start in time';
  readonly #options: LaunchOptions;
  #child: HostProcess | undefined;
  #handOvers = 0;
  #deafSince: number | undefined;

  constructor(options: LaunchOptions) {
    this.#options = options;
  }

  /** The host that answers now, if it is not older than this program. */
  async look(): Promise<HostClient | undefined> {
    const discovery = await readEndpoint(this.#options.stateDir);
    if (discovery.kind === 'found') return await this.#tryOut(discovery.endpoint);
    if (discovery.kind === 'hostile') {
      this.reason = discovery.reason;
      this.#options.log?.warn('Ignoring the endpoint file', { reason: discovery.reason });
    }
    if (discovery.kind !== 'deaf') this.#deafSince = undefined;
    else if (performance.now() - (this.#deafSince ??= performance.now()) > repairMs)
      throw unreachable({ socket: discovery.endpoint.socket, reason: `${discovery.reason}; end the process` });
    return undefined;
  }

  /** Starts a host unless one is on its way. `again`: whether this one follows another; missing when none was started. */
  async start(): Promise<{ readonly child: HostProcess; readonly again?: boolean }> {
    const before = this.#child;
    const end = before?.ended();
    if (before && !end) return { child: before };
    if (before && end && end.status !== lockedExitStatus && end.status !== 0) throw await describeFailure(before);
    // A loser of the race, and a host that ended for being idle, leave the lock to someone: try again while nobody is there.
    // Most callers find a running host, and need nothing that starts one.
    const { findNodeRuntime, startHostProcess } = await import('./hostStart.js');
    const { stateDir, hostBundle, nodeSetting, env, signal, log } = this.#options;
    const runtime = await findNodeRuntime({ setting: nodeSetting, env, signal });
    log?.info('Starting the host', { node: runtime.command, bundle: hostBundle });
    this.#child = await startHostProcess({ stateDir, hostBundle, runtime, env });
    return { child: this.#child, again: before !== undefined };
  }

  async #tryOut(endpoint: EndpointFile): Promise<HostClient | undefined> {
    const { signal, callTimeoutMs, runId, log, version = productVersion } = this.#options;
    this.#deafSince = undefined;
    const how = { signal, timeoutMs: answerTimeoutMs, callTimeoutMs, runId };
    const answer = await knock(() => this.#options.connect(endpoint, how));
    if (typeof answer === 'string') {
      this.reason = answer;
      return undefined;
    }
    if (this.#handOvers >= maximumHandOvers || compareVersions(answer.version, version) >= 0) return answer;
    this.#handOvers++;
    log?.info('Asking an older host to hand over', { running: answer.version, mine: version });
    await askToHandOver(answer, { version, signal });
    return undefined;
  }
}

/** The client, or the reason why there is none. */
async function knock(connect: () => Promise<HostClient>): Promise<HostClient | string> {
  try {
    return await connect();
  } catch (error) {
    if (isAppError(error, 'host.unreachable')) return error.data.reason;
    throw error;
  }
}

async function askToHandOver(
  client: HostClient,
  { version, signal }: { readonly version: string; readonly signal: AbortSignal },
): Promise<void> {
  try {
    const reason = `version ${version} takes over`;
    await client.host.shutdown({ handOver: true, reason }, { signal, timeoutMs: answerTimeoutMs });
  } catch (error) {
    // It may end before its answer arrives.
    if (!isAppError(error, 'host.unreachable')) throw error;
  } finally {
    client.dispose();
  }
}

async function pause(
  ms: number,
  { signal, child }: { readonly signal: AbortSignal; readonly child: HostProcess },
): Promise<void> {
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  const ended = child.ended() ? new Promise<void>(() => {}) : child.whenEnded;
  try {
    await Promise.race([systemClock.sleep(ms, stop), ended]);
  } finally {
    done.abort();
  }
}

async function describeFailure(child: HostProcess): Promise<Error> {
  const end = child.ended();
  if (end?.error) return unreachable({ socket: '', reason: `it could not be started (${errorMessage(end.error)})` });
  const lines = (await child.readOutput()).split('\n').filter(line => line.trim() !== '');
  const said = lines.at(-1)?.replace(/\.$/, '') ?? 'it said nothing';
  return unreachable({ socket: '', reason: `it ended with status ${String(end?.status)} while starting: ${said}` });
}
