import { execFile } from 'node:child_process';
import { closeSync, lstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunId } from '../../base/ids.js';
import { inputPipes } from '../../core/agents/providers/attachedCommand.js';
import type { InputSink, RunInputPipes, TerminalSize } from '../../core/runs/liveInput.js';
import { openForeignPipeSync } from '../../node/foreignFile.js';
import { runPath, unwritable } from '../../node/runFiles.js';
import type { RunFolders } from './runFolderWatches.js';

/** Named pipes in the directory of a run. */
export class FifoInputs implements RunInputPipes {
  readonly #folders: Pick<RunFolders, 'stateDir' | 'watches'>;

  constructor(folders: Pick<RunFolders, 'stateDir' | 'watches'>) {
    this.#folders = folders;
  }

  async make(run: RunId): Promise<InputSink> {
    const dir = runPath(this.#folders.stateDir, run);
    const [input, sizes] = [join(dir, inputPipes.input), join(dir, inputPipes.sizes)];
    try {
      await promisify(execFile)('mkfifo', ['-m', '600', input, sizes], { env: { PATH: '/usr/bin:/bin' } });
    } catch (error) {
      throw unwritable(dir, error);
    }
    const ended = new AbortController();
    const ways = openWays({ input, sizes });
    /** Resolves when the command has the pipe open: what was written before would be lost with its only end. */
    const isOpened = async (): Promise<void> => {
      await this.#folders.watches.waitFor({
        run,
        files: [inputPipes.input],
        signal: ended.signal,
        look: () => (lstatSync(input, { throwIfNoEntry: false }) ? undefined : true),
      });
    };
    return new FifoSink(ways, { isOpened, ended });
  }
}

interface Ways {
  readonly input: Socket;
  readonly sizes: Socket;
}

class FifoSink implements InputSink {
  readonly #input: Socket;
  readonly #sizes: Socket;
  readonly #isOpened: () => Promise<void>;
  readonly #ended: AbortController;

  constructor(ways: Ways, how: { readonly isOpened: () => Promise<void>; readonly ended: AbortController }) {
    ({ input: this.#input, sizes: this.#sizes } = ways);
    ({ isOpened: this.#isOpened, ended: this.#ended } = how);
  }

  async write(data: Uint8Array): Promise<void> {
    if (this.#input.destroyed) return;
    await new Promise<void>(resolve => {
      // Also when it closes meanwhile: the command is over, and nobody reads.
      this.#input.once('close', resolve);
      this.#input.write(data, () => {
        this.#input.off('close', resolve);
        resolve();
      });
    });
  }

  resize({ rows, columns }: TerminalSize): void {
    if (!this.#sizes.destroyed) this.#sizes.write(`${rows} ${columns}\n`);
  }

  end(): void {
    const close = (): void => void this.#input.destroy();
    this.#isOpened().then(close, close);
  }

  close(): void {
    this.#ended.abort();
    this.#input.destroy();
    this.#sizes.destroy();
  }
}

/** Both pipes or neither: of one alone nobody would ever be told that its run is over. Errors: `state.unwritable`. */
export function openWays({ input, sizes }: { readonly input: string; readonly sizes: string }): Ways {
  const first = openPipe(input);
  try {
    return { input: first, sizes: openPipe(sizes) };
  } catch (error) {
    first.destroy();
    throw error;
  }
}

/** Open both ways, which waits for nobody. Writing waits without a thread while the command reads nothing. */
function openPipe(path: string): Socket {
  const file = openForeignPipeSync(path);
  if (file === undefined) throw unwritable(path, 'somebody put something else there');
  const socket = socketOf(file);
  socket.on('error', () => socket.destroy());
  return socket;
}

function socketOf(file: number): Socket {
  try {
    return new Socket({ fd: file, readable: false, writable: true });
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
