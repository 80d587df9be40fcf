import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

/** Ways by which words of an agent could reach VS Code as they are. */
const plants = {
  'a notification': `export const x = (text: string): unknown => vscode.window.showWarningMessage(text);`,
  'a notification by its name': `export const x = (text: string): unknown => vscode.window['showErrorMessage'](text);`,
  'a function taken out of its namespace': `export const { showInformationMessage } = vscode.window;`,
  'the status bar': `export const x = (text: string): unknown => vscode.window.setStatusBarMessage(text);`,
  'a progress title': `export const x = vscode.window.withProgress;`,
  'a quick pick': `export const x = (text: string): unknown => vscode.window.showQuickPick([text]);`,
  'an input box': `export const x = (prompt: string): unknown => vscode.window.showInputBox({ prompt });`,
  'a tree': `export const x = vscode.window.createTreeView;`,
  'a comment': `export const x = vscode.comments.createCommentController;`,
  'Markdown': `export const x = (text: string): unknown => new vscode.MarkdownString(text);`,
};

function lint(file: string, code: string): string {
  const folder = tempDirectory('muster-plain');
  copyFileSync(inRepository('.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), `import * as vscode from 'vscode';\n${code}\n`);
  const options = { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  return spawnSync(inRepository('node_modules', '.bin', 'oxlint'), [file], options).stdout;
}

test.each(Object.entries(plants))(
  'foreign words cannot reach %s past the functions that make them plain',
  (_, code) => {
    expect(lint('src/extension/views/plant.ts', code)).toContain('Foreign words are made plain');
    expect(lint('src/extension/plain/plant.ts', code)).not.toContain('Foreign words');
  },
);

test('the namespace is imported whole, so that the rule sees each use', async () => {
  const folder = inRepository('src', 'extension');
  const files = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.ts'));
  const taken = await Promise.all(
    files.map(async file => /^import \{[^}]*\} from 'vscode'/m.test(await readFile(join(folder, file), 'utf8'))),
  );
  expect(files.filter((_, index) => taken[index])).toEqual([]);
});
