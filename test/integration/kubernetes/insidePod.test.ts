import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { runInside, startInside } from '../../../src/drivers/kubernetes/insidePod.js';
import { KubernetesCluster } from '../../../src/drivers/kubernetes/kubernetesCluster.js';

/** A server that carries programs of pods. */
async function carrying(options: { readonly autoPong: boolean }, onProgram: (socket: WebSocket) => void) {
  const sockets = new WebSocketServer({ noServer: true, ...options });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, onProgram));
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

/** A program in a pod that says nothing, behind a server that answers pings or not. */
async function silentProgram(options: { readonly autoPong: boolean }) {
  const heard = vi.fn<() => void>();
  const place = await carrying(options, opened => {
    // Whoever answers this one has read what was sent before it: the answer to its own.
    opened.on('ping', () => opened.ping());
    opened.on('pong', heard);
  });
  const program = await startInside(place, ['tar'], 'output');
  onTestFinished(() => program.end());
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

test('a short command that never stops talking is ended, and not kept in memory', async () => {
  const ended = Promise.withResolvers<void>();
  const place = await carrying({ autoPong: true }, opened => {
    const words = Buffer.alloc(16 * 1024, 1);
    const say = (): void => opened.send(words, error => (error ? undefined : say()));
    opened.on('close', () => ended.resolve());
    say();
  });
  await expect(runInside(place, ['cat'])).rejects.toThrow('says more than anybody asked for');
  await ended.promise;
});
