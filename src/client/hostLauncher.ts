import { AppError, errorMessage, isAppError } from '../base/errors.js';
import { silentLog, type Log } from '../base/log.js';
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
  const { stateDir, log = silentLog, version = productVersion } = options;
  const deadline = AbortSignal.timeout(options.deadlineMs ?? 30_000);
  const signal = AbortSignal.any([options.signal, deadline]);
  let child: HostProcess | undefined;
  let reason = 'it did not start in time';
  let handOvers = 0;
  let deafSince: number | undefined;
  try {
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.2, 100)) {
      signal.throwIfAborted();
      const discovery = await readEndpoint(stateDir);
      if (discovery.kind === 'found') {
        const answer = await knock(() =>
          options.connect(discovery.endpoint, {
            signal,
            timeoutMs: answerTimeoutMs,
            callTimeoutMs: options.callTimeoutMs,
            runId: options.runId,
          }),
        );
        if (typeof answer !== 'string') {
          if (handOvers >= maximumHandOvers || compareVersions(answer.version, version) >= 0) return answer;
          handOvers++;
          log.info('Asking an older host to hand over', { running: answer.version, mine: version });
          await askToHandOver(answer, { version, signal });
        } else reason = answer;
      } else if (discovery.kind === 'hostile') {
        reason = discovery.reason;
        log.warn('Ignoring the endpoint file', { reason });
      }
      if (discovery.kind !== 'deaf') deafSince = undefined;
      else if (performance.now() - (deafSince ??= performance.now()) > repairMs)
        throw unreachable({ socket: discovery.endpoint.socket, reason: `${discovery.reason}; end the process` });
      const end = child?.ended();
      if (child && end && end.status !== lockedExitStatus && end.status !== 0) throw await describeFailure(child);
      // A loser of the race, and a host that ended for being idle, leave the lock to someone: try again while nobody is there.
      if (!child || end) {
        // Most callers find a running host, and need nothing that starts one.
        const { findNodeRuntime, startHostProcess } = await import('./hostStart.js');
        const runtime = await findNodeRuntime({ setting: options.nodeSetting, env: options.env, signal });
        log.info('Starting the host', { node: runtime.command, bundle: options.hostBundle });
        child = await startHostProcess({ stateDir, hostBundle: options.hostBundle, runtime, env: options.env });
        pauseMs = end ? Math.max(pauseMs, 50) : 10;
      }
      await pause(pauseMs, { signal, child });
    }
  } catch (error) {
    if (options.signal.aborted) {
      throw new AppError('cancelled', 'Connecting to the host was cancelled.', {}, { cause: error });
    }
    if (deadline.aborted) throw unreachable({ socket: '', reason, cause: error });
    throw error;
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
