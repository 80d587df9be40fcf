import * as vscode from 'vscode';
import { hasConflictMarkers } from './conflictMarkers.js';
import { reviewFileOf } from './reviewUris.js';
import { isMerging } from './reviewTabs.js';

interface Unresolved {
  /** The file as git left it. */
  readonly marked: string;
  /** What the merge editor began with: of each conflict what both sides began with. */
  readonly begun: string;
}

/**
 * Files in whose merge editor nobody has chosen anything yet. VS Code takes the markers out when it opens one, and saves that by
 * itself where auto-save is on: the file would have neither side's change, and nothing that would tell. So it keeps its markers.
 */
export class UnresolvedFiles {
  readonly #marked = new Map<string, string>();
  readonly #unresolved = new Map<string, Unresolved>();

  /** Sees merge editors begin. */
  watch(): vscode.Disposable {
    for (const document of vscode.workspace.textDocuments) this.#read(document);
    return vscode.Disposable.from(
      vscode.workspace.onDidOpenTextDocument(document => this.#read(document)),
      vscode.workspace.onDidChangeTextDocument(change => this.#changed(change)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#marked.delete(uri.toString());
        this.#unresolved.delete(uri.toString());
      }),
    );
  }

  /** What belongs into a file that is saved with this content. */
  toWrite(uri: vscode.Uri, content: Uint8Array): Uint8Array {
    const unresolved = this.#unresolved.get(uri.toString());
    if (unresolved === undefined || !isMerging(uri) || !Buffer.from(unresolved.begun).equals(content)) return content;
    return Buffer.from(unresolved.marked);
  }

  #read(document: vscode.TextDocument): void {
    if (reviewFileOf(document.uri)?.side.kind !== 'work') return;
    const text = document.getText();
    if (hasConflictMarkers(text)) this.#marked.set(document.uri.toString(), text);
    else this.#marked.delete(document.uri.toString());
  }

  #changed({ document, contentChanges: [change, ...others] }: vscode.TextDocumentChangeEvent): void {
    const key = document.uri.toString();
    const marked = this.#marked.get(key);
    this.#read(document);
    if (marked === undefined || this.#marked.has(key)) return;
    // A merge editor puts a text of its own in the place of all there was; whoever resolves a conflict otherwise writes less.
    const isAll = others.length === 0 && change?.rangeOffset === 0 && change.text === document.getText();
    // It has begun already: the file was read anew, and who marks all and pastes has chosen.
    const hasBegun = this.#unresolved.get(key)?.marked === marked;
    if (isAll && !hasBegun) this.#unresolved.set(key, { marked, begun: change.text });
  }
}
