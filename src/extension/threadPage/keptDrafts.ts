import type * as vscode from 'vscode';
import { ownValue } from '../../base/ownValue.js';

const stateKey = 'followUpDrafts';
/** More unsent texts than anybody has; the oldest is forgotten first. */
const maximum = 50;

/**
 * What was typed on thread pages and not sent. VS Code keeps the state of a webview only when its window ends in an orderly
 * way; this is written as it is typed, so that a crash or a reload of the browser loses nothing.
 */
export class KeptDrafts {
  readonly #memento: vscode.Memento;

  constructor(memento: vscode.Memento) {
    this.#memento = memento;
  }

  /** Empty when nothing waits. */
  get(threadId: string): string {
    return ownValue(this.#read(), threadId) ?? '';
  }

  async set(threadId: string, text: string): Promise<void> {
    const others = Object.entries(this.#read()).filter(([id]) => id !== threadId);
    const kept = text === '' ? others : [...others, [threadId, text] as const];
    await this.#memento.update(stateKey, Object.fromEntries(kept.slice(-maximum)));
  }

  #read(): Readonly<Record<string, string>> {
    const stored = this.#memento.get<unknown>(stateKey);
    if (typeof stored !== 'object' || stored === null) return {};
    return Object.fromEntries(Object.entries(stored).filter((entry): entry is [string, string] => isText(entry[1])));
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
