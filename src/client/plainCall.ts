import { connect } from 'node:net';
import { damagedHeader } from '../protocol/version.js';

export interface PlainRequest {
  readonly socket: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** Each of them ends the call. */
  readonly signals: readonly AbortSignal[];
}

export interface PlainAnswer {
  readonly status: number;
  readonly body: string;
  /** The host put a damaged database aside, and nobody has acknowledged it. */
  readonly damaged: boolean;
}

/** A diff is far smaller; whatever answers on the socket cannot fill the memory. */
const maximumBytes = 64 * 1024 * 1024;
const endOfHead = '\r\n\r\n';
const damagedLine = new RegExp(`^${damagedHeader}:`, 'im');

/**
 * One HTTP/1.1 request over one connection, answered by one host of ours. By hand, because loading Node's HTTP takes longer
 * than all that a short command does. Rejects with the signal's reason, the system's error, or what is wrong with the answer.
 */
export async function callOverSocket(request: PlainRequest): Promise<PlainAnswer> {
  const { socket, signals } = request;
  for (const signal of signals) signal.throwIfAborted();
  return await new Promise<PlainAnswer>((resolve, reject) => {
    const connection = connect(socket);
    const chunks: Buffer[] = [];
    let size = 0;
    let needed = Number.POSITIVE_INFINITY;
    const stop = (): void => end(() => reject(signals.find(({ aborted }) => aborted)?.reason));
    const end = (settle: () => void): void => {
      for (const signal of signals) signal.removeEventListener('abort', stop);
      connection.destroy();
      settle();
    };
    const finish = (): void =>
      end(() => {
        const answer = readAnswer(Buffer.concat(chunks));
        if (answer) resolve(answer);
        else reject(new Error('it does not answer as a host does'));
      });
    for (const signal of signals) signal.addEventListener('abort', stop, { once: true });
    connection.on('connect', () => connection.write(textOf(request)));
    connection.on('data', chunk => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maximumBytes) end(() => reject(new Error('its answer is too large')));
      else if (needed === Number.POSITIVE_INFINITY) needed = sizeOf(Buffer.concat(chunks)) ?? needed;
      if (size >= needed) finish();
    });
    connection.on('error', error => end(() => reject(error)));
    connection.on('end', finish);
  });
}

function textOf({ path, headers, body }: PlainRequest): string {
  const all = {
    'Host': 'muster.localhost',
    'Connection': 'close',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}${endOfHead}${body}`;
}

/** Bytes of the whole answer, once its head is there and says. */
function sizeOf(received: Buffer): number | undefined {
  const end = received.indexOf(endOfHead);
  if (end < 0) return undefined;
  const length = /^content-length: *(\d+)$/im.exec(received.toString('latin1', 0, end).replaceAll('\r', ''))?.[1];
  return length === undefined ? undefined : end + endOfHead.length + Number(length);
}

/** Undefined for what was cut off or is no HTTP. A body of unknown length is none of ours and left out. */
function readAnswer(received: Buffer): PlainAnswer | undefined {
  const end = received.indexOf(endOfHead);
  const head = received.toString('latin1', 0, Math.max(end, 0));
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  if (status === undefined) return undefined;
  const size = sizeOf(received);
  if (size !== undefined && received.length < size) return undefined;
  return {
    status: Number(status),
    body: size === undefined ? '' : received.toString('utf8', end + endOfHead.length, size),
    damaged: damagedLine.test(head),
  };
}
