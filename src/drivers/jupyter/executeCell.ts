import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import { jsonValue } from '../../base/jsonObject.js';
import { fieldOf, numberField, textField } from '../../base/unknownFields.js';
import { outputsOf } from '../../core/notebooks/cellOutputs.js';
import type { CellRequest, CellSignals, ExecutedCell } from '../../core/notebooks/notebookServerDriver.js';
import { followCell, hasCell } from './cellJournal.js';
import type { ServerAddress, ServerPlace } from './serverFiles.js';
import { askServer, tellServer } from './serverRequest.js';

/** How often it is looked whether a kernel has come to a cell that an earlier host may have sent. */
const lookMs = 500;
/** The journal is written by the same process that says whether the kernel is idle. */
const writtenMs = 2_000;
/** A kernel that does not heed an interrupt is not waited for longer. */
const interruptedMs = 10_000;
/** Of a message that only says what state a kernel is in. */
const longestStatus = 8192;
/** Characters of what a cell says that are kept for its answer, which has less. How it ended is kept in any case. */
const mostKept = 24 * 1024 * 1024;

export interface CellPlace {
  readonly address: ServerAddress;
  readonly thread: string;
  /** Of the journal. */
  readonly folder: string;
  readonly clock: Clock;
}

/**
 * Sends a cell to a kernel and reads in the journal what comes of it. The connection only carries the request, and says when the
 * kernel is gone: what a host that was killed has sent goes on, and whoever asks again under the same name reads on.
 */
export async function executeCell(place: CellPlace, cell: CellRequest, signals: CellSignals): Promise<ExecutedCell> {
  const { address, folder } = place;
  const { unwanted, letGo } = signals;
  const signal = AbortSignal.any([unwanted, letGo]);
  const kernel = await kernelOf(place, cell.path, signal);
  const channels = await openChannels(address, kernel, letGo);
  const said: string[] = [];
  const over = new AbortController();
  const limit = place.clock.sleep(cell.limitMs, over.signal).then(
    () => 'late' as const,
    () => 'over' as const,
  );
  const refused = aborted(unwanted, over.signal);
  try {
    const before = cell.again ? await whatCameOf(place, { kernel, message: cell.message }, signal) : 'unknown';
    if (before === 'unknown') channels.execute(cell);
    const following = follow({ folder, message: cell.message }, said, AbortSignal.any([letGo, over.signal]));
    const ends = before === 'over' ? goneSoon(place.clock, over.signal) : channels.gone;
    const first = await Promise.race([following, ends, limit, refused]);
    letGo.throwIfAborted();
    if (first === 'ended') return resultOf(said, undefined);
    if (first === 'gone') return resultOf(said, 'gone');
    // What waits for its turn cannot be taken back; an interrupt would hit somebody else's cell.
    if (said.length > 0) {
      await tellServer(address, { path: `api/kernels/${kernel}/interrupt`, body: {} }, letGo);
      await Promise.race([following, channels.gone, place.clock.sleep(interruptedMs, letGo)]);
    }
    unwanted.throwIfAborted();
    return resultOf(said, 'late');
  } finally {
    over.abort();
    channels.close();
  }
}

async function kernelOf({ address, thread }: CellPlace, path: string, signal: AbortSignal): Promise<string> {
  const name = path.split('/').at(-1) ?? path;
  const wanted = { path, name, type: 'notebook', kernel: {} };
  const session = await tellServer(address, { path: 'api/sessions', body: wanted }, signal);
  const kernel = textField(fieldOf(session, 'kernel'), 'id');
  if (/^[\w-]{1,100}$/.test(kernel)) return kernel;
  throw failed(thread, `no kernel could be started for ${path}`);
}

/**
 * What came of a cell that may have been sent before. `over`: its kernel has nothing to do any more; if the journal has no end of the
 * cell, the kernel was another one meanwhile. `unknown`: it has nothing to do and never heard of the cell.
 */
async function whatCameOf(
  { address, folder, clock }: CellPlace,
  { kernel, message }: { readonly kernel: string; readonly message: string },
  signal: AbortSignal,
): Promise<'at work' | 'over' | 'unknown'> {
  for (;;) {
    // Asked first: what a kernel says is written down before it says that it is idle.
    const state = textField(await askServer(address, `api/kernels/${kernel}`, signal), 'execution_state');
    const isIdle = state !== 'busy' && state !== 'starting';
    if (await hasCell(folder, message)) return isIdle ? 'over' : 'at work';
    if (isIdle) return 'unknown';
    await clock.sleep(lookMs, signal);
  }
}

