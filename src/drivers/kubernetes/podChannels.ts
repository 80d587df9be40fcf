import { PassThrough } from 'node:stream';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
import { untilAborted } from '../../base/async.js';
import { JsonFields } from '../../base/jsonFields.js';
import { unavailable } from './clusterSources.js';

/** A container of a pod. */
export interface PodContainer {
  readonly cluster: { readonly config: KubeConfig; readonly namespace: string };
  readonly pod: string;
  readonly container: string;
}

/** What is run there. */
export interface CarriedCommand {
  readonly command: readonly string[];
  readonly input: boolean;
  /** In a terminal, where output and complaints are one. */
  readonly terminal: boolean;
}

/** How a program ended. */
export interface CarriedEnd {
  /** Its exit code; `undefined`: the connection broke off before it did. */
  readonly code: number | undefined;
  /** What the cluster said about that; empty where it was its own end. */
  readonly words: string;
}

/** Who hears of a program that runs in a pod. */
export interface CarriedEars {
  /** What it says. False: nothing more of it is read until {@link CarriedProgram.resume}. */
  take(channel: number, bytes: Buffer): boolean;
  /** Once. */
  over(end: CarriedEnd): void;
}

/** A program in a pod, by the channels that lead to it. */
export interface CarriedProgram {
  /** Resolves when the next bytes may come. */
  send(channel: number, bytes: Uint8Array): Promise<void>;
  resume(): void;
  /** Ends the connection, and with it the program. */
  end(): void;
}

/** Channels of the protocol by which the API server carries streams. */
export const channels = { input: 0, output: 1, complaint: 2, status: 3, size: 4, close: 255 } as const;
/** More than this on its way to the server, and whoever writes waits. */
const mostBuffered = 1024 * 1024;
/** A server that has shown no life for so long, twice, is gone, though nothing has closed its connection. As kubectl's own patience. */
const lifeMs = 30_000;

/**
 * Runs a program in a running container. The client library's own way of doing that knows no back-pressure, so that a tar would be
 * in memory as a whole; its connection is used, with the credentials that it found.
 * Errors: `sandbox.unavailable` when the server, or the node, does not carry it; the reason of the signal, which ends the program too.
 */
export async function carryProgram(
  { cluster, pod, container }: PodContainer,
  { command, input, terminal }: CarriedCommand,
  ears: CarriedEars,
  signal: AbortSignal,
): Promise<CarriedProgram> {
  const uses = { stdin: input, stdout: true, stderr: !terminal, tty: terminal };
  const query = new URLSearchParams({ container });
  for (const [stream, isUsed] of Object.entries(uses)) query.append(stream, String(isUsed));
  for (const word of command) query.append('command', word);
  let isOver = false;
  const finish = (end: CarriedEnd): void => {
    if (isOver) return;
    isOver = true;
    ears.over(end);
  };
  const take = (channel: number, bytes: Buffer): boolean => {
    if (channel === channels.status) finish(endOf(bytes.toString('utf8')));
    else if ((channel === channels.output || channel === channels.complaint) && !ears.take(channel, bytes))
      socket?.pause();
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
  const broken = (): void => finish({ code: undefined, words: 'the connection to the pod broke off' });
  opened.on('close', broken);
  opened.on('error', broken);
  const end = (): void => {
    opened.terminate();
    broken();
  };
  signal.addEventListener('abort', end, { once: true });
  opened.once('close', () => signal.removeEventListener('abort', end));
  return {
    send(channel, bytes) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const frame = Buffer.concat([Buffer.from([channel]), bytes]);
      opened.send(frame, (error?: Error) => {
        showsLife();
        if (error) reject(error);
        else resolve();
      });
      if (opened.bufferedAmount < mostBuffered) resolve();
      return promise;
    },
    resume: () => opened.resume(),
    end,
  };
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

/** A status of Kubernetes: success, or a failure whose cause is the exit code. */
function endOf(text: string): CarriedEnd {
  const status = JsonFields.parse(text);
  if (status.text('status') === 'Success') return { code: 0, words: '' };
  const causes = status.fields('details')?.list('causes') ?? [];
  const code = causes.find(cause => cause.text('reason') === 'ExitCode')?.text('message');
  return code === undefined ? { code: -1, words: status.text('message') ?? '' } : { code: Number(code), words: '' };
}
