import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Code, ConnectError, type ConnectRouter, type Interceptor } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { createWireServer } from '../../src/host/server/wireServer.js';
import { endpointFileName, type EndpointFile } from '../../src/protocol/endpoint.js';
import { HostService } from '../../src/protocol/gen/muster/v1/host_pb.js';
import { readMachineIdentity, readStartTime } from '../../src/node/processIdentity.js';

/** A host's wire without a host behind it: the real transport over a real socket, answers chosen by the test. */
export interface WireHost {
  readonly endpoint: EndpointFile;
  /** Breaks every connection and stops listening, as a killed process does. */
  kill(): Promise<void>;
}

const testToken = 'ab'.repeat(32);

/** A truthful endpoint file of this process. */
export async function endpointOf(socket: string, more: Partial<EndpointFile> = {}): Promise<EndpointFile> {
  return {
    format: 1,
    ...readMachineIdentity(),
    pid: process.pid,
    start_time: readStartTime(process.pid),
    socket,
    version: '1.0.0',
    protocol: 1,
    token: testToken,
    ...more,
  };
}

export function writeEndpoint(stateDir: string, endpoint: object): string {
  const file = join(stateDir, endpointFileName);
  writeFileSync(file, JSON.stringify(endpoint), { mode: 0o600 });
  return file;
}

/** Listens in `stateDir` and writes its endpoint file there. */
export async function startWireHost(
  stateDir: string,
  {
    routes,
    version = '1.0.0',
    onCall,
  }: {
    readonly routes?: (router: ConnectRouter) => void;
    readonly version?: string;
    readonly onCall?: ((method: string) => void) | undefined;
  } = {},
): Promise<WireHost> {
  const endpoint = await endpointOf(join(stateDir, 'host.sock'), { version });
  const authorize: Interceptor = next => request => {
    if (request.header.get('authorization') !== `Bearer ${testToken}`)
      throw new ConnectError('no', Code.Unauthenticated);
    onCall?.(request.method.name);
    return next(request);
  };
  const { createListener, destroyConnections } = createWireServer(
    connectNodeAdapter({
      interceptors: [authorize],
      routes: router => {
        router.service(HostService, { getStatus: () => ({ pid: process.pid, version, protocol: 1 }) });
        routes?.(router);
      },
    }),
  );
  const server = createListener();
  await new Promise<void>(resolve => server.listen(endpoint.socket, resolve));
  writeEndpoint(stateDir, endpoint);
  return {
    endpoint,
    kill: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      destroyConnections();
      await closed;
    },
  };
}
