import { connectEndpoint, connectHost, type EndpointOptions, type HostClient } from '../../client/hostClient.js';
import { ensureHost } from '../../client/hostLauncher.js';
import { LiveState } from '../../client/liveState.js';
import type { Log } from '../../base/log.js';
import type { Environment } from '../../client/stateDirectory.js';

export interface LiveHostOptions {
  readonly stateDir: string;
  readonly hostBundle: string;
  readonly nodePath: string;
  readonly env: Environment;
  readonly log: Log;
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
    await options.introduce?.(client);
    return client;
  };
  return new LiveState({ connect: introduced, log });
}

async function connect(options: LiveHostOptions, signal: AbortSignal): Promise<HostClient> {
  const { stateDir, hostBundle, nodePath, env, log, refuse } = options;
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
