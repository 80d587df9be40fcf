import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { dispatch, git, inRepository, provideCrew, whenStatus } from './crew.js';
import { answerInput, openGuest, outputs, slow, stdout } from './guestNotebook.js';
import { test, until } from './registry.js';

/** One pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test(
  'a guest notebook runs cells: text, results, images, errors, updates',
  async context => {
    const { run, notebook } = await openGuest(context, [
      'import os\nprint("hello from", os.path.basename(os.getcwd()))\n6 * 7',
      `from IPython.display import display, Image\nimport base64\ndisplay(Image(base64.b64decode("${png}")))`,
      'import sys\nprint("out")\nprint("err", file=sys.stderr)\n1 / 0',
      'from IPython.display import display, clear_output\nh = display("first", display_id=True)\nh.update("second")\nprint("gone")\nclear_output()\nprint("stays")',
      'import time\nfor n in range(3):\n    print(f"\\r{n}", end="", flush=True)\n    time.sleep(0.1)',
    ]);
    const text = await run(0);
    assert.equal(stdout(text), 'hello from analysis\n');
    assert.deepEqual(
      outputs(text).filter(({ mime }) => mime === 'text/plain'),
      [{ mime: 'text/plain', text: '42' }],
    );
    assert.equal(text.executionSummary?.success, true);
    assert.equal(text.executionSummary?.executionOrder, 1);
    assert.ok(text.executionSummary?.timing);

    const image = await run(1);
    const [shown] = image.outputs.flatMap(({ items }) => items);
    assert.equal(shown?.mime, 'image/png');
    assert.equal(Buffer.from(shown.data).toString('base64'), png);

    const failed = await run(2);
    assert.equal(failed.executionSummary?.success, false);
    const error = outputs(failed).find(({ mime }) => mime === 'application/vnd.code.notebook.error');
    assert.match(error?.text ?? '', /ZeroDivisionError/);
    assert.match(error?.text ?? '', /line 4/);
    assert.ok(outputs(failed).some(({ mime, text: said }) => mime.endsWith('stderr') && said === 'err\n'));

    const cleared = await run(3);
    assert.equal(stdout(cleared), 'stays\n');

    const progress = await run(4);
    assert.match(stdout(progress), /2$/);
    assert.equal(notebook.isDirty, true);
    await notebook.save();
    const saved = JSON.parse(Buffer.from(await vscode.workspace.fs.readFile(notebook.uri)).toString('utf8')) as {
      cells: { execution_count: number; outputs: { output_type: string }[] }[];
    };
    assert.deepEqual(
      saved.cells[0]?.outputs.map(({ output_type: type }) => type),
      ['stream', 'execute_result'],
    );
    assert.equal(saved.cells[0]?.execution_count, 1);
  },
  slow,
);

test(
  'a guest notebook asks for input, and an endless cell is interrupted',
  async context => {
    const { run, notebook } = await openGuest(context, [
      'name = input("Who? ")\nprint("hello", name)',
      'print("on")\nwhile True:\n    pass',
      'print("after")',
    ]);
    const input = answerInput('Ada');
    context.after(() => input.restore());
    assert.equal(stdout(await run(0)), 'hello Ada\n');
    assert.deepEqual(input.prompts, ['Who? ']);

    const endless = notebook.cellAt(1);
    await vscode.commands.executeCommand('notebook.cell.execute', { ranges: [{ start: 1, end: 3 }] });
    await until('it has begun', () => stdout(endless) === 'on\n', context.signal);
    await vscode.commands.executeCommand('notebook.cancelExecution', { ranges: [{ start: 1, end: 3 }] });
    await until('it has ended', () => endless.executionSummary?.success !== undefined, context.signal);
    assert.equal(endless.executionSummary?.success, false);
    assert.match(outputs(endless).at(-1)?.text ?? '', /KeyboardInterrupt/);
    // What waited for it was not executed; the kernel still works.
    assert.equal(notebook.cellAt(2).outputs.length, 0);
    assert.equal(stdout(await run(2)), 'after\n');
  },
  slow,
);

test(
  'restarting the kernel ends what it executes and forgets its names',
  async context => {
    const { run, notebook } = await openGuest(context, [
      'kept = 1\nprint(kept)',
      'print("on")\nwhile True: pass',
      'print(kept)',
    ]);
    await run(0);
    const endless = notebook.cellAt(1);
    await vscode.commands.executeCommand('notebook.cell.execute', { ranges: [{ start: 1, end: 2 }] });
    await until('it has begun', () => stdout(endless) === 'on\n', context.signal);
    await vscode.commands.executeCommand('muster.restartGuestKernel');
    await until('it has ended', () => endless.executionSummary?.success !== undefined, context.signal);
    assert.equal(endless.executionSummary?.success, false);
    const gone = await run(2);
    assert.match(outputs(gone).at(-1)?.text ?? '', /NameError/);
  },
  slow,
);

test(
  'a cell that runs while the host is killed shows everything in the end',
  async context => {
    const { notebook, access } = await openGuest(context, [
      'import time\nfor n in range(150):\n    print(n, flush=True)\n    time.sleep(0.02)',
    ]);
    const cell = notebook.cellAt(0);
    await vscode.commands.executeCommand('notebook.cell.execute', { ranges: [{ start: 0, end: 1 }] });
    await until('it has begun', () => stdout(cell).includes('5\n'), context.signal);
    const { host } = access.services;
    const client = await host.client(context.signal);
    process.kill(client.endpoint.pid, 'SIGKILL');
    await until('it has ended', () => cell.executionSummary?.success !== undefined, context.signal);
    assert.equal(cell.executionSummary?.success, true);
    assert.equal(stdout(cell), Array.from({ length: 150 }, (_, n) => `${n}\n`).join(''));
  },
  slow,
);

test(
  'the kernel of a notebook completes and explains what is typed in its cells',
  async context => {
    const { run, notebook } = await openGuest(context, ['import time\nduck = "🦆"', '"🦆"; time.mono']);
    await run(0);
    const { document } = notebook.cellAt(1);
    const end = document.positionAt(document.getText().length);
    const answer = async () =>
      await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        end,
      );
    const textOf = ({ label }: vscode.CompletionItem): string => (typeof label === 'string' ? label : label.label);
    const completed = await until('the kernel has completed it', answer, context.signal);
    const item = completed.items.find(each => textOf(each).endsWith('monotonic'));
    assert.ok(item, completed.items.map(textOf).join());
    assert.ok(item.range instanceof vscode.Range);
    const before = document.getText().slice(0, document.offsetAt(item.range.start));
    assert.equal(before + textOf(item), '"🦆"; time.monotonic');

    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      document.positionAt(document.getText().indexOf('time') + 1),
    );
    const words = hovers.flatMap(({ contents }) =>
      contents.map(each => (typeof each === 'string' ? each : each.value)),
    );
    assert.match(words.join(), /Type:\s+module/);
  },
  slow,
);

test(
  'a notebook that the agent changes while a person edits it has the cells of both, and saves',
  async context => {
    // Before anything is edited: VS Code in a browser saves a second later by itself, and then there is nothing to merge.
    const files = vscode.workspace.getConfiguration('files');
    await files.update('autoSave', 'off', vscode.ConfigurationTarget.Global);
    context.after(() => files.update('autoSave', undefined, vscode.ConfigurationTarget.Global));
    const { notebook } = await openGuest(context, ['first', 'second', 'third', 'last']);
    const edit = new vscode.WorkspaceEdit();
    const change = (index: number, text: string): void => {
      const { document } = notebook.cellAt(index);
      edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), text);
    };
    change(0, 'first of mine');
    change(2, 'third of mine');
    await vscode.workspace.applyEdit(edit);
    assert.ok(notebook.isDirty);
    // A file of the person that has nothing to do with it, with changes that are nowhere else.
    const aside = await vscode.workspace.openTextDocument(join(dirname(notebook.uri.fsPath), '..', 'README.md'));
    await vscode.window.showTextDocument(aside, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true });
    const unsaved = new vscode.WorkspaceEdit();
    unsaved.insert(aside.uri, new vscode.Position(0, 0), 'Mine. ');
    await vscode.workspace.applyEdit(unsaved);
    const source = Buffer.from(await vscode.workspace.fs.readFile(notebook.uri)).toString('utf8');
    const file = JSON.parse(source) as { cells: { source: string[]; id: string }[] };
    const agents = (index: number, text: string): void => {
      const cell = file.cells[index];
      if (cell) cell.source = [text];
    };
    agents(1, 'second of the agent');
    agents(2, 'third of the agent');
    const [model] = file.cells;
    file.cells.push({ ...model, id: 'added', source: ['added by the agent'] });
    await writeFile(notebook.uri.fsPath, JSON.stringify(file));

    const expected = [
      'first of mine',
      'second of the agent',
      'third of mine',
      '# The file has this in place of the cell above:\nthird of the agent',
      'last',
      'added by the agent',
    ];
    const texts = () => notebook.getCells().map(({ document }) => document.getText());
    await until('both are there', () => texts().join('|') === expected.join('|'), context.signal);
    assert.ok(notebook.isDirty);
    assert.ok(aside.isDirty && aside.getText().startsWith('Mine. '), 'nothing else is reverted');
    assert.ok(await aside.save());
    // VS Code saves nothing while an edit is being applied.
    await until('it is saved', async () => await notebook.save(), context.signal);
    const saved = JSON.parse(await readFile(notebook.uri.fsPath, 'utf8')) as { cells: { source: string[] }[] };
    assert.deepEqual(
      saved.cells.map(cell => cell.source.join('')),
      expected,
    );
  },
  slow,
);

/** A thread whose agent has changed the first of the two cells of a notebook; each further run changes it again. */
async function changedNotebook(signal: AbortSignal) {
  const access = await provideCrew(signal);
  const cells = ['print(1)', 'second'].map((source, n) => ({
    cell_type: 'code',
    execution_count: null,
    id: `cell-${n}`,
    metadata: {},
    outputs: [],
    source: [source],
  }));
  await writeFile(
    inRepository('numbers.ipynb').fsPath,
    JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }),
  );
  await git('add', 'numbers.ipynb');
  if ((await git('status', '--porcelain')) !== '') await git('commit', '--quiet', '--message', 'Numbers');
  const threadId = await dispatch(access, 'analyst', 'Change the numbers');
  const { worktree } = await whenStatus(access, threadId, 'ready', signal);
  return { access, threadId, worktree };
}

