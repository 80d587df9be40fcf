import assert from 'node:assert/strict';
import { rm, mkdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import { extension, inRepository } from './crew.js';
import { test, until } from './registry.js';

/** Opens a compose file in a folder of its own; nobody saves it. */
async function openCompose(text: string): Promise<vscode.TextDocument> {
  await extension();
  const folder = inRepository('scratch');
  await mkdir(folder.fsPath, { recursive: true });
  const file = vscode.Uri.joinPath(folder, 'agent-compose.yml');
  await vscode.workspace.fs.writeFile(file, Buffer.from(text));
  const document = await vscode.workspace.openTextDocument(file);
  await vscode.window.showTextDocument(document);
  return document;
}

async function cleanUp(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  await rm(inRepository('scratch').fsPath, { recursive: true, force: true });
}

test('a compose file shows its problems while it is edited, and a fix solves one', async ({ signal, after }) => {
  after(cleanUp);
  const document = await openCompose('name: x\nagents:\n  dev:\n    provider: demo\n    modle: fast\n');
  const problems = await until(
    'the problem is marked',
    () => {
      const found = vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'muster');
      return found.length > 0 ? found : undefined;
    },
    signal,
  );
  assert.equal(problems[0]?.code, 'compose.unknownField');
  assert.equal(document.getText(problems[0]?.range), 'modle');
  const actions = await vscode.commands.executeCommand<readonly vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    document.uri,
    problems[0]?.range,
  );
  const fix = actions.find(({ title }) => title.includes('model'));
  assert.ok(fix?.edit, `no fix among ${actions.map(({ title }) => title).join(', ')}`);
  assert.ok(await vscode.workspace.applyEdit(fix.edit));
  assert.match(document.getText(), /\n {4}model: fast\n/);
  await until(
    'no problem is left',
    () => vscode.languages.getDiagnostics(document.uri).every(({ source }) => source !== 'muster'),
    signal,
  );
});

test('a compose file completes keys, explains them and lists its agents', async ({ signal, after }) => {
  after(cleanUp);
  const document = await openCompose('name: x\nagents:\n  dev:\n    provider: demo\n    \n');
  await until(
    'the language is loaded',
    async () => {
      const symbols = await vscode.commands.executeCommand<readonly vscode.DocumentSymbol[]>(
        'vscode.executeDocumentSymbolProvider',
        document.uri,
      );
      return symbols?.some(({ children }) => children.some(({ name }) => name === 'dev'));
    },
    signal,
  );
  const offered = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    document.uri,
    new vscode.Position(4, 4),
  );
  const labels = offered.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
  assert.ok(labels.includes('system_prompt'), labels.join());
  const hovers = await vscode.commands.executeCommand<readonly vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    new vscode.Position(3, 6),
  );
  assert.match(
    hovers.flatMap(({ contents }) => contents.map(part => (typeof part === 'string' ? part : part.value))).join(),
    /provider/,
  );
});
