import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { openCompose, removeScratch, scratchFile } from './composeScratch.js';
import { answerMessages, dispatch, git, inRepository, provideCrew, whenStatus } from './crew.js';
import { test, until } from './registry.js';

/** Quick picks as a person would meet them: what they list, answered with the row of that label, or the first one. */
function watchPicks(label?: string) {
  const { window } = vscode;
  const original: unknown = Reflect.get(window, 'showQuickPick');
  const shown: (readonly vscode.QuickPickItem[])[] = [];
  Reflect.set(window, 'showQuickPick', async (rows: readonly vscode.QuickPickItem[]) => {
    shown.push(rows);
    return rows.find(row => row.label === label) ?? rows[0];
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
  assert.ok(rows.every(({ description }) => description?.startsWith('project other · ')));
  assert.match(asked.shown[0]?.text ?? '', /will not see what you have changed in tidy\.js since/);
});

test('when a second project comes to a window, the rows of all threads name theirs', async ({ signal, after }) => {
  const access = await provideCrew(signal);
  after(removeScratch);
  // Called like no other where rows are cut, too: its row would tell them apart, also from that of an earlier try.
  const threadId = await dispatch(access, 'writer', `${Date.now()} belongs somewhere`);
  await whenStatus(access, threadId, 'ready', signal);
  const { threads } = access.views;
  const node = await until(
    'its row is there',
    () => {
      const rows = threads.getChildren().flatMap(section => threads.getChildren(section));
      return rows.find(each => each.kind === 'thread' && each.threadId === threadId);
    },
    signal,
  );
  const description = async () => String((await threads.getTreeItem(node)).description);
  // That of the test before may be going just now.
  await until('its row names no project', async () => (await description()).startsWith('writer · '), signal);
  let drawn = '';
  const listening = threads.onDidChangeTreeData(async changed => {
    // Not by the node: it is another one under another heading.
    const isTold = [changed]
      .flat()
      .some(each => each === undefined || ('threadId' in each && each.threadId === threadId));
    if (isTold) drawn = await description();
  });
  after(() => listening.dispose());
  await openCompose('name: other\nagents:\n  writer: { provider: demo }\n');
  await vscode.commands.executeCommand('muster.applyProject', scratchFile('agent-compose.yml'));
  await until('it is drawn with its project', () => drawn.startsWith('crew/writer · '), signal);
  const { worktrees } = access.views;
  const row = (await worktrees.getChildren()).find(each => each.kind === 'worktree' && each.threadId === threadId);
  assert.ok(row);
  assert.match(String(worktrees.getTreeItem(row).description), /^crew · /);
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
  assert.deepEqual(asked.shown[0]?.buttons, ['Take Them Along', 'Commit First', 'Dispatch Without Them']);
  assert.equal(access.services.host.threads.size, before);
});

test('changes that are taken along are seen by the agent, and do not land', async ({ signal, after }) => {
  const access = await provideCrew(signal);
  const mine = '// TODO: greet in French, saved and not committed\n';
  await writeFile(inRepository('src', 'mine.js').fsPath, mine);
  after(() => rm(inRepository('src', 'mine.js').fsPath));
  const document = await vscode.workspace.openTextDocument(inRepository('src', 'mine.js'));
  const command = await todoAction(document, signal);
  const picks = watchPicks('writer');
  after(() => picks.restore());
  const asked = answerMessages(/will not see/, 'Take Them Along');
  after(() => asked.restore());
  await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
  const { id } = await until(
    'a thread is there',
    () =>
      [...access.services.host.threads.values()].find(({ summary }) => summary.startsWith('greet in French, saved')),
    signal,
  );
  const thread = await whenStatus(access, id, 'ready', signal);
  assert.equal(await readFile(join(thread.worktree, 'src', 'mine.js'), 'utf8'), mine);
  assert.ok(thread.notes.some(note => note.startsWith('Your uncommitted changes were taken along')));
  assert.match(await git('status', '--porcelain'), /^\?\? src\/mine\.js$/m);
  const confirmed = answerMessages(/without looking at it/, 'Merge');
  after(() => confirmed.restore());
  await vscode.commands.executeCommand('muster.merge', id);
  assert.match(confirmed.shown.at(-1)?.text ?? '', /^Merged /);
  await whenStatus(access, id, 'merged', signal);
  assert.doesNotMatch(await git('log', '--format=', '--name-only', 'main'), /mine\.js/);
  assert.equal(await readFile(inRepository('src', 'mine.js').fsPath, 'utf8'), mine);
});

test('a task is written in a small group; @ chooses its agent, # attaches files, its base is one of the branches', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  await git('branch', '--force', 'release-1');
  after(() => git('branch', '-D', 'release-1'));
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  await vscode.window.showTextDocument(inRepository('src', 'greet.js'));
  const [project] = access.services.scope.projects();
  const [first, second] = project?.agents ?? [];
  assert.ok(project && first && second);
  await access.tasks.open({ project, agent: first });
  after(() => vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor'));
  const editor = vscode.window.activeTextEditor;
  assert.equal(editor?.document.languageId, 'muster-task');
  const layout = await vscode.commands.executeCommand<{ readonly groups: readonly { readonly size?: number }[] }>(
    'vscode.getEditorLayout',
  );
  const [code = 0, task = 0] = layout.groups.map(({ size }) => size ?? 0);
  assert.ok(task > 0 && task < code, `the task takes ${task}, the code ${code}`);

  const complete = async (text: string): Promise<readonly vscode.CompletionItem[]> => {
    await editor.edit(edit => edit.replace(new vscode.Range(0, 0, editor.document.lineCount, 0), text));
    const end = new vscode.Position(0, text.length);
    const sign = text.slice(-1);
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      editor.document.uri,
      end,
      sign,
    );
    return list.items;
  };
  const name = ({ label }: vscode.CompletionItem): string => (typeof label === 'string' ? label : label.label);
  const chosen = (await complete('Greet in French @')).find(item => name(item) === second.name);
  assert.ok(chosen?.command);
  await vscode.commands.executeCommand(chosen.command.command, ...(chosen.command.arguments ?? []));
  assert.equal((await access.tasks.draftOf(editor.document))?.agent, second.name);

  const file = (await complete('Look at #')).find(item => name(item) === 'src/greet.js');
  assert.equal(file?.insertText, 'src/greet.js');
  assert.equal(file?.additionalTextEdits?.[0]?.newText.trim(), '@src/greet.js');

  const picks = watchPicks();
  after(() => picks.restore());
  await vscode.commands.executeCommand('muster.taskOptions', editor.document.uri);
  const branches = picks.shown[0]?.map(({ label }) => label) ?? [];
  assert.ok(branches.includes('main') && branches.includes('release-1'), branches.join());
  assert.ok(!branches.some(label => label.startsWith('muster/')));
});