test('a notebook that an agent at work changes under a person has what both wrote', async ({ signal, after }) => {
  const { access, threadId, worktree } = await changedNotebook(signal);
  const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(join(worktree, 'numbers.ipynb')));
  await vscode.window.showNotebookDocument(notebook);
  after(() => vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor'));
  const files = vscode.workspace.getConfiguration('files');
  await files.update('autoSave', 'off', vscode.ConfigurationTarget.Global);
  after(() => files.update('autoSave', undefined, vscode.ConfigurationTarget.Global));
  const edit = new vscode.WorkspaceEdit();
  const { document } = notebook.cellAt(1);
  edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), 'of mine');
  await vscode.workspace.applyEdit(edit);
  assert.ok(notebook.isDirty);
  await vscode.commands.executeCommand('muster.followUp', threadId, 'Change them again');
  const texts = () => notebook.getCells().map(({ document: cell }) => cell.getText());
  await until('both are there', () => texts().join('|') === 'print(3)|of mine', signal);
  await whenStatus(access, threadId, 'ready', signal);
  assert.ok(notebook.isDirty);
});

test('what an agent changed in a notebook is reviewed as cells', async ({ signal, after }) => {
  const { threadId } = await changedNotebook(signal);
  await vscode.commands.executeCommand('muster.openChangedFile', threadId, 'numbers.ipynb');
  const input = await until(
    'the notebooks are compared',
    () => {
      const { activeTab } = vscode.window.tabGroups.activeTabGroup;
      return activeTab?.input instanceof vscode.TabInputNotebookDiff && activeTab.input;
    },
    signal,
  );
  after(() => vscode.commands.executeCommand('workbench.action.closeActiveEditor'));
  assert.equal(input.notebookType, 'jupyter-notebook');
  assert.equal(input.modified.scheme, 'muster-review');
  const texts = await Promise.all(
    [input.original, input.modified].map(async uri =>
      (await vscode.workspace.openNotebookDocument(uri)).cellAt(0).document.getText(),
    ),
  );
  assert.deepEqual(texts, ['print(1)', 'print(2)']);
});
