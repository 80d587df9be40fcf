import { randomUUID } from 'node:crypto';
import { relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import { isGone, type CellEnd, type GuestKernel } from '../../client/notebooks/guestKernel.js';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import { GuestServer } from '../../client/notebooks/guestServer.js';
import { askForLine } from '../plain/picks.js';
import { CellOutputs, DisplayedOutputs } from './cellOutputs.js';
import { guestScheme } from './guestFiles.js';
import { followJournal } from './followJournal.js';
import type { RunningCell, RunningCells } from './runningCells.js';

/** Long enough to read a whole journal of what has ended. */
const readMs = 5_000;

export interface NotebookSessionOptions {
  readonly notebook: vscode.NotebookDocument;
  readonly threadId: string;
  readonly worktree: string;
  /** Name of the kernel specification. */
  readonly kernel: string;
  readonly running: RunningCells;
  /** The present host. */
  readonly client: (signal: AbortSignal) => Promise<HostClient>;
}

/**
 * One notebook on one kernel of a guest. Cells are executed one after the other:
 *
 *     waiting ──its turn──► executing ──the kernel is done──► ended
 *                              │ the connection broke, or an earlier window began it
 *                              ▼
 *                           following the journal ──► ended
 *
 * While the connection holds, outputs come over it. What was begun is remembered with the window's workspace; who comes back
 * shows the whole execution again from the journal, which has everything.
 */
export class NotebookSession implements vscode.Disposable {
  readonly #options: NotebookSessionOptions;
  readonly #displayed = new DisplayedOutputs();
  readonly #ending = new AbortController();
  #kernel: Promise<GuestKernel> | undefined;
  #known: GuestKernel | undefined;
  /** Rounds of cells and cells of an earlier window that are not at their end. */
  #executing = 0;
  #clientId: string;
  #queue: Promise<void> = Promise.resolve();
  /** Aborted by an interrupt: cells that wait are not executed. */
  #round = new AbortController();

  constructor(options: NotebookSessionOptions) {
    this.#options = options;
    this.#clientId = options.running.ofNotebook(options.notebook.uri.toString())[0]?.clientId ?? randomUUID();
  }

  get kernelName(): string {
    return this.#options.kernel;
  }

  /** Its kernel while one is connected. */
  get connected(): GuestKernel | undefined {
    return this.#known;
  }

  get isBusy(): boolean {
    return this.#executing > 0;
  }

  /** Executes cells in their order, after those that are at work. The first that fails ends the round. */
  async execute(cells: readonly vscode.NotebookCell[], controller: vscode.NotebookController): Promise<void> {
    const executions = cells.map(cell => controller.createNotebookCellExecution(cell));
    const round = this.#round.signal;
    const before = this.#queue;
    const done = Promise.withResolvers<void>();
    this.#queue = done.promise;
    this.#executing++;
    try {
      await before;
      let goOn = true;
      for (const execution of executions) {
        if (goOn && !round.aborted && !this.#ending.signal.aborted) goOn = await this.#run(execution);
        else end(execution, undefined);
      }
    } finally {
      this.#executing--;
      done.resolve();
    }
  }

  /** Shows what an earlier window began, to its end. */
  async resume(controller: vscode.NotebookController): Promise<void> {
    const { notebook, running } = this.#options;
    this.#executing++;
    try {
      for (const begun of running.ofNotebook(notebook.uri.toString())) {
        const cell = findCell(notebook, begun);
        if (!cell) await running.remove(begun.messageId);
        // What VS Code itself has kept needs nothing.
        else if (!begun.ended || cell.outputs.length === 0)
          await this.#show(controller.createNotebookCellExecution(cell), begun);
      }
    } finally {
      this.#executing--;
    }
  }

  /** Ends what the kernel executes; cells that wait are not executed. */
  async interrupt(): Promise<void> {
    this.#round.abort();
    this.#round = new AbortController();
    await (await this.#connected()).interrupt();
  }

  async restart(): Promise<void> {
    this.#round.abort();
    this.#round = new AbortController();
    this.#displayed.clear();
    await (await this.#connected()).restart();
  }

  /** Lets go of the kernel; what it executes goes on. */
  dispose(): void {
    this.#ending.abort();
    void this.#kernel?.then(
      kernel => kernel.dispose(),
      () => undefined,
    );
  }

  /** True when the next cell may follow. */
  async #run(execution: vscode.NotebookCellExecution): Promise<boolean> {
    const { notebook, running, threadId, kernel } = this.#options;
    execution.start(Date.now());
    await execution.clearOutput();
    const outputs = new CellOutputs(execution, this.#displayed);
    let begun: RunningCell | undefined;
    try {
      const connected = await this.#connected();
      const { cell } = execution;
      const source = cell.document.getText();
      const going = connected.execute(source, {
        onSaying: saying => outputs.say(saying),
        onInput: async (prompt, { secret }) => await this.#ask(prompt, secret),
      });
      begun = {
        notebook: notebook.uri.toString(),
        threadId,
        kernel,
        kernelId: connected.id,
        clientId: this.#clientId,
        messageId: going.messageId,
        cell: cell.index,
        ended: false,
        source,
      };
      await running.add(begun);
      const outcome = await going.end;
      if (outcome.kind === 'lost') return await this.#afterLoss(execution, begun);
      await outputs.settle();
      await running.end(begun.messageId);
      if (outcome.kind === 'gone') await showFailure(execution, kernelGone());
      return this.#end(execution, outcome, outputs);
    } catch (error) {
      await outputs.settle();
      if (begun) await running.remove(begun.messageId);
      await showFailure(execution, error);
      end(execution, false);
      return false;
    }
  }

  #end(execution: vscode.NotebookCellExecution, outcome: CellEnd, outputs: CellOutputs): boolean {
    const succeeded = outcome.kind === 'ok' && !outputs.failed;
    end(execution, succeeded);
    return succeeded;
  }

  /** The connection broke: the host was replaced, or the kernel was. */
  async #afterLoss(execution: vscode.NotebookCellExecution, begun: RunningCell): Promise<boolean> {
    this.#dropKernel();
    if (this.#ending.signal.aborted) return false;
    return await this.#show(execution, begun);
  }

  /** Everything that the kernel said of a cell, from its journal. */
  async #show(execution: vscode.NotebookCellExecution, begun: RunningCell): Promise<boolean> {
    const { running } = this.#options;
    const outputs = new CellOutputs(execution, this.#displayed);
    const listening = begun.ended ? undefined : await this.#listen(begun).catch(() => undefined);
    const patience = begun.ended || listening?.isSame !== true ? [AbortSignal.timeout(readMs)] : [];
    const until = AbortSignal.any([this.#ending.signal, ...(listening ? [listening.gone] : []), ...patience]);
    try {
      let last: number | undefined;
      const ended = await followJournal(this.#options.client, begun, {
        until,
        say: (saying, at) => {
          if (last === undefined) {
            begin(execution, at);
            outputs.clear();
          }
          last = at;
          outputs.say(saying);
        },
      });
      // A window that goes leaves the cell to the next one.
      if (this.#ending.signal.aborted) return false;
      await outputs.settle();
      if (!ended) await showFailure(execution, kernelGone());
      end(execution, ended && !outputs.failed, last);
      await running.end(begun.messageId);
      return ended && !outputs.failed;
    } catch (error) {
      if (this.#ending.signal.aborted) return false;
      await outputs.settle();
      await running.remove(begun.messageId);
      await showFailure(execution, error);
      end(execution, false);
      return false;
    } finally {
      listening?.dispose();
    }
  }

  /** For questions of a cell that an earlier connection began, and for the end of its kernel. */
  async #listen(begun: RunningCell) {
    const kernel = await this.#connected();
    const gone = new AbortController();
    const question = kernel.onQuestion(async (prompt, { secret }) => await this.#ask(prompt, secret));
    const watch = kernel.onDidChangeStatus(status => {
      if (isGone(status)) gone.abort();
    });
    return {
      // Another kernel will not end what this one began: what it said until then is all there is.
      isSame: kernel.id === begun.kernelId,
      gone: gone.signal,
      dispose: () => {
        void question.dispose();
        void watch.dispose();
      },
    };
  }

  async #ask(prompt: string, secret: boolean): Promise<string | undefined> {
    const answer = await askForLine({
      prompt: prompt === '' ? vscode.l10n.t('The cell waits for a line of text.') : prompt,
      title: vscode.l10n.t('Input for the notebook'),
      password: secret,
      ignoreFocusOut: true,
    });
    // Whoever gives no answer does not want the cell to go on waiting.
    if (answer === undefined && !this.#ending.signal.aborted) await this.interrupt();
    return answer;
  }

  #connected(): Promise<GuestKernel> {
    this.#kernel ??= this.#connect();
    this.#kernel.catch(() => (this.#kernel = undefined));
    return this.#kernel;
  }

  async #connect(): Promise<GuestKernel> {
    const { notebook, worktree, threadId, kernel, client } = this.#options;
    const signal = this.#ending.signal;
    const host = await client(signal);
    const { server } = await host.notebooks.startNotebookServer(
      { threadId, environment: collectProviderEnvironment(process.env) },
      { signal },
    );
    const { socket, token } = host.endpoint;
    const guest = new GuestServer({ socket, token }, server?.path ?? '');
    const { uri } = notebook;
    const path = uri.scheme === guestScheme ? uri.path.slice(1) : relative(worktree, uri.fsPath).split(sep).join('/');
    const connected = await guest.kernelOf(path, { kernel, clientId: this.#clientId });
    this.#known = connected;
    return connected;
  }

  #dropKernel(): void {
    const kernel = this.#kernel;
    this.#kernel = undefined;
    this.#known = undefined;
    void kernel?.then(
      known => known.dispose(),
      () => undefined,
    );
  }
}

function kernelGone(): Error {
  return new Error(vscode.l10n.t('The kernel ended or was restarted before the cell was done.'));
}

/** The cell that was begun, which may have moved meanwhile. */
function findCell(notebook: vscode.NotebookDocument, begun: RunningCell): vscode.NotebookCell | undefined {
  const cells = notebook.getCells();
  const same = (cell: vscode.NotebookCell | undefined): boolean => cell?.document.getText() === begun.source;
  const there = cells[begun.cell];
  return same(there) ? there : cells.find(same);
}

async function showFailure(execution: vscode.NotebookCellExecution, error: unknown): Promise<void> {
  const item = vscode.NotebookCellOutputItem.error({ name: 'Muster', message: errorMessage(error) });
  try {
    await execution.appendOutput(new vscode.NotebookCellOutput([item]));
  } catch {
    // The cell was deleted.
  }
}

/** One that was begun by this window has its beginning already. */
function begin(execution: vscode.NotebookCellExecution, at: number): void {
  try {
    execution.start(at);
  } catch {
    // It was started before the connection broke.
  }
}

function end(execution: vscode.NotebookCellExecution, succeeded: boolean | undefined, at = Date.now()): void {
  try {
    execution.end(succeeded, succeeded === undefined ? undefined : at);
  } catch {
    // The cell was deleted, or never began.
  }
}
