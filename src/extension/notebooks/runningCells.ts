import type * as vscode from 'vscode';

const key = 'guestCells';
/** Cells that run for days in many notebooks would be few; more than this is a mistake. */
const maxRemembered = 200;

/**
 * An execution that a window began, so that the window that comes after it finds it. What has ended is remembered until the
 * notebook is saved: not every VS Code keeps the outputs of a notebook that is not.
 */
export interface RunningCell {
  readonly notebook: string;
  readonly threadId: string;
  /** Kernel specification. */
  readonly kernel: string;
  readonly kernelId: string;
  /** The kernel knows its client by this; under the same name it asks the same one for input. */
  readonly clientId: string;
  readonly messageId: string;
  readonly cell: number;
  readonly ended: boolean;
  readonly source: string;
}

/** Executions of this window's workspace that have not ended, or whose outputs are not saved. */
export class RunningCells {
  readonly #memory: vscode.Memento;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  all(): readonly RunningCell[] {
    const stored = this.#memory.get<unknown>(key);
    return Array.isArray(stored) ? stored.filter(isRunningCell) : [];
  }

  ofNotebook(notebook: string): readonly RunningCell[] {
    return this.all().filter(each => each.notebook === notebook);
  }

  /** In place of an earlier one of the same cell. */
  async add(cell: RunningCell): Promise<void> {
    const others = this.all().filter(each => each.notebook !== cell.notebook || each.cell !== cell.cell);
    await this.#memory.update(key, [...others, cell].slice(-maxRemembered));
  }

  async end(messageId: string): Promise<void> {
    await this.#memory.update(
      key,
      this.all().map(each => (each.messageId === messageId ? { ...each, ended: true } : each)),
    );
  }

  async remove(messageId: string): Promise<void> {
    await this.#memory.update(
      key,
      this.all().filter(each => each.messageId !== messageId),
    );
  }

  /** Its outputs are saved, or not wanted. */
  async forgetEnded(notebook: string): Promise<void> {
    await this.#memory.update(
      key,
      this.all().filter(each => each.notebook !== notebook || !each.ended),
    );
  }
}

function isRunningCell(value: unknown): value is RunningCell {
  if (typeof value !== 'object' || value === null) return false;
  const texts = ['notebook', 'threadId', 'kernel', 'kernelId', 'clientId', 'messageId', 'source'];
  return texts.every(name => typeof Reflect.get(value, name) === 'string') && 'cell' in value && 'ended' in value;
}