/** VS Code's own picker of agents, with what a person does at the keyboard. */
function watchPicker(signal: AbortSignal) {
  const { window } = vscode;
  const create = window.createQuickPick.bind(window);
  let made: vscode.QuickPick<vscode.QuickPickItem> | undefined;
  Reflect.set(window, 'createQuickPick', () => (made = create()));
  const highlighted = (): vscode.QuickPickItem | undefined => made?.activeItems[0];
  /** Until the window and the extension have both done what followed from that. */
  const highlights = async (what: string, fits: (row: vscode.QuickPickItem) => boolean): Promise<void> => {
    await until(
      `${what} is highlighted, it is ${JSON.stringify(highlighted())}`,
      () => highlighted() !== undefined && fits(highlighted() ?? { label: '' }),
      signal,
    );
    await new Promise(resolve => setTimeout(resolve, 0));
    await vscode.commands.executeCommand('setContext', 'muster.pickWatched', true);
  };
  return {
    rows: (): readonly vscode.QuickPickItem[] => made?.items ?? [],
    highlighted,
    highlights,
    /** By the arrow keys. */
    async goTo(fits: (row: vscode.QuickPickItem) => boolean): Promise<void> {
      for (const _ of made?.items ?? []) {
        const before = highlighted();
        if (before && fits(before)) return;
        await vscode.commands.executeCommand('workbench.action.quickOpenSelectNext');
        await highlights('the next row', row => row !== before);
      }
      assert.fail('no such row');
    },
    /** Letter by letter; each is there when the rows are those of the text. */
    async type(text: string): Promise<void> {
      for (let length = 1; length <= text.length; length++) {
        const rows = made?.items;
        if (made) made.value = text.slice(0, length);
        await until('the rows are new', () => made?.items !== rows, signal);
      }
    },
    enter: () => vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem'),
    close: () => made?.hide(),
    restore: () => Reflect.set(window, 'createQuickPick', create),
  };
}

test('the picker groups agents by project, keeps the chosen one while typing, and finds others by name', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  after(removeScratch);
  await openCompose(
    'name: other\nproviders:\n  gone: { command: /nowhere/agent, input: stdin }\nagents:\n  broken: { provider: gone }\n  writer: { provider: demo }\n  helper: { provider: demo }\n',
  );
  const messages = answerMessages(/consent/, 'Apply and Allow');
  after(() => messages.restore());
  await vscode.commands.executeCommand('muster.applyProject', scratchFile('agent-compose.yml'));
  await until('two projects are there', () => access.services.scope.projects().length === 2, signal);
  const picker = watchPicker(signal);
  after(() => picker.restore());
  after(() => picker.close());
  const labels = (): readonly string[] => picker.rows().map(({ label }) => label);
  const isOwn = ({ description }: vscode.QuickPickItem): boolean =>
    description?.startsWith('project other · ') ?? false;
  const dispatched = vscode.commands.executeCommand('muster.dispatch');
  await picker.highlights('an agent', () => true);
  const listed = labels();
  assert.deepEqual(listed.slice(-4), ['other', 'writer', 'helper', 'broken']);
  assert.equal(listed[0], 'crew');
  await picker.goTo(row => isOwn(row) && row.label === 'writer');
  await picker.type('Tidy up the kitchen');
  assert.deepEqual(labels(), listed);
  await picker.highlights('the chosen agent', row => row.detail === 'Dispatch: Tidy up the kitchen');
  const chosen = picker.highlighted();
  assert.ok(chosen && isOwn(chosen) && chosen.label === 'writer', JSON.stringify(chosen));
  const broken = picker.rows().at(-1);
  assert.match(broken?.detail ?? '', /nowhere/);
  assert.ok(!broken?.detail?.includes('Dispatch:'));

  await picker.type('other');
  await picker.highlights('an agent of that project', row => row.detail?.startsWith('Choose writer') ?? false);
  assert.deepEqual(labels(), [
    ...['writer', 'helper', 'broken'],
    ...['As a task', 'Dispatch “other” to writer — other'],
  ]);
  assert.ok(picker.rows().slice(0, 3).every(isOwn));

  await picker.type('Tidy up the kitchen');
  await picker.highlights('the chosen agent', row => row.detail === 'Dispatch: Tidy up the kitchen');
  await picker.enter();
  await dispatched;
  const thread = [...access.services.host.threads.values()].find(({ summary }) => summary === 'Tidy up the kitchen');
  assert.equal(thread?.agent, 'writer');
  assert.equal(thread.projectName, 'other');
});
