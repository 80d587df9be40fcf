import { createServer } from 'node:net';
import type { FreePorts } from '../../core/workspaces/workspacePreparer.js';

/** The port on this machine's loopback address. Somebody may take one between the look and its use: it is only a choice. */
export const freePorts: FreePorts = {
  async areFree(first, count) {
    const ports = Array.from({ length: count }, (_, index) => first + index);
    return (await Promise.all(ports.map(isFree))).every(Boolean);
  },
};

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise(resolve => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
