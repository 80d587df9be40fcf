import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { serverPath } from '../../core/notebooks/notebookServer.js';
import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import { isSame } from '../server/isSame.js';
import { parseJupyterPath } from './jupyterPath.js';
import type { Admission, JupyterProxy } from './jupyterProxy.js';

/** A link is opened at once or not at all. */
const ticketMs = 2 * 60_000;
const cookieName = 'muster-guest';
/** What a page of Jupyter needs is some hundred; more is a page that does something else. */
const maxConnections = 500;

/** Where one thread's server is for a browser. */
interface Door {
  readonly thread: ThreadId;
  readonly hostname: string;
  /** What the browser shows with each request after it came in. */
  readonly cookie: string;
  /** What a program on this machine shows with each request, once one was let in. */
  program: string | undefined;
  /** What lets it in once, until when. */
  ticket: { readonly text: string; readonly until: number } | undefined;
}

export interface BrowserDoorOptions {
  readonly clock: Clock;
  /** The same way to guest servers as on the host's socket, with the door's own admission. */
  readonly proxy: (admit: Admission) => JupyterProxy;
}

/**
 * The pages of guest servers in a browser of this machine, and their API for programs that know Jupyter's alone. Nothing listens until
 * somebody asks.
 *
 * Each thread has a name of its own under `localhost`, which nobody can guess, and so an origin of its own: the page of one
 * thread, where whatever an agent wrote may run, reads neither the pages nor the cookie of another, and no other server on this
 * machine is ever sent the cookie. A browser gets it for a ticket that works once; nothing else opens the door.
 */
export class BrowserDoor implements Disposable {
  readonly #options: BrowserDoorOptions;
  readonly #proxy: JupyterProxy;
  readonly #doors = new Map<ThreadId, Door>();
  #listening: Promise<{ readonly server: Server; readonly port: number }> | undefined;

  constructor(options: BrowserDoorOptions) {
    this.#options = options;
    this.#proxy = options.proxy(request => this.#admit(request));
  }

  /** An address that opens a page of the thread's server in a browser, once. `page`: below the server's path, such as `lab`. */
  async open(thread: ThreadId, page: string): Promise<string> {
    this.#listening ??= this.#listen();
    const { port } = await this.#listening;
    const door = this.#doorTo(thread);
    const ticket = hex(32);
    door.ticket = { text: ticket, until: this.#options.clock.now() + ticketMs };
    return `http://${door.hostname}:${port}/enter/${ticket}/${page}`;
  }

  /** Where a program that speaks Jupyter's protocol finds the thread's server, and the token that it shows: of this door, not the server's. */
  async openForPrograms(thread: ThreadId): Promise<{ readonly url: string; readonly token: string }> {
    this.#listening ??= this.#listen();
    const { port } = await this.#listening;
    const door = this.#doorTo(thread);
    door.program ??= hex(32);
    return { url: `http://127.0.0.1:${port}${serverPath(thread)}`, token: door.program };
  }

  #doorTo(thread: ThreadId): Door {
    const present = this.#doors.get(thread);
    if (present) return present;
    const hostname = `${hex(12)}.localhost`;
    const made: Door = { thread, hostname, cookie: hex(32), program: undefined, ticket: undefined };
    this.#doors.set(thread, made);
    return made;
  }

  async dispose(): Promise<void> {
    const listening = this.#listening;
    this.#proxy.destroy();
    if (!listening) return;
    const { server } = await listening;
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async #listen(): Promise<{ readonly server: Server; readonly port: number }> {
    // Uploads take as long as they take.
    const server = createServer({ requestTimeout: 0 }, (request, response) => this.#answer(request, response));
    server.maxConnections = maxConnections;
    server.on('upgrade', (request, socket, head) => this.#proxy.upgrade(request, socket, head));
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: '127.0.0.1', port: 0 }, resolve);
      });
    } catch (error) {
      this.#listening = undefined;
      const reason = errorMessage(error);
      throw new AppError('request.invalid', `No port of this machine could be had for the browser: ${reason}`, {
        field: 'thread_id',
        reason,
      });
    }
    const address = server.address();
    return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const entering = /^\/enter\/([0-9a-f]{64})\/([a-z]+)$/.exec(request.url ?? '');
    if (!entering) return this.#proxy.answer(request, response);
    const [, ticket = '', page = ''] = entering;
    const door = this.#doorOf(request);
    const held = door?.ticket;
    if (!door || !held || request.method !== 'GET' || !isSame(ticket, held.text)) return refuseTicket(response);
    door.ticket = undefined;
    if (held.until < this.#options.clock.now()) return refuseTicket(response);
    response.writeHead(303, {
      'location': `${serverPath(door.thread)}${page}`,
      'set-cookie': `${cookieName}=${door.cookie}; HttpOnly; SameSite=Lax; Path=${serverPath(door.thread)}`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-length': 0,
    });
    response.end();
  }

  #admit(request: IncomingMessage): ReturnType<Admission> {
    const door = this.#doorOf(request);
    const { headers, url = '' } = request;
    const shown = tokenShown(request);
    if (!door && shown !== '') return this.#admitProgram(request, shown);
    if (!door || !isSame(cookieIn(headers.cookie ?? ''), door.cookie)) return 401;
    // Sent by every page that is not of this door's own origin, except for what a person opens.
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) return 403;
    const path = parseJupyterPath(url);
    return path.kind === 'refused' || path.thread !== door.thread ? 404 : path;
  }

  /** Programs send no origin. Jupyter would take a token in the address for its own, and refuse it. */
  #admitProgram({ headers, url = '' }: IncomingMessage, shown: string): ReturnType<Admission> {
    if (headers.origin !== undefined) return 403;
    const path = parseJupyterPath(url);
    if (path.kind === 'refused') return 404;
    const expected = this.#doors.get(path.thread)?.program;
    if (expected === undefined || !isSame(shown, expected)) return 401;
    return path.kind === 'inside' ? { ...path, target: withoutToken(path.target) } : path;
  }

  #doorOf({ headers: { host = '' } }: IncomingMessage): Door | undefined {
    const hostname = host.replace(/:\d+$/, '');
    return [...this.#doors.values()].find(door => isSame(hostname, door.hostname));
  }
}

/** As Jupyter's clients show theirs: in a header, or in the address of a websocket. Empty: none. */
function tokenShown({ headers: { authorization = '' }, url = '' }: IncomingMessage): string {
  const header = /^(?:token|bearer) +([0-9a-f]{64})$/i.exec(authorization)?.[1];
  return header ?? /[?&]token=([0-9a-f]{64})(?:&|$)/.exec(url)?.[1] ?? '';
}

function withoutToken(target: string): string {
  const [path = '', query = ''] = target.split('?', 2);
  const rest = query.split('&').filter(each => each !== '' && !each.startsWith('token='));
  return rest.length === 0 ? path : `${path}?${rest.join('&')}`;
}

function cookieIn(header: string): string {
  const found = header.split(';').map(pair => pair.trim().split('='));
  return found.find(([name]) => name === cookieName)?.[1] ?? '';
}

function refuseTicket(response: ServerResponse): void {
  const body = 'This link has been used or is too old. Open the notebooks of the thread once more.\n';
  response.writeHead(403, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

function hex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
