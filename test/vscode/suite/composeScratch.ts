import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import { extension, inRepository } from './crew.js';
import { until } from './registry.js';

/** Each test has a folder, because a file's history outlives the file. */
let count = 0;

export function scratchFile(...parts: readonly string[]): vscode.Uri {
  return inRepository(`scratch-${count}`, ...parts);
}

/** Opens a compose file in a folder of its own. */
export async function openCompose(text: string): Promise<vscode.TextDocument> {
  await extension();
  count++;
  const folder = scratchFile();
  await mkdir(folder.fsPath, { recursive: true });
  const file = vscode.Uri.joinPath(folder, 'agent-compose.yml');
  await vscode.workspace.fs.writeFile(file, Buffer.from(text));
  const document = await vscode.workspace.openTextDocument(file);
  await vscode.window.showTextDocument(document);
  return document;
}

/** Takes the scratch project down, closes its editors and removes its folder. */
export async function removeScratch(): Promise<void> {
  const { services } = await extension();
  const file = scratchFile('agent-compose.yml').fsPath;
  const project = services.composeFiles.projectOf(file);
  if (project) {
    const { signal } = new AbortController();
    await (await services.host.client(signal)).projects.removeProject({ project: project.id }, { signal });
  }
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  await rm(scratchFile().fsPath, { recursive: true, force: true });
}

/** Our problems of a document, as soon as they satisfy a condition. */
export function whenProblems(
  document: vscode.TextDocument,
  condition: (problems: readonly vscode.Diagnostic[]) => boolean,
  signal: AbortSignal,
): Promise<readonly vscode.Diagnostic[]> {
  return until(
    'the problems are as expected',
    () => {
      const found = vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'muster');
      return condition(found) && found;
    },
    signal,
  );
}

/** Waits until the language has been loaded: it comes with the first compose file. */
export async function whenLanguageLoaded(document: vscode.TextDocument, signal: AbortSignal): Promise<void> {
  await until('the language is loaded', async () => (await symbolsOf(document)).length > 0, signal);
}

export async function symbolsOf(document: vscode.TextDocument): Promise<readonly vscode.DocumentSymbol[]> {
  const found = await vscode.commands.executeCommand<readonly vscode.DocumentSymbol[] | undefined>(
    'vscode.executeDocumentSymbolProvider',
    document.uri,
  );
  return found ?? [];
}

/** The place just after the nth occurrence (0-based) of a text. */
export function after(document: vscode.TextDocument, text: string, nth = 0): vscode.Position {
  let offset = -1;
  for (let index = 0; index <= nth; index++) offset = document.getText().indexOf(text, offset + 1);
  assert.ok(offset >= 0, `the document does not contain ${text}`);
  return document.positionAt(offset + text.length);
}

/** Types as a person would, at the end of the nth occurrence of a text. */
export async function typeAfter(document: vscode.TextDocument, text: string, typed: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, after(document, text), typed);
  assert.ok(await vscode.workspace.applyEdit(edit));
}

/** Presses keys at the end of the nth occurrence of a text; what the editor does with each is up to it. */
export async function pressKeys(document: vscode.TextDocument, text: string, keys: string, nth = 0): Promise<void> {
  const editor = await vscode.window.showTextDocument(document);
  const place = after(document, text, nth);
  editor.selection = new vscode.Selection(place, place);
  for (const key of keys) await vscode.commands.executeCommand('type', { text: key });
}

/** Takes what is suggested, as Enter does, as soon as something is; false when nothing was for as long as it takes to ask. */
export async function takeSuggestion(document: vscode.TextDocument): Promise<boolean> {
  const { version } = document;
  for (let asked = 0; asked < 25; asked++) {
    await completionsAt(document, new vscode.Position(0, 0));
    await vscode.commands.executeCommand('acceptSelectedSuggestion');
    if (document.version !== version) return true;
  }
  return false;
}

export async function completionsAt(
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<ReadonlyMap<string, vscode.CompletionItem>> {
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    document.uri,
    position,
  );
  return new Map(list.items.map(item => [typeof item.label === 'string' ? item.label : item.label.label, item]));
}

export async function hoverAt(document: vscode.TextDocument, position: vscode.Position): Promise<string> {
  const hovers = await vscode.commands.executeCommand<readonly vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers
    .flatMap(({ contents }) => contents.map(part => (typeof part === 'string' ? part : part.value)))
    .join('\n');
}

/** The titles of the fixes offered for a problem, and how to apply one. */
export async function fixesFor(
  document: vscode.TextDocument,
  problem: vscode.Diagnostic,
): Promise<ReadonlyMap<string, () => Promise<void>>> {
  const actions = await vscode.commands.executeCommand<readonly vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    document.uri,
    problem.range,
    vscode.CodeActionKind.QuickFix.value,
  );
  return new Map(
    actions.map(({ title, edit }) => [
      title,
      async () => {
        assert.ok(edit, `"${title}" edits nothing`);
        assert.ok(await vscode.workspace.applyEdit(edit));
      },
    ]),
  );
}

/** The lenses of a document, as `line: title` with 1-based lines. */
export async function lensesOf(document: vscode.TextDocument): Promise<ReadonlyMap<string, vscode.Command>> {
  const lenses = await vscode.commands.executeCommand<readonly vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    document.uri,
    100,
  );
  return new Map(
    lenses.flatMap(({ range, command }) =>
      command ? [[`${range.start.line + 1}: ${command.title}`, command] as const] : [],
    ),
  );
}
