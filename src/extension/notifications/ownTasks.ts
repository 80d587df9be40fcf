import type * as vscode from 'vscode';

const stateKey = 'ownTasks';
/** More than anybody waits for. */
const maximum = 200;

/** The threads whose work a person asked for in this window: over a reload, too, it is the one that tells when they are done. */
export class OwnTasks {
  readonly #memento: vscode.Memento;
  readonly #threads: Set<string>;

  constructor(memento: vscode.Memento) {
    this.#memento = memento;
    const stored = memento.get<unknown>(stateKey);
    this.#threads = new Set(Array.isArray(stored) ? stored.filter(id => typeof id === 'string') : []);
  }

  has(threadId: string): boolean {
    return this.#threads.has(threadId);
  }

  add(threadId: string): void {
    if (this.#threads.has(threadId)) return;
    this.#threads.add(threadId);
    void this.#memento.update(stateKey, [...this.#threads].slice(-maximum));
  }
}
