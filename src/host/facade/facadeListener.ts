import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { randomInt } from 'node:crypto';
import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { ModelStores } from '../../core/models/modelStore.js';
import type { Store } from '../../core/store.js';
import { systemCode } from '../../node/systemError.js';
import { modelServer } from './modelServer.js';

const address = '127.0.0.1';
/** Above the ports of worktrees, below those that systems give to outgoing connections: likely free again after a restart. */
const ports = { first: 30_000, last: 32_700 } as const;
const attempts = 20;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * The listener of the facade: on loopback alone, and only once a run needs it.
 *
 *   closed ──listen──► opening (the stored port, else twenty others) ──► listening ──dispose──► closed
 *   opening ──every port is taken──► closed; the next listen tries again
 *
 * Its port is stored, because runs that outlive the host go on calling it.
 */
export class FacadeListener implements Disposable {
  readonly #store: Store<ModelStores>;
  readonly #log: Log;
  readonly #handler: Handler;
  #listening: Promise<number> | undefined;
  #server: Server | undefined;

  constructor(options: { readonly store: Store<ModelStores>; readonly log: Log; readonly handler: Handler }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#handler = options.handler;
  }

  /** Listens if it does not yet; resolves with the port. */
  async listen(): Promise<number> {
    this.#listening ??= this.#open();
    try {
      return await this.#listening;
    } catch (error) {
      this.#listening = undefined;
      throw error;
    }
  }

  /** The port, once it listens. */
  get port(): number | undefined {
    const bound = this.#server?.address();
    return typeof bound === 'object' && bound !== null ? bound.port : undefined;
  }

  async #open(): Promise<number> {
    const stored = this.#store.read(({ modelAccess }) => ({ port: modelAccess.port(), open: modelAccess.open() }));
    if (stored.port !== undefined) {
      const bound = await this.#tryPort(stored.port);
      if (bound !== undefined) return bound;
      if (stored.open > 0) {
        this.#log.error('Another program has the port at which running agents look for their models', {
          port: stored.port,
        });
      }
    }
    for (let attempt = 0; attempt < attempts; attempt++) {
      const bound = await this.#tryPort(randomInt(ports.first, ports.last));
      if (bound === undefined) continue;
      this.#store.transact(({ modelAccess }) => modelAccess.savePort(bound));
      return bound;
    }
    throw new Error(`No port between ${ports.first} and ${ports.last} is free on ${address}`);
  }

  /** `undefined` when somebody has the port. */
  async #tryPort(port: number): Promise<number | undefined> {
    const server = modelServer((request, response) => this.#take(request, response));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ port, host: address, exclusive: true }, resolve);
    try {
      await promise;
    } catch (error) {
      if (systemCode(error) === 'EADDRINUSE' || systemCode(error) === 'EACCES') return undefined;
      throw error;
    }
    server.removeListener('error', reject);
    server.on('error', error => this.#log.warn('The listener for models failed', { reason: errorMessage(error) }));
    this.#server = server;
    return port;
  }

  /** A page in a browser may reach loopback under a name of its own; it does not reach this. */
  #take(request: IncomingMessage, response: ServerResponse): void {
    if (isOurs(request.headers.host, this.port)) return this.#handler(request, response);
    response.writeHead(403, { 'content-length': 0, 'connection': 'close' }).end();
  }

  async dispose(): Promise<void> {
    await this.#listening?.catch(() => undefined);
    const server = this.#server;
    if (!server) return;
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }
}

/** As this machine calls itself, and as virtual machines call it; nobody can have a name below `internal` on the Internet. */
const ourNames = ['127.0.0.1', 'localhost', 'host.microsandbox.internal'];

function isOurs(host: string | undefined, port: number | undefined): boolean {
  return ourNames.some(name => host === `${name}:${port}`);
}
