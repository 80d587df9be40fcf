import type * as vscode from 'vscode';
import { ownValue } from '../../base/ownValue.js';

/** More unsent texts than anybody has; the oldest is forgotten first. */
const maximum = 50;

/**
 * What was typed about threads and not sent, by the thread. VS Code keeps the state of a webview only when its window ends in an orderly
 * way; this is written as it is typed, so that a crash or a reload of the browser loses nothing.
 */
export class KeptDrafts {
  readonly #memento: Pick<vscode.Memento, 'get' | 'update'>;
  readonly #stateKey: string;

  constructor(memento: Pick<vscode.Memento, 'get' | 'update'>, stateKey = 'followUpDrafts') {
    this.#memento = memento;
    this.#stateKey = stateKey;
  }

  /** Empty when nothing waits. */
  get(threadId: string): string {
    return ownValue(this.#read(), threadId) ?? '';
  }

  async set(threadId: string, text: string): Promise<void> {
    const others = Object.entries(this.#read()).filter(([id]) => id !== threadId);
    const kept = text === '' ? others : [...others, [threadId, text] as const];
    await this.#memento.update(this.#stateKey, Object.fromEntries(kept.slice(-maximum)));
  }

  #read(): Readonly<Record<string, string>> {
    const stored = this.#memento.get<unknown>(this.#stateKey);
    if (typeof stored !== 'object' || stored === null) return {};
    return Object.fromEntries(Object.entries(stored).filter((entry): entry is [string, string] => isText(entry[1])));
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
