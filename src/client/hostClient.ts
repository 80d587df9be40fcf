import type { Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { Disposable } from '../base/lifecycle.js';
import type { EndpointFile } from '../protocol/endpoint.js';
import type { HostServices } from './hostServices.js';
import { runHeader } from '../protocol/version.js';
import { requireEndpoint } from './endpointDiscovery.js';
import { HostConnection } from './hostConnection.js';
import type { RefuseCall } from './serviceClient.js';
import { createServices } from './createServices.js';
import { requireKnownProtocol } from './protocolCheck.js';

/**
 * Typed calls to one host over one connection. Every call takes `{signal}` and throws an AppError: the host's own, or
 * `host.unreachable`, or `cancelled`. A client does not find a new host when its own ends; `LiveState` does.
 */
export interface HostClient extends HostServices, Disposable {
  readonly endpoint: EndpointFile;
  /** What the host said when the connection was made. */
  readonly version: string;
  /** Databases that the host found damaged and put aside, until somebody acknowledges it. */
  readonly damaged: readonly string[];
  /** Closes the connection; calls in flight fail with `host.unreachable`. */
  dispose(): void;
}

export interface ConnectOptions {
  readonly stateDir: string;
  /** Aborts connecting; the finished client does not depend on it. */
  readonly signal: AbortSignal;
  /** How long the host may take to answer the first call. Default 5 s. */
  readonly timeoutMs?: number;
  /** How long the host may take to answer any later call; default: as long as it needs. */
  readonly callTimeoutMs?: number | undefined;
  /** Asked before each call but the first. */
  readonly refuse?: RefuseCall | undefined;
  /** Nothing of this machine's environment is sent along, such as keys of providers: the host is somebody else's machine. */
  readonly keepsEnvironment?: boolean | undefined;
  /** `MUSTER_RUN_ID` of this process, if an agent started it. */
  readonly runId?: string | undefined;
}

/** For a host whose endpoint is known. */
export type EndpointOptions = Omit<ConnectOptions, 'stateDir'>;

/** Longer than a host that is busy with its first start needs, short enough for a person. */
const defaultTimeoutMs = 5000;
/** A diff or a transcript chunk is far smaller; whatever answers on the socket cannot fill the memory. */
const maximumMessageBytes = 64 * 1024 * 1024;

/** Connects to the running host and makes sure that it answers. Throws `host.unreachable` or `cancelled`; never starts one. */
export async function connectHost(options: ConnectOptions): Promise<HostClient> {
  return connectEndpoint(await requireEndpoint(options.stateDir), options);
}

/** Connects to the host of one endpoint file. */
export async function connectEndpoint(endpoint: EndpointFile, options: EndpointOptions): Promise<HostClient> {
  requireKnownProtocol(endpoint);
  const connection = new HostConnection(endpoint.socket);
  const transport = createConnectTransport({
    httpVersion: '2',
    baseUrl: connection.authority,
    sessionManager: connection,
    acceptCompression: [],
    readMaxBytes: maximumMessageBytes,
    interceptors: [
      authorize(endpoint.token, options.runId),
      ...(options.keepsEnvironment === true ? [keepEnvironment] : []),
    ],
  });
  const { callTimeoutMs, refuse } = options;
  const wire = { transport, socket: endpoint.socket, timeoutMs: callTimeoutMs, refuse };
  const services = createServices(wire);
  try {
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const { version, damaged } = await services.host.getStatus({}, { signal: options.signal, timeoutMs });
    return {
      endpoint,
      version,
      damaged,
      ...services,
      dispose: () => connection.dispose(),
    };
  } catch (error) {
    connection.dispose();
    throw error;
  }
}

const keepEnvironment: Interceptor = next => request => {
  if (!request.stream && 'environment' in request.message) Object.assign(request.message, { environment: {} });
  return next(request);
};

function authorize(token: string, runId: string | undefined): Interceptor {
  return next => request => {
    request.header.set('Authorization', `Bearer ${token}`);
    if (runId) request.header.set(runHeader, runId);
    return next(request);
  };
}
