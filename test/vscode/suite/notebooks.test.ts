import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { TestAccess } from '../../../src/extension/main.js';
import { dispatch, provideCrew, whenStatus } from './crew.js';
import { test, until, type TestContext } from './registry.js';

/** A server and a kernel are started for each test; on a busy machine that takes a while. */
const slow = { timeoutMs: 150_000 };

/** One pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

interface Opened {
  readonly access: TestAccess;
  readonly threadId: string;
  readonly notebook: vscode.NotebookDocument;
  /** Executes a cell and waits for its end. */
  readonly run: (index: number) => Promise<vscode.NotebookCell>;
}

/** A thread's notebook with these cells, opened as a person opens it, on the guest's kernel. */
async function openGuest({ signal, after }: TestContext, sources: readonly string[]): Promise<Opened> {
  const access = await provideCrew(signal);
  const threadId = await dispatch(access, 'writer', 'Analyse the numbers');
  const { worktree } = await whenStatus(access, threadId, 'ready', signal);
  const file = join(worktree, 'analysis', 'numbers.ipynb');
  await mkdir(join(worktree, 'analysis'), { recursive: true });
  const cells = sources.map((source, n) => ({
    cell_type: 'code',
    execution_count: null,
    id: `cell-${n}`,
    metadata: {},
    outputs: [],
    source: [source],
  }));
  await writeFile(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  const picks = answerPicks(/Which notebook/, 'analysis/numbers.ipynb');
  after(async () => {
    picks.restore();
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('muster.stopNotebookServer', threadId);
  });
  await vscode.commands.executeCommand('muster.openGuestNotebook', threadId);
  const notebook = vscode.window.activeNotebookEditor?.notebook;
  assert.ok(notebook, 'the notebook is in front');
  assert.equal(notebook.uri.fsPath, file);
  const run = async (index: number): Promise<vscode.NotebookCell> => {
    const cell = notebook.cellAt(index);
    await vscode.commands.executeCommand('notebook.cell.execute', { ranges: [{ start: index, end: index + 1 }] });
    await until(`cell ${index} has ended`, () => cell.executionSummary?.success !== undefined, signal);
    return cell;
  };
  return { access, threadId, notebook, run };
}

/** Answers quick picks whose placeholder matches with the row of that label. */
function answerPicks(matching: RegExp, label: string): { restore(): void } {
  const { window } = vscode;
  const original: unknown = Reflect.get(window, 'showQuickPick');
  Reflect.set(
    window,
    'showQuickPick',
    async (rows: readonly vscode.QuickPickItem[], options?: vscode.QuickPickOptions) =>
      matching.test(options?.placeHolder ?? '') ? rows.find(row => row.label === label) : undefined,
  );
  return { restore: () => void Reflect.set(window, 'showQuickPick', original) };
}

function answerInput(answer: string | undefined): { readonly prompts: string[]; restore(): void } {
  const { window } = vscode;
  const original: unknown = Reflect.get(window, 'showInputBox');
  const prompts: string[] = [];
  Reflect.set(window, 'showInputBox', async (options?: vscode.InputBoxOptions) => {
    prompts.push(options?.prompt ?? '');
    return answer;
  });
  return { prompts, restore: () => void Reflect.set(window, 'showInputBox', original) };
}

/** The outputs of a cell by kind. */
function outputs(cell: vscode.NotebookCell): readonly { readonly mime: string; readonly text: string }[] {
  return cell.outputs.flatMap(({ items }) =>
    items.map(({ mime, data }) => ({ mime, text: Buffer.from(data).toString('utf8') })),
  );
}

/** What a cell printed, as one text. */
function stdout(cell: vscode.NotebookCell): string {
  return outputs(cell)
    .filter(({ mime }) => mime === 'application/vnd.code.notebook.stdout')
    .map(({ text }) => text)
    .join('');
}

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
  'progress of widgets is text that goes on, also after the connection broke',
  async context => {
    const bar = 'from tqdm.notebook import tqdm\nimport os, time\n';
    const { run, notebook, access } = await openGuest(context, [
      `${bar}for n in tqdm(range(4), desc="Loading"): time.sleep(0.05)\nprint("loaded")`,
      `${bar}for n in tqdm(range(2), desc="Waiting", mininterval=0, miniters=1):\n    while n == 1 and not os.path.exists("go"): time.sleep(0.05)`,
    ]);
    const shown = (cell: vscode.NotebookCell): string =>
      outputs(cell)
        .filter(({ mime }) => mime === 'text/plain')
        .map(({ text }) => text)
        .join('\n');
    const loaded = await run(0);
    assert.match(shown(loaded), /Loading: 100% █{30} 100% .*4\/4/);
    assert.equal(stdout(loaded), 'loaded\n');

    const waiting = notebook.cellAt(1);
    await vscode.commands.executeCommand('notebook.cell.execute', { ranges: [{ start: 1, end: 2 }] });
    await until('it is half done', () => /Waiting: 50% .* 50%/.test(shown(waiting)), context.signal);
    const client = await access.services.host.client(context.signal);
    process.kill(client.endpoint.pid, 'SIGKILL');
    await writeFile(join(dirname(notebook.uri.fsPath), 'go'), '');
    await until('it has ended', () => waiting.executionSummary?.success !== undefined, context.signal);
    assert.match(shown(waiting), /Waiting: 100% █{30} 100%/);
  },
  slow,
);

