import { createServer, connect, type Server } from 'node:net';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';

/**
 * The unix sockets through which guests reach ports of this machine's loopback interface, one file a port. They are made
 * anew by each host, before it adopts anything: what a guest says meanwhile finds nobody, and agents try again.
 */
export class Doors implements Disposable {
  readonly folder: string;
  readonly #log: Log;
  readonly #open = new Map<number, Promise<Server>>();

  constructor(options: { readonly folder: string; readonly log: Log }) {
    this.folder = options.folder;
    this.#log = options.log;
  }

  /** Opens those that are not open yet. */
  async open(ports: readonly number[]): Promise<void> {
    if (ports.length === 0) return;
    makePrivateDirectory(this.folder);
    await Promise.all(ports.map(port => this.#opened(port)));
  }

  async dispose(): Promise<void> {
    const servers = await Promise.allSettled(this.#open.values());
    for (const server of servers) if (server.status === 'fulfilled') server.value.close();
  }

  #opened(port: number): Promise<Server> {
    const known = this.#open.get(port);
    if (known) return known;
    const opening = this.#listen(port);
    this.#open.set(port, opening);
    opening.catch(() => this.#open.delete(port));
    return opening;
  }

  async #listen(port: number): Promise<Server> {
    const path = join(this.folder, `${port}.sock`);
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
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(path, resolve);
    await promise;
    chmodSync(path, 0o600);
    server.on('error', error => this.#log.warn('A door for guests fails', { port, reason: errorMessage(error) }));
    server.unref();
    return server;
  }
}
