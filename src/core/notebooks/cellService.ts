import { untilAborted } from '../../base/async.js';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { CellAsk } from '../mail/ask.js';
import type { Run } from '../runs/run.js';
import type { CellSignals, ExecutedCell, NotebookServerDriver } from './notebookServerDriver.js';
import type { NotebookService } from './notebookService.js';

/** Names stay from one cell to the next, also to those of `muster jupyter exec`. */
export const consolePath = 'muster-exec';

/** A cell that an agent asks for, in a letter of its run. */
export interface AskedCell {
  readonly run: Run;
  /** Of its letter. */
  readonly number: number;
  readonly ask: CellAsk;
  /** Whether an earlier host may have read the letter. */
  readonly again: boolean;
}

/** Executes what agents ask for in the kernels of their own thread, where people see it too. */
export class CellService {
  readonly #notebooks: Pick<NotebookService, 'start'>;
  readonly #driver: Pick<NotebookServerDriver, 'execute'>;
  readonly #log: Log;

  constructor(options: {
    readonly notebooks: Pick<NotebookService, 'start'>;
    readonly driver: Pick<NotebookServerDriver, 'execute'>;
    readonly log: Log;
  }) {
    this.#notebooks = options.notebooks;
    this.#driver = options.driver;
    this.#log = options.log;
  }

  /** The letter that answers. Rejects with the reason of a signal alone. */
  async execute(
    { run, number, ask, again }: AskedCell,
    signals: CellSignals,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { unwanted, letGo } = signals;
    try {
      const server = await untilAborted(this.#notebooks.start(run.threadId, unwanted), letGo);
      const cell = {
        message: `${run.id}-${number}`,
        again,
        path: ask.notebook ?? consolePath,
        code: ask.code,
        limitMs: ask.seconds * 1000,
      };
      return letterOf(await this.#driver.execute(server, cell, signals));
    } catch (error) {
      unwanted.throwIfAborted();
      letGo.throwIfAborted();
      this.#log.warn('A cell of an agent was not executed', { run: run.id, reason: errorMessage(error) });
      return { error: errorMessage(error) };
    }
  }
}

function letterOf({ end, count, outputs }: ExecutedCell): Readonly<Record<string, unknown>> {
  return { end, count, outputs };
}
