import { createServer, connect, type Server } from 'node:net';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { createEgressProxy, type AllowedHosts } from './egressProxy.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';

/** The socket in the folder of a door. */
export const doorFile = 'door.sock';

/**
 * The unix sockets through which guests reach ports of this machine's loopback interface, a folder a port (the folder is
 * what is mounted, because each host makes the socket in it anew). What a guest says while there is no host finds nobody, and
 * agents try again.
 */
export class Doors implements Disposable {
  readonly #folder: string;
  readonly #log: Log;
  readonly #open = new Map<number, Promise<Server>>();
  /** By folder. */
  readonly #egress = new Map<string, { readonly key: string; readonly server: Server }>();

  constructor(options: { readonly folder: string; readonly log: Log }) {
    this.#folder = options.folder;
    this.#log = options.log;
  }

  /** What has to be mounted to reach the port. */
  folderOf(port: number): string {
    return join(this.#folder, String(port));
  }

  /** Makes the socket in the folder lead to a proxy for the hosts that a sandbox may reach; another list takes its place. */
  async openEgress(folder: string, allowed: AllowedHosts): Promise<void> {
    const key = allowed.join(' ');
    const known = this.#egress.get(folder);
    if (known?.key === key) return;
    known?.server.close();
    const server = createEgressProxy(allowed);
    this.#egress.set(folder, { key, server });
    await this.#bind(server, folder);
  }

  /** Opens those that are not open yet. */
  async open(ports: Iterable<number>): Promise<void> {
    await Promise.all([...ports].map(port => this.#opened(port)));
  }

  async dispose(): Promise<void> {
    const servers = await Promise.allSettled(this.#open.values());
    for (const server of servers) if (server.status === 'fulfilled') server.value.close();
    for (const { server } of this.#egress.values()) server.close();
  }

  #opened(port: number): Promise<Server> {
    const known = this.#open.get(port);
    if (known) return known;
    const opening = this.#listen(port);
    this.#open.set(port, opening);
    // Thrown to whoever asked, and not kept: the next one tries again.
    opening.catch(() => this.#open.delete(port));
    return opening;
  }

  async #listen(port: number): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, client => {
      const inner = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      const end = (): void => {
        client.destroy();
        inner.destroy();
      };
      client.on('error', end);
      inner.on('error', end);
      inner.setNoDelay(true);
      client.pipe(inner);
      inner.pipe(client);
    });
    return await this.#bind(server, this.folderOf(port));
  }

  async #bind(server: Server, folder: string): Promise<Server> {
    makePrivateDirectory(folder);
    const path = join(folder, doorFile);
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(path, resolve);
    await promise;
    chmodSync(path, 0o600);
    server.on('error', error => this.#log.warn('A door for guests fails', { folder, reason: errorMessage(error) }));
    server.unref();
    return server;
  }
}
