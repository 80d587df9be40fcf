import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { OnReadOpts, Socket } from 'node:net';

/** Below that, what is saved is less than what it takes. */
const longBytes = 1024 * 1024;
/** What a socket of the system has at once, about. */
const chunkBytes = 256 * 1024;
/** While the head is read, as Node does it. */
const headBytes = 64 * 1024;
/** As much may wait for a client that reads slowly. */
const waitingBytes = 2 * chunkBytes;

/**
 * The body of a long answer goes past Node's HTTP parser, which would cut it into pieces and copy each of them: its length is known
 * when the head has been read, and what follows are bytes for the client. Buffers are used again when they have been written, so
 * that a download makes no garbage.
 */
export class LongBody {
  /** For the connection on which the answer is expected. */
  readonly onread: OnReadOpts;
  readonly #free: Buffer[] = [];
  #taken: { readonly response: ServerResponse; readonly asking: ClientRequest; left: number } | undefined;

  constructor() {
    const receive = this.#receive.bind(this);
    this.onread = {
      buffer: () => this.#buffer(),
      callback(this: Socket, size: number, buffer: Uint8Array): boolean {
        return receive(this, size, buffer);
      },
    };
  }

  /** Takes an answer's body over if it is long, as soon as its head is there. False: it is left to the parser. */
  take(answer: IncomingMessage, asking: ClientRequest, response: ServerResponse): boolean {
    const left = lengthOf(answer);
    if (left === undefined || response.req.method === 'HEAD') return false;
    const taken = { response, asking, left };
    this.#taken = taken;
    // What the parser had read with the head.
    answer.on('data', (first: Buffer) => this.#pass(first, () => undefined));
    // It misses the rest.
    answer.on('error', () => undefined);
    asking.on('close', () => {
      if (taken.left > 0) response.destroy();
    });
    return true;
  }

  #buffer(): Buffer {
    if (!this.#taken) return Buffer.allocUnsafeSlow(headBytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
  }

  #receive(socket: Socket, size: number, buffer: Uint8Array): boolean {
    const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, size);
    if (!this.#taken) {
      socket.emit('data', bytes);
      return true;
    }
    const { response } = this.#taken;
    const whole = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.#pass(bytes, () => {
      if (whole.length === chunkBytes) this.#free.push(whole);
    });
    if (response.writableLength <= waitingBytes) return true;
    response.once('drain', () => socket.resume());
    return false;
  }

  #pass(bytes: Buffer, onWritten: () => void): void {
    const taken = this.#taken;
    if (!taken || taken.response.destroyed) return;
    const wanted = bytes.length <= taken.left ? bytes : bytes.subarray(0, taken.left);
    taken.left -= wanted.length;
    taken.response.write(wanted, onWritten);
    if (taken.left > 0) return;
    taken.response.end();
    taken.asking.destroy();
  }
}

/** Of a body that is long and no more than what its length says. */
function lengthOf({ headers, statusCode }: IncomingMessage): number | undefined {
  if ((statusCode !== 200 && statusCode !== 206) || headers['transfer-encoding'] !== undefined) return undefined;
  const text = headers['content-length'] ?? '';
  if (!/^\d{1,15}$/.test(text)) return undefined;
  return Number(text) >= longBytes ? Number(text) : undefined;
}
