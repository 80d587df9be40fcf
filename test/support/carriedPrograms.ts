import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { KubernetesCluster } from '../../src/drivers/kubernetes/kubernetesCluster.js';

/** A server that carries programs of pods. */
export async function carrying(
  options: { readonly autoPong: boolean },
  onProgram: (socket: WebSocket, query: URLSearchParams) => void,
) {
  const sockets = new WebSocketServer({ noServer: true, ...options });
  const server = createServer();
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, opened =>
      onProgram(opened, new URL(request.url ?? '', 'http://host').searchParams),
    ),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const config = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  config.loadFromClusterAndUser({ name: 'far', server: url, skipTLSVerify: true }, { name: 'ada' });
  onTestFinished(() => {
    for (const each of sockets.clients) each.terminate();
    server.close();
  });
  return { cluster: new KubernetesCluster(config, 'default'), pod: 'pod', container: 'keeper' };
}
