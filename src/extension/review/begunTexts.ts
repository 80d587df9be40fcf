import type * as vscode from 'vscode';

const stateKey = 'begunComments';
/** More boxes than anybody has open. */
const maximum = 20;

/** What stands in a box, and where the box is. */
interface Begun {
  readonly text: string;
  readonly tab: vscode.Tab | undefined;
}

/** What stands in boxes for comments, and is no comment yet. It outlives the window. */
export class BegunTexts {
  readonly #memento: Pick<vscode.Memento, 'get' | 'update'>;
  readonly #boxes = new Map<string, Begun>();
  #earlier: readonly string[];

  constructor(memento: Pick<vscode.Memento, 'get' | 'update'>) {
    this.#memento = memento;
    const stored = memento.get<unknown>(stateKey);
    this.#earlier = Array.isArray(stored) ? stored.filter(text => typeof text === 'string') : [];
  }

  /** What an earlier window had begun; once. */
  takeEarlier(): readonly string[] {
    const earlier = this.#earlier;
    this.#earlier = [];
    if (earlier.length > 0) this.#store();
    return earlier;
  }

  /** What now stands in a box. VS Code makes another box with the same text when its tab comes to the front again. */
  typed(box: string, begun: Begun): void {
    this.settled(begun.text);
    if (begun.text.trim() === '') this.#boxes.delete(box);
    else this.#boxes.set(box, begun);
    this.#store();
  }

  /** The text is a comment now. */
  settled(text: string): void {
    for (const [box, each] of this.#boxes) if (each.text === text) this.#boxes.delete(box);
    this.#store();
  }

  /** Takes what is lost because its tab is none of these any more. */
  takeLost(tabs: readonly vscode.Tab[]): readonly string[] {
    const lost = [...this.#boxes].filter(([, { tab }]) => tab !== undefined && !tabs.includes(tab));
    for (const [box] of lost) this.#boxes.delete(box);
    if (lost.length > 0) this.#store();
    return lost.map(([, { text }]) => text);
  }

  #store(): void {
    const texts = [...this.#boxes.values()].map(({ text }) => text);
    void this.#memento.update(stateKey, texts.slice(-maximum));
  }
}
