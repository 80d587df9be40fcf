import * as vscode from 'vscode';
import { showInformation } from '../plain/messages.js';
import { BegunTexts } from './begunTexts.js';

/** Scheme of the boxes in which people write comments: documents of VS Code's own, of which it keeps nothing when they go. */
const boxScheme = 'comment';
/** A box whose comment was added is emptied, which is told a moment later. */
const graceMs = 500;

/**
 * Keeps what a person has begun to write in a review from being lost unsaid. VS Code keeps it while its tab is there; with the tab, a
 * reload or a crash it goes, and nobody says at which line it stood: so the text is offered, and not put back.
 */
export class BegunComments implements vscode.Disposable {
  readonly #controller: string;
  readonly #begun: BegunTexts;
  readonly #subscriptions: readonly vscode.Disposable[];
  #timer: NodeJS.Timeout | undefined;

  /** `controller`: whose boxes they are. */
  constructor(controller: string, memento: vscode.Memento) {
    this.#controller = controller;
    this.#begun = new BegunTexts(memento);
    this.#subscriptions = [
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (this.#isBox(document.uri)) this.#typed(document);
      }),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        if (closed.length > 0) this.#tellSoon();
      }),
    ];
    for (const text of this.#begun.takeEarlier()) void tell(text);
  }

  /** The text became a comment: nothing is lost. */
  settled(text: string): void {
    this.#begun.settled(text);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const each of this.#subscriptions) each.dispose();
  }

  #isBox({ scheme, authority }: vscode.Uri): boolean {
    return scheme === boxScheme && authority === this.#controller;
  }

  #typed(document: vscode.TextDocument): void {
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
    this.#begun.typed(document.uri.toString(), { text: document.getText(), tab });
  }

  #tellSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const tabs = vscode.window.tabGroups.all.flatMap(group => group.tabs);
      for (const text of this.#begun.takeLost(tabs)) void tell(text);
    }, graceMs);
  }
}

/** So much of it is recognised. */
const shownLength = 80;

async function tell(text: string): Promise<void> {
  const copy = vscode.l10n.t('Copy Text');
  const line = text.replace(/\s+/g, ' ').trim();
  const shown = line.length > shownLength ? `${line.slice(0, shownLength - 1)}…` : line;
  const words = vscode.l10n.t('A comment that you had begun was closed before it was added: "{0}"', shown);
  if ((await showInformation(words, copy)) === copy) await vscode.env.clipboard.writeText(text);
}
