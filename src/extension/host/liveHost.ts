import { connectEndpoint, connectHost, type EndpointOptions, type HostClient } from '../../client/hostClient.js';
import { unreachable } from '../../client/callErrors.js';
import { ensureHost } from '../../client/hostLauncher.js';
import { LiveState } from '../../client/liveState.js';
import { remoteEndpoint, remoteOrigin } from '../../client/remoteEndpoint.js';
import type { Log } from '../../base/log.js';
import type { HostElsewhere } from './hostElsewhere.js';
import type { Environment } from '../../client/stateDirectory.js';

export interface LiveHostOptions {
  readonly stateDir: string;
  readonly hostBundle: string;
  readonly nodePath: string;
  readonly env: Environment;
  readonly log: Log;
  /** Asked before each try to connect: the host of another machine, where the person chose one. */
  readonly elsewhere: Pick<HostElsewhere, 'address' | 'token'>;
  /** Asked before each try to connect: whether a host may be started when none answers. */
  readonly mayStart: () => boolean;
  /** Starts a host in this process, where the setting says so; resolves when it answers or another one does. */
  readonly startEmbedded: (() => Promise<void>) | undefined;
  readonly introduce: ((client: HostClient) => Promise<void>) | undefined;
  /** Asked before each call: why it may not be made now. */
  readonly refuse: NonNullable<EndpointOptions['refuse']>;
  /** Told why a host that may be started could not be. */
  readonly startFailed: (error: unknown) => void;
}

export { looksOnly } from '../../client/callNeeds.js';

/** The live state of this window. Loaded when first needed: it brings the whole client with it. */
export function createLiveState(options: LiveHostOptions): LiveState {
  // It says each try that found no host, every few seconds while none runs.
  const log: Log = { ...options.log, info: (message, fields) => options.log.debug(message, fields) };
  const introduced = async (signal: AbortSignal): Promise<HostClient> => {
    const client = await connect(options, signal);
    // What a person keeps for agents, such as keys of models, is for this machine.
    if (!isElsewhere(client)) await options.introduce?.(client);
    return client;
  };
  return new LiveState({ connect: introduced, log });
}

/** Whether a client speaks to another machine: a socket is a path. */
function isElsewhere({ endpoint }: Pick<HostClient, 'endpoint'>): boolean {
  return remoteOrigin(endpoint.socket) !== undefined;
}

async function connect(options: LiveHostOptions, signal: AbortSignal): Promise<HostClient> {
  const { stateDir, hostBundle, nodePath, env, log, refuse } = options;
  try {
    const { address } = options.elsewhere;
    if (address !== '')
      return await connectEndpoint(remoteEndpoint(address, await tokenOf(options.elsewhere, address)), {
        ...{ signal, refuse, keepsEnvironment: true, timeoutMs: farTimeoutMs },
      });
  } catch (error) {
    if (!signal.aborted && options.mayStart()) options.startFailed(error);
    throw error;
  }
  if (!options.mayStart()) return connectHost({ stateDir, signal, refuse });
  try {
    if (options.startEmbedded) {
      await options.startEmbedded();
      return await connectHost({ stateDir, signal, refuse });
    }
    return await ensureHost({
      stateDir,
      hostBundle,
      nodeSetting: nodePath,
      env,
      signal,
      log,
      connect: (endpoint, how) => connectEndpoint(endpoint, { ...how, refuse }),
    });
  } catch (error) {
    if (!signal.aborted) options.startFailed(error);
    throw error;
  }
}

/** A host of another machine may be far away, and busy. */
const farTimeoutMs = 30_000;

/** Throws `host.unreachable` when the person has not logged in. */
async function tokenOf(elsewhere: Pick<HostElsewhere, 'token'>, address: string): Promise<string> {
  const token = await elsewhere.token(address);
  if (token !== undefined) return token;
  throw unreachable({ socket: address, reason: 'you have not logged in there: use the command “Connect to Host…”' });
}

/** Asks a host of another machine whether it is there, and answers its version. Throws `host.unreachable` and what it says of the token. */
export async function tryHost(
  { address, token }: { readonly address: string; readonly token: string },
  signal: AbortSignal,
): Promise<string> {
  const client = await connectEndpoint(remoteEndpoint(address, token), { signal, timeoutMs: farTimeoutMs });
  client.dispose();
  return client.version;
}
