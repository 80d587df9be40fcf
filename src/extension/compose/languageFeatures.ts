import * as vscode from 'vscode';
import { completions, decidedWord, type Completion } from '../../compose/editor/completions.js';
import { readSource, type ComposeSource } from '../../compose/editor/composeSource.js';
import { hover } from '../../compose/editor/hover.js';
import { definitionAt, referencesAt } from '../../compose/editor/names.js';
import { outline, type ComposeSymbol } from '../../compose/editor/outline.js';
import { rename, renameTarget } from '../../compose/editor/rename.js';
import { envFilesOf } from '../../compose/environment.js';
import type { Span } from '../../compose/source/textPosition.js';
import { composeReference } from '../plain/markdown.js';
import { readableText } from './composeDocuments.js';
import { composeEnvironment } from './composeEnvironment.js';

type Features = vscode.CompletionItemProvider &
  vscode.HoverProvider &
  vscode.DocumentSymbolProvider &
  vscode.DefinitionProvider &
  vscode.ReferenceProvider &
  vscode.RenameProvider;

/** The compose language's editor features, on VS Code's types. */
export function languageFeatures(): Features {
  const sourceOf = sourceCache();
  return {
    provideCompletionItems(document, position) {
      const source = sourceOf(document);
      const offset = document.offsetAt(position);
      const found = completions(source, offset);
      const word = found.length === 0 ? decidedWord(source, offset) : undefined;
      if (word) return [nothingElse(rangeOf(document, word))];
      // The editor would go on comparing loosely with what was offered for the beginning of a word.
      const isToBeAskedAgain = found.some(({ hangsOnWord }) => hangsOnWord);
      const items = found.map((each, place) => completionItem(document, each, place));
      return new vscode.CompletionList(items, isToBeAskedAgain);
    },
    async provideHover(document, position) {
      const { lookUp: env } = await composeEnvironment(document.uri, envFilesOf(readableText(document)));
      const found = hover(sourceOf(document), document.offsetAt(position), { env, now: Date.now() });
      return found && new vscode.Hover(composeReference(found.markdown), rangeOf(document, found.span));
    },
    provideDocumentSymbols(document) {
      return outline(sourceOf(document)).map(symbol => documentSymbol(document, symbol));
    },
    provideDefinition(document, position) {
      const span = definitionAt(sourceOf(document), document.offsetAt(position));
      return span && new vscode.Location(document.uri, rangeOf(document, span));
    },
    provideReferences(document, position) {
      const spans = referencesAt(sourceOf(document), document.offsetAt(position));
      return spans.map(span => new vscode.Location(document.uri, rangeOf(document, span)));
    },
    prepareRename(document, position) {
      const target = renameTarget(sourceOf(document), document.offsetAt(position));
      if (!target) throw new Error(vscode.l10n.t('There is no name here that this file defines.'));
      return { range: rangeOf(document, target.span), placeholder: target.name };
    },
    provideRenameEdits(document, position, newName) {
      const result = rename(sourceOf(document), document.offsetAt(position), newName);
      if (!result.ok) throw new Error(result.reason);
      const edit = new vscode.WorkspaceEdit();
      for (const { span, newText } of result.edits) edit.replace(document.uri, rangeOf(document, span), newText);
      return edit;
    },
  };
}

/** Several features ask about the same version of a document: it is read once. */
function sourceCache(): (document: vscode.TextDocument) => ComposeSource {
  let last: { readonly key: string; readonly source: ComposeSource } | undefined;
  return document => {
    const key = `${document.version} ${document.uri.toString()}`;
    if (last?.key !== key) last = { key, source: readSource(readableText(document)) };
    return last.source;
  };
}

const completionKinds = {
  field: vscode.CompletionItemKind.Property,
  value: vscode.CompletionItemKind.Value,
  reference: vscode.CompletionItemKind.Reference,
} as const;

/**
 * Never shown, because no word is like it. Without an answer the editor offers other words of the file, and Enter would
 * put one of them in the place of a name.
 */
function nothingElse(range: vscode.Range): vscode.CompletionItem {
  const item = new vscode.CompletionItem('…');
  item.filterText = '\u0000';
  item.range = range;
  return item;
}

/** `place`: among all that are offered, what is used most first. */
function completionItem(document: vscode.TextDocument, completion: Completion, place: number): vscode.CompletionItem {
  const item = new vscode.CompletionItem(completion.label, completionKinds[completion.kind]);
  item.detail = completion.detail;
  item.documentation = composeReference(completion.documentation);
  item.insertText = completion.insertText;
  item.filterText = completion.filterText;
  item.range = rangeOf(document, completion.span);
  item.keepWhitespace = true;
  const group = completion.deprecated ? 2 : completion.planned ? 1 : 0;
  item.sortText = `${group}${String(place).padStart(4, '0')}`;
  if (completion.opensValues) item.command = { command: 'editor.action.triggerSuggest', title: '' };
  if (completion.deprecated) item.tags = [vscode.CompletionItemTag.Deprecated];
  return item;
}

const symbolKinds = {
  section: vscode.SymbolKind.Namespace,
  agent: vscode.SymbolKind.Class,
  trigger: vscode.SymbolKind.Event,
  script: vscode.SymbolKind.Function,
  variable: vscode.SymbolKind.Variable,
  name: vscode.SymbolKind.Field,
} as const;

function documentSymbol(document: vscode.TextDocument, symbol: ComposeSymbol): vscode.DocumentSymbol {
  const range = rangeOf(document, symbol.span);
  const name = rangeOf(document, symbol.nameSpan);
  const item = new vscode.DocumentSymbol(
    symbol.name === '' ? '…' : symbol.name,
    symbol.detail,
    symbolKinds[symbol.kind],
    range.union(name),
    name,
  );
  item.children = symbol.children.map(child => documentSymbol(document, child));
  return item;
}

function rangeOf(document: vscode.TextDocument, span: Span): vscode.Range {
  return new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
}
