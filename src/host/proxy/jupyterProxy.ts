import { request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { OnReadOpts } from 'node:net';
import { pipeline } from 'node:stream';
import { errorMessage, isAnyAppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Proxy } from '../server/wireServer.js';
import { isJupyterPath, type JupyterPath } from './jupyterPath.js';
import { LongBody } from './longBody.js';
import { answerHeaders, requestHeaders } from './proxiedHeaders.js';

/** A server that is stuck in Python for longer answers nobody; a body may take as long as it likes. */
const answerMs = 10 * 60_000;

export type AdmittedPath = Exclude<JupyterPath, { kind: 'refused' }>;
export type Admission = (request: IncomingMessage) => AdmittedPath | number;

/** Where a server is, and what lets the host in. */
export interface ProxiedAddress {
  readonly at: { readonly socketPath: string } | { readonly host: string; readonly port: number };
  readonly token: string;
}

export interface JupyterProxyOptions {
  /** Where a request goes, or the status that refuses it. May throw what says why. */
  readonly admit: Admission;
  /** How a thread's server is reached, once it is ready. Errors: any code; `undefined`: it has none. */
  readonly address: (thread: ThreadId, options: { readonly wait: boolean }) => Promise<ProxiedAddress | undefined>;
  /** Somebody is there as long as this is not given back. */
  readonly onUse: () => Disposable;
  readonly log: Log;
}

/**
 * `/jupyter/<thread>/…` on an address of the host: HTTP and websockets to the thread's guest server, which has the same paths.
 * The client shows what lets it in there, the host shows the server's token; neither sees the other's. Bodies are streams from end to
 * end: whoever reads slowly slows down who writes, and nothing is kept here.
 *
 * Pipes of Node's own, no proxy library: there is one upstream, the headers that may pass are few, and what remains is shorter
 * than switching off what such a library adds.
 */
export class JupyterProxy implements Proxy {
  readonly #options: JupyterProxyOptions;
  readonly #upgraded = new Set<Duplex>();

  constructor(options: JupyterProxyOptions) {
    this.#options = options;
  }

  readonly serves = ({ url = '' }: IncomingMessage): boolean => isJupyterPath(url);

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    const use = this.#options.onUse();
    response.on('close', () => void use.dispose());
    void this.#answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, statusOf(error), errorMessage(error));
    });
  };

  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const use = this.#options.onUse();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => void use.dispose());
    this.#keep(socket);
    void this.#upgrade(request, socket, head).catch((error: unknown) =>
      refuseUpgrade(socket, statusOf(error), errorMessage(error)),
    );
  };

  readonly destroy = (): void => {
    for (const socket of this.#upgraded) socket.destroy();
  };

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = this.#options.admit(request);
    if (typeof path === 'number') return refuse(response, path, wordsOf(path));
    const isEntry = path.kind === 'entry';
    if (isEntry && request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, wordsOf(405));
    const address = await this.#options.address(path.thread, { wait: isEntry });
    if (!address) return refuse(response, 404, `Thread ${path.thread} has no Jupyter server.`);
    if (isEntry) {
      response.writeHead(307, { 'location': `/jupyter/${path.thread}/lab`, 'content-length': 0 });
      response.end();
      return;
    }
    if (response.destroyed) return;
    const long = new LongBody();
    const asking = this.#ask(request, path.target, address, { onread: long.onread });
    response.on('close', () => asking.destroy());
    asking.on('response', answer => {
      asking.setTimeout(0);
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders(answer.headers));
      if (!long.take(answer, asking, response)) pipeline(answer, response, () => undefined);
    });
    // A server that asks for another protocol unasked.
    asking.on('upgrade', (_, socket) => socket.destroy());
    asking.on('error', error => {
      if (response.writableEnded) return;
      if (response.headersSent) response.destroy();
      else this.#unreachable(path.thread, error, () => refuse(response, 502, wordsOf(502)));
    });
    pipeline(request, asking, () => undefined);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const path = this.#options.admit(request);
    if (typeof path === 'number') return refuseUpgrade(socket, path, wordsOf(path));
    if (path.kind !== 'inside' || request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket')
      return refuseUpgrade(socket, 400, wordsOf(400));
    const address = await this.#options.address(path.thread, { wait: false });
    if (!address) return refuseUpgrade(socket, 404, `Thread ${path.thread} has no Jupyter server.`);
    if (socket.destroyed) return;
    const asking = this.#ask(request, path.target, address, {
      headers: { connection: 'Upgrade', upgrade: 'websocket' },
    });
    socket.on('close', () => asking.destroy());
    asking.on('upgrade', (answer, upstream, first) => {
      asking.setTimeout(0);
      this.#keep(upstream);
      upstream.on('error', () => socket.destroy());
      upstream.on('close', () => socket.destroy());
      socket.on('close', () => upstream.destroy());
      // Each message on its way at once: kernels answer in less time than the system would wait for more to send.
      const headers = { ...answerHeaders(answer.headers), connection: 'Upgrade', upgrade: 'websocket' };
      socket.write(headOf(101, 'Switching Protocols', headers));
      if (first.length > 0) socket.write(first);
      if (head.length > 0) upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    asking.on('response', answer => {
      refuseUpgrade(socket, answer.statusCode ?? 502, wordsOf(answer.statusCode ?? 502));
      answer.resume();
    });
    asking.on('error', error => this.#unreachable(path.thread, error, () => refuseUpgrade(socket, 502, wordsOf(502))));
    asking.end();
  }

  #ask(
    request: IncomingMessage,
    target: string,
    address: ProxiedAddress,
    { headers = {}, onread }: { readonly headers?: Readonly<Record<string, string>>; readonly onread?: OnReadOpts },
  ): ClientRequest {
    const asking = httpRequest({
      ...address.at,
      method: request.method,
      path: target,
      headers: { ...requestHeaders(request.headers, address.token), ...headers },
      ...(onread === undefined ? {} : { onread }),
      // A connection of its own: the server closes idle ones when it likes, and one that breaks takes nobody along.
      agent: false,
    });
    asking.setTimeout(answerMs, () => asking.destroy(new Error('no answer in time')));
    return asking;
  }

  #keep(socket: Duplex): void {
    this.#upgraded.add(socket);
    socket.on('close', () => this.#upgraded.delete(socket));
  }

  #unreachable(thread: ThreadId, error: Error, answer: () => void): void {
    this.#options.log.warn('A guest server cannot be reached', { thread, reason: error.message });
    answer();
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    // What was sent along and not read would be taken for the next request.
    'connection': 'close',
  });
  response.end(body);
}

function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  if (socket.destroyed) return;
  const body = `${text}\n`;
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(Buffer.byteLength(body)) };
  socket.end(headOf(status, 'Refused', { ...headers, connection: 'close' }) + body);
}

function headOf(status: number, words: string, headers: ReturnType<typeof answerHeaders>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map(each => `${name}: ${String(each)}`),
  );
  return [`HTTP/1.1 ${status} ${words}`, ...lines, '', ''].join('\r\n');
}

function statusOf(error: unknown): number {
  if (!isAnyAppError(error)) return 500;
  switch (error.code) {
    case 'run.notAllowed':
      return 403;
    case 'thread.unknown':
      return 404;
    default:
      return 503;
  }
}

function wordsOf(status: number): string {
  switch (status) {
    case 400:
      return 'Only websockets are upgraded to.';
    case 401:
      return 'What lets a client in here is missing or wrong.';
    case 403:
      return 'Pages of other origins have no business here.';
    case 404:
      return 'There is nothing here.';
    case 405:
      return 'Only GET leads to the first page.';
    case 502:
      return 'The Jupyter server of this thread does not answer.';
    default:
      return 'Refused.';
  }
}