/** When everything that is to be written down has been. */
async function goneSoon(clock: Clock, signal: AbortSignal): Promise<'gone'> {
  await clock.sleep(writtenMs, signal).catch(() => undefined);
  return 'gone';
}

/** Resolves when the cell has ended; never when it is let go of. */
async function follow(
  cell: { readonly folder: string; readonly message: string },
  said: string[],
  signal: AbortSignal,
): Promise<'ended'> {
  try {
    let kept = 0;
    for await (const lines of followCell(cell, signal))
      for (const line of lines) {
        if (kept + line.length > mostKept && !line.startsWith('{"type": "error"')) continue;
        kept += line.length;
        said.push(line);
      }
    return 'ended';
  } catch (error) {
    if (!signal.aborted) throw error;
    return await new Promise(() => undefined);
  }
}

interface Channels {
  execute(cell: CellRequest): void;
  /** Resolves when the kernel will not say any more what became of a cell. */
  readonly gone: Promise<'gone'>;
  close(): void;
}

async function openChannels(address: ServerAddress, kernel: string, letGo: AbortSignal): Promise<Channels> {
  const { promise: opened, resolve, reject } = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<'gone'>();
  const socket = new WebSocket(`ws://localhost${address.base}api/kernels/${kernel}/channels`, {
    headers: { authorization: `token ${address.token}` },
    createConnection: () => connectTo(address.at),
    perMessageDeflate: false,
  });
  const stop = (): void => socket.terminate();
  letGo.addEventListener('abort', stop, { once: true });
  socket.on('open', resolve);
  socket.on('error', reject);
  socket.on('close', () => {
    letGo.removeEventListener('abort', stop);
    reject(new Error('The connection to the kernel was closed'));
    gone.resolve('gone');
  });
  socket.on('message', data => {
    if (Buffer.isBuffer(data) && data.length <= longestStatus && isRestart(data.toString('utf8'))) gone.resolve('gone');
  });
  await opened;
  return {
    execute: cell => socket.send(JSON.stringify(executeRequest(cell))),
    gone: gone.promise,
    close: stop,
  };
}

function connectTo(at: ServerPlace): Socket {
  return 'socketPath' in at ? connect(at.socketPath) : connect(at);
}

/** Most messages are outputs, which are read in the journal. */
function isRestart(text: string): boolean {
  if (!/"execution_state": ?"(?:restarting|autorestarting|dead)"/.test(text)) return false;
  const message = jsonValue(text);
  return textField(fieldOf(message, 'header'), 'msg_type') === 'status';
}

function executeRequest({ message, code }: CellRequest): unknown {
  return {
    channel: 'shell',
    header: {
      msg_id: message,
      msg_type: 'execute_request',
      session: message,
      username: 'agent',
      version: '5.3',
      date: new Date().toISOString(),
    },
    parent_header: {},
    metadata: {},
    content: {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      // Nobody is there to type.
      allow_stdin: false,
      stop_on_error: false,
    },
    buffers: [],
  };
}

function resultOf(said: readonly string[], cut: 'late' | 'gone' | undefined): ExecutedCell {
  const sayings = said.map(jsonValue);
  const input = sayings.find(each => textField(each, 'type') === 'execute_input');
  const failedIn = sayings.some(each => textField(each, 'type') === 'error');
  return {
    end: cut ?? (failedIn || input === undefined ? 'error' : 'ok'),
    count: numberField(fieldOf(input, 'content'), 'execution_count'),
    outputs: outputsOf(sayings),
  };
}

function failed(thread: string, reason: string): AppError<'notebooks.failed'> {
  return new AppError('notebooks.failed', `The code was not executed: ${reason}.`, { thread, reason });
}

/** Resolves when `signal` aborts, unless it is over by then. */
async function aborted(signal: AbortSignal, over: AbortSignal): Promise<'unwanted'> {
  const { promise, resolve } = Promise.withResolvers<'unwanted'>();
  signal.addEventListener('abort', () => resolve('unwanted'), { signal: over });
  if (signal.aborted) resolve('unwanted');
  return await promise;
}
