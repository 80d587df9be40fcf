import { Code, ConnectError } from '@connectrpc/connect';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';

/**
 * One HTTP/2 session to one host, in the shape of a session manager of Connect's transport. Unlike the one that comes with the transport it never connects
 * again (another host would want another token), and no answer of whatever listens there becomes an uncaught exception.
 */
export class HostConnection {
  /** Of a socket it is only a name: the socket is where requests go. */
  readonly authority: string;
  readonly #session: ClientHttp2Session;
  readonly #connected: Promise<void>;
  #failure: Error | undefined;

  /** Goes to a socket, or to the host at an address such as `https://builds.example:7410`. */
  constructor(place: string) {
    const remote = isAddress(place);
    this.authority = remote ? new URL(place).origin : 'http://muster.localhost';
    this.#session = connect(this.authority, remote ? {} : { createConnection: () => connectSocket(place) });
    this.#connected = new Promise(resolve => {
      this.#session.once('connect', () => resolve());
      this.#session.once('close', () => resolve());
    });
    // Kept for the session's whole life: errors can come after every call has ended.
    this.#session.on('error', (error: Error) => {
      this.#failure ??= error;
    });
  }

  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: object,
  ): Promise<ClientHttp2Stream> {
    await this.#connected;
    if (this.#session.closed || this.#session.destroyed) {
      throw new ConnectError(
        this.#failure?.message ?? 'the connection is closed',
        Code.Unavailable,
        undefined,
        undefined,
        this.#failure,
      );
    }
    return this.#session.request({ ...headers, ':method': method, ':path': path }, options);
  }

  /** The watch stream's own silence timer notices a dead host. */
  notifyResponseByteRead(): void {}

  dispose(): void {
    this.#session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }
}

/** True for the address of a host on the network; everything else is a socket or a pipe. */
export function isAddress(place: string): boolean {
  return /^https?:\/\//i.test(place);
}
