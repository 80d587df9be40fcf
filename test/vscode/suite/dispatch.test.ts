import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { openCompose, removeScratch, scratchFile } from './composeScratch.js';
import { answerMessages, git, inRepository, provideCrew } from './crew.js';
import { test, until } from './registry.js';

/** Quick picks as a person would meet them: what they list, answered with the first row. */
function watchPicks() {
  const { window } = vscode;
  const original: unknown = Reflect.get(window, 'showQuickPick');
  const shown: (readonly vscode.QuickPickItem[])[] = [];
  Reflect.set(window, 'showQuickPick', async (rows: readonly vscode.QuickPickItem[]) => {
    shown.push(rows);
    return rows[0];
  });
  return { shown, restore: () => Reflect.set(window, 'showQuickPick', original) };
}

/** The command of the action on a TODO. Providers of the file's language may still be starting when it is asked for first. */
function todoAction(document: vscode.TextDocument, signal: AbortSignal): Promise<vscode.Command> {
  const line = document.getText().slice(0, document.getText().indexOf('TODO')).split('\n').length - 1;
  return until(
    'the TODO has an action',
    async () => {
      const actions = await vscode.commands.executeCommand<readonly vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        document.uri,
        new vscode.Range(line, 0, line, 1),
      );
      return actions.find(({ title }) => title === 'Dispatch TODO...')?.command;
    },
    signal,
  );
}

test('a TODO goes to an agent of its own project, under its own words', async ({ signal, after }) => {
  const access = await provideCrew(signal);
  after(removeScratch);
  const picks = watchPicks();
  after(() => picks.restore());
  await openCompose('name: other\nagents:\n  writer: { provider: demo }\n  helper: { provider: demo }\n');
  const messages = answerMessages(/./, undefined);
  after(() => messages.restore());
  await vscode.commands.executeCommand('muster.applyProject', scratchFile('agent-compose.yml'));
  await until('two projects are there', () => access.services.scope.projects().length === 2, signal);
  const file = scratchFile('tidy.js');
  await writeFile(file.fsPath, '// TODO: name the colours\n');
  const document = await vscode.workspace.openTextDocument(file);
  const command = await todoAction(document, signal);
  messages.restore();
  const asked = answerMessages(/will not see/, 'Dispatch Without Them');
  after(() => asked.restore());
  await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
  const thread = await until(
    'a thread is there',
    () => [...access.services.host.threads.values()].find(({ summary }) => summary === 'name the colours'),
    signal,
  );
  assert.equal(thread.projectName, 'other');
  const [rows = []] = picks.shown;
  assert.deepEqual(rows.map(({ label }) => label).toSorted(), ['helper', 'writer']);
  assert.ok(rows.every(({ description }) => description?.startsWith('other (')));
  assert.match(asked.shown[0]?.text ?? '', /will not see what you have changed in tidy\.js since/);
});

test('a task about changes that are not committed says that its agent will not see them', async ({ signal, after }) => {
  const access = await provideCrew(signal);
  await writeFile(inRepository('src', 'greet.js').fsPath, '// TODO: greet in French\n');
  after(() => git('checkout', '--', 'src/greet.js'));
  const document = await vscode.workspace.openTextDocument(inRepository('src', 'greet.js'));
  const command = await todoAction(document, signal);
  const picks = watchPicks();
  after(() => picks.restore());
  const asked = answerMessages(/./, 'Commit First');
  after(() => asked.restore());
  const before = access.services.host.threads.size;
  await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
  assert.deepEqual(asked.shown[0]?.buttons, ['Commit First', 'Dispatch Without Them', 'Always in This Project']);
  assert.equal(access.services.host.threads.size, before);
});
