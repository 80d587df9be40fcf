import { PassThrough, Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
import { untilAborted } from '../../base/async.js';
import { JsonFields } from '../../base/jsonFields.js';
import type { FarProgram } from '../guests/farContainer.js';
import { unavailable, type KubernetesCluster } from './kubernetesCluster.js';

/** A container of a pod. */
export interface PodContainer {
  readonly cluster: KubernetesCluster;
  readonly pod: string;
  readonly container: string;
}

/** How a program inside ended; `undefined`: the connection broke off before it did. */
export interface InsideEnd {
  readonly code: number | undefined;
}

/** What runs in a container, with its streams. Its output ends with an error where the connection broke off. */
export interface InsideProgram extends FarProgram {
  readonly ended: Promise<InsideEnd>;
}

/** Channels of the protocol by which the API server carries streams. */
const channels = { input: 0, output: 1, complaint: 2, status: 3, close: 255 } as const;
/** More than this on its way to the server, and whoever writes waits. */
const mostBuffered = 1024 * 1024;
const mostComplaint = 4_096;
/** Of what a short command says; whoever is in a pod may replace any program. */
const mostSaid = 64 * 1024;
/** A server that has shown no life for so long, twice, is gone, though nothing has closed its connection. As kubectl's own patience. */
const lifeMs = 30_000;

/**
 * Runs a program in a running container. The client library's own way of doing that knows no back-pressure, so that a tar would be
 * in memory as a whole; its connection is used, with the credentials that it found.
 * Errors: `sandbox.unavailable` when the server, or the node, does not carry it; the reason of the signal, which ends the program too.
 */
export async function startInside(
  { cluster, pod, container }: PodContainer,
  command: readonly string[],
  uses: 'input' | 'output',
  signal: AbortSignal = new AbortController().signal,
): Promise<InsideProgram> {
  const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true', stdin: String(uses === 'input') });
  for (const word of command) query.append('command', word);
  const output = new PassThrough();
  const ended = Promise.withResolvers<InsideEnd>();
  let isOver = false;
  let complaint = '';
  const finish = (end: InsideEnd): void => {
    if (isOver) return;
    isOver = true;
    ended.resolve(end);
    if (end.code === undefined) output.destroy(new Error('the connection to the pod broke off'));
    else if (end.code === 0) output.end();
    else output.destroy(new Error(`a program in the pod ended with ${end.code}: ${complaint.trim()}`));
  };
  const take = (channel: number, bytes: Buffer): boolean => {
    if (channel === channels.output) {
      if (!output.write(bytes)) socket?.pause();
    } else if (channel === channels.complaint) {
      if (complaint.length < mostComplaint) complaint += bytes.toString('utf8');
    } else if (channel === channels.status) finish({ code: codeOf(bytes.toString('utf8')) });
    return channel !== channels.status;
  };
  const path = `/api/v1/namespaces/${cluster.namespace}/pods/${pod}/exec?${query.toString()}`;
  // What the library would do with the streams of this process, when a server says that they end.
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const handler = new WebSocketHandler(cluster.config, undefined, streams);
  let socket: Opened | undefined;
  const connecting = handler.connect(path, null, take);
  try {
    socket = await untilAborted(connecting, signal);
  } catch (error) {
    // Whoever gave up has no use for what comes to it later.
    connecting.then(
      late => late.terminate(),
      () => undefined,
    );
    signal.throwIfAborted();
    // An event of the socket, whose own objects have the credentials.
    const reason = error instanceof Error ? error.message : String(Reflect.get(Object(error), 'message'));
    throw unavailable(`The pod ${pod} cannot be entered: ${reason}.`, reason);
  }
  const opened = socket;
  const showsLife = watchLife(opened);
  opened.on('close', () => finish({ code: undefined }));
  opened.on('error', () => finish({ code: undefined }));
  output.on('drain', () => opened.resume());
  // A failure is told by `ended`, and to whoever reads.
  output.on('error', () => undefined);
  const send = (channel: number, bytes: Uint8Array): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const frame = Buffer.concat([Buffer.from([channel]), bytes]);
    opened.send(frame, (error?: Error) => {
      showsLife();
      if (error) reject(error);
      else resolve();
    });
    if (opened.bufferedAmount < mostBuffered) resolve();
    return promise;
  };
  const input = new Writable({
    write(bytes: Uint8Array, _encoding, done) {
      send(channels.input, bytes).then(() => done(), done);
    },
    final(done) {
      send(channels.close, Buffer.from([channels.input])).then(() => done(), done);
    },
  });
  input.on('error', () => opened.terminate());
  const end = (): void => {
    opened.terminate();
    finish({ code: undefined });
  };
  signal.addEventListener('abort', end, { once: true });
  opened.once('close', () => signal.removeEventListener('abort', end));
  return { output, input, ended: ended.promise, end };
}

type Opened = Awaited<ReturnType<WebSocketHandler['connect']>>;

/**
 * Breaks off a connection whose other end has vanished, which nobody would notice while nothing is sent. Returns what is called for
 * a sign of life that is no frame.
 */
function watchLife(socket: Opened): () => void {
  let isAlive = true;
  const showsLife = (): void => {
    isAlive = true;
  };
  for (const sign of ['message', 'pong']) socket.on(sign, showsLife);
  const timer = setInterval(() => {
    // Of one that is not read nothing is heard.
    if (!isAlive && !socket.isPaused) return socket.terminate();
    isAlive = socket.isPaused;
    socket.ping();
  }, lifeMs).unref();
  socket.on('close', () => clearInterval(timer));
  return showsLife;
}

/**
 * Runs a short command to its end, with what is given as its input; returns what it said. Errors: as of {@link startInside}; its failure,
 * and that it says more than anybody asked for.
 */
export async function runInside(
  place: PodContainer,
  command: readonly string[],
  { input, signal }: { readonly input?: Readable; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const program = await startInside(place, command, input ? 'input' : 'output', signal);
  try {
    const said: Buffer[] = [];
    const heard = (async () => {
      let length = 0;
      for await (const bytes of program.output) {
        if (!Buffer.isBuffer(bytes)) continue;
        length += bytes.length;
        if (length > mostSaid) throw new Error('a program in the pod says more than anybody asked for');
        said.push(bytes);
      }
    })();
    // Whichever fails first says why; a program that ends early breaks the pipe too.
    const sent = input ? pipeline(input, program.input, { end: true }) : Promise.resolve();
    await Promise.all([heard, sent]);
    return Buffer.concat(said).toString('utf8');
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    program.end();
  }
}

/** A status of Kubernetes: success, or a failure whose cause is the exit code. */
function codeOf(text: string): number {
  const status = JsonFields.parse(text);
  if (status.text('status') === 'Success') return 0;
  const causes = status.fields('details')?.list('causes') ?? [];
  const code = causes.find(cause => cause.text('reason') === 'ExitCode')?.text('message');
  return Number(code ?? -1);
}
