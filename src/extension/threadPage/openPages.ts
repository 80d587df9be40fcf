import type * as vscode from 'vscode';
import { isId } from '../../base/ids.js';

const stateKey = 'openThreadPages';
/** Nobody finds anything among more tabs. */
const maximum = 20;

/** A thread page that was open, as far as it can be told from the tabs of a window. */
export interface OpenPageRecord {
  readonly threadId: string;
  /** Label of its tab. */
  readonly title: string;
}

/** Which thread pages are open in this window, written as they open and close: VS Code forgets tabs when it is killed. */
export class OpenPages {
  readonly #memento: vscode.Memento;
  #records: readonly OpenPageRecord[];

  constructor(memento: vscode.Memento) {
    this.#memento = memento;
    const stored = memento.get<unknown>(stateKey);
    this.#records = Array.isArray(stored) ? stored.filter(isRecord) : [];
  }

  /** Those that an earlier window had open and that no tab of this one stands for. */
  lost(labels: readonly string[]): readonly OpenPageRecord[] {
    const left = [...labels];
    return this.#records.filter(({ title }) => {
      const at = left.indexOf(title);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  }

  async opened(record: OpenPageRecord): Promise<void> {
    const known = this.#records.find(({ threadId }) => threadId === record.threadId);
    if (known?.title === record.title) return;
    const others = this.#records.filter(({ threadId }) => threadId !== record.threadId);
    await this.#store([...others, record]);
  }

  async closed(threadId: string): Promise<void> {
    await this.#store(this.#records.filter(each => each.threadId !== threadId));
  }

  async #store(records: readonly OpenPageRecord[]): Promise<void> {
    this.#records = records.slice(-maximum);
    await this.#memento.update(stateKey, this.#records);
  }
}

function isRecord(value: unknown): value is OpenPageRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'threadId' in value &&
    typeof value.threadId === 'string' &&
    isId(value.threadId) &&
    'title' in value &&
    typeof value.title === 'string'
  );
}
