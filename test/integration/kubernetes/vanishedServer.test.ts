import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { startInside } from '../../../src/drivers/kubernetes/insidePod.js';
import { KubernetesCluster } from '../../../src/drivers/kubernetes/kubernetesCluster.js';

/** A program in a pod that says nothing, behind a server that answers pings or not. */
async function silentProgram({ autoPong }: { readonly autoPong: boolean }) {
  const sockets = new WebSocketServer({ noServer: true, autoPong });
  const heard = vi.fn<() => void>();
  const server = createServer();
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, opened => {
      // Whoever answers this one has read what was sent before it: the answer to its own.
      opened.on('ping', () => opened.ping());
      opened.on('pong', heard);
    }),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const config = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  config.loadFromClusterAndUser({ name: 'far', server: url, skipTLSVerify: true }, { name: 'ada' });
  const cluster = new KubernetesCluster(config, 'default');
  const program = await startInside({ cluster, pod: 'pod', container: 'keeper' }, ['tar'], 'output');
  onTestFinished(() => {
    program.end();
    for (const each of sockets.clients) each.terminate();
    server.close();
  });
  return { program, heard };
}

test.each([
  { autoPong: false, ends: true },
  { autoPong: true, ends: false },
])('a program in a pod is given up where its server has vanished, and only there: $autoPong', async given => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { program, heard } = await silentProgram(given);
  let isOver = false;
  void program.ended.then(({ code }) => (isOver = code === undefined));
  vi.advanceTimersByTime(30_000);
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), { timeout: 60_000 });
  vi.advanceTimersByTime(30_000);
  if (given.ends) await vi.waitFor(() => expect(isOver).toBe(true), { timeout: 60_000 });
  else {
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2), { timeout: 60_000 });
    expect(isOver).toBe(false);
  }
});