/** What the suite needs of VS Code's extension for Jupyter. */
interface ServerProvider {
  provideJupyterServers(token: vscode.CancellationToken): { id: string; label: string }[];
  resolveJupyterServer(
    server: { id: string; label: string },
    token: vscode.CancellationToken,
  ): Promise<{ connectionInformation?: { baseUrl: vscode.Uri; token?: string } }>;
}

test(
  'guests are servers of the Jupyter extension where that is installed',
  async context => {
    const collections: { id: string; label: string; provider: ServerProvider }[] = [];
    const api = {
      createJupyterServerCollection: (id: string, label: string, provider: ServerProvider) => {
        collections.push({ id, label, provider });
        return { id, label, dispose: () => undefined };
      },
    };
    const { extensions } = vscode;
    const original: unknown = Reflect.get(extensions, 'getExtension');
    const real = extensions.getExtension.bind(extensions);
    Reflect.set(extensions, 'getExtension', (id: string) =>
      id === 'ms-toolsai.jupyter' ? { id, activate: async () => api } : real(id),
    );
    context.after(() => void Reflect.set(extensions, 'getExtension', original));
    const { threadId } = await openGuest(context, ['print("there")']);
    await until('it was asked', () => collections.length > 0, context.signal);
    assert.equal(collections.length, 1);
    const [{ label, provider } = assert.fail()] = collections;
    assert.equal(label, 'Muster');
    const { token } = new vscode.CancellationTokenSource();
    const server = provider.provideJupyterServers(token).find(({ id }) => id === threadId);
    assert.ok(server);
    assert.match(server.label, /^writer · Analyse the numbers/);
    const { connectionInformation } = await provider.resolveJupyterServer(server, token);
    assert.ok(connectionInformation?.token);
    const kernels = await fetch(`${connectionInformation.baseUrl.toString(true)}api/kernels`, {
      headers: { authorization: `token ${connectionInformation.token}` },
    });
    assert.equal(kernels.status, 200);
    assert.ok(Array.isArray(await kernels.json()));
  },
  slow,
);

test(
  'files of a guest open, change and go through its own server',
  async context => {
    const { threadId, notebook } = await openGuest(context, ['print("there")']);
    const { fs } = vscode.workspace;
    const at = (path: string): vscode.Uri => vscode.Uri.from({ scheme: 'muster-guest', authority: threadId, path });
    const worktree = join(dirname(notebook.uri.fsPath), '..');
    const text = async (uri: vscode.Uri): Promise<string> => Buffer.from(await fs.readFile(uri)).toString('utf8');

    assert.deepEqual(await fs.readDirectory(at('/analysis')), [['numbers.ipynb', vscode.FileType.File]]);
    assert.equal((await fs.stat(at('/analysis'))).type, vscode.FileType.Directory);
    assert.equal((await fs.stat(at('/README.md'))).type, vscode.FileType.File);
    await fs.createDirectory(at('/data'));
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    await fs.writeFile(at('/data/a b%.bin'), bytes);
    assert.deepEqual(await readFile(join(worktree, 'data', 'a b%.bin')), bytes);
    assert.deepEqual(Buffer.from(await fs.readFile(at('/data/a b%.bin'))), bytes);
    await fs.writeFile(at('/data/one.txt'), Buffer.from('one\n'));
    await fs.rename(at('/data/one.txt'), at('/data/two.txt'));
    assert.equal(await readFile(join(worktree, 'data', 'two.txt'), 'utf8'), 'one\n');
    await assert.rejects(async () => await fs.stat(at('/data/one.txt')), { code: 'FileNotFound' });
    await assert.rejects(async () => await fs.rename(at('/data/two.txt'), at('/README.md')), { code: 'FileExists' });
    await assert.rejects(async () => await fs.readFile(at('/../../etc/passwd')));
    await assert.rejects(async () => await fs.delete(at('/data')), /not empty/);

    // In an editor, which follows what the agent writes.
    const document = await vscode.workspace.openTextDocument(at('/data/two.txt'));
    await vscode.window.showTextDocument(document);
    await writeFile(join(worktree, 'data', 'two.txt'), 'two, longer\n');
    await until('the editor has it', () => document.getText() === 'two, longer\n', context.signal);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(0, 0), 'mine: ');
    await vscode.workspace.applyEdit(edit);
    // VS Code saves nothing while an edit is being applied.
    await until('it is saved', async () => await document.save(), context.signal);
    assert.equal(await text(document.uri), 'mine: two, longer\n');
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await fs.delete(at('/data'), { recursive: true });
    await assert.rejects(async () => await fs.stat(at('/data')), { code: 'FileNotFound' });
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
    const files = vscode.workspace.getConfiguration('files');
    await files.update('autoSave', 'off', vscode.ConfigurationTarget.Global);
    context.after(() => files.update('autoSave', undefined, vscode.ConfigurationTarget.Global));
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
