import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { GuestServer } from '../../../src/client/notebooks/guestServer.js';
import { openGuest, outputs, slow, stdout } from './guestNotebook.js';
import { test, until } from './registry.js';

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

test(
  'what is executed in the kernels of a thread is read along, whoever asked for it',
  async context => {
    const { run, threadId, access, notebook } = await openGuest(context, ['print("of the person")']);
    await run(0);
    await vscode.commands.executeCommand('muster.showExecutedCells', threadId);
    const shown = await until('they are shown', () => vscode.window.activeTextEditor?.document, context.signal);
    context.after(() => vscode.commands.executeCommand('workbench.action.closeActiveEditor'));
    await until('the cell is there', () => shown.getText().includes('print("of the person")'), context.signal);
    assert.match(shown.getText(), /^In \[1\] · .*\n.*\n---\nof the person\n/);
    // By another client, in the kernel of the same notebook.
    const { endpoint, notebooks } = await access.services.host.client(context.signal);
    const { server } = await notebooks.getNotebookServer({ threadId });
    const guest = new GuestServer({ socket: endpoint.socket, token: endpoint.token }, server?.path ?? '');
    const kernel = await guest.kernelOf('analysis/numbers.ipynb', { kernel: 'python3' });
    context.after(() => kernel.dispose());
    const go = join(dirname(notebook.uri.fsPath), 'go');
    const code = 'import os, time\nprint("of another", flush=True)\nwhile not os.path.exists("go"): time.sleep(0.05)';
    const going = kernel.execute(code, { onSaying: () => undefined });
    await until('it is shown at work', () => /· running\n[^]*of another/.test(shown.getText()), context.signal);
    await writeFile(go, '');
    assert.equal((await going.end).kind, 'ok');
    await until('it is shown ended', () => !shown.getText().includes('running'), context.signal);
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

    const terminals = vscode.window.terminals.length;
    await vscode.commands.executeCommand('muster.attachGuestTerminal', threadId);
    const terminal = await until('a terminal is there', () => vscode.window.terminals[terminals], context.signal);
    context.after(() => terminal.dispose());
    assert.equal(Reflect.get(terminal.creationOptions, 'cwd'), worktree);

    // In an editor, which follows what the agent writes.
    const document = await vscode.workspace.openTextDocument(at('/data/two.txt'));
    await vscode.window.showTextDocument(document);
    await writeFile(join(worktree, 'data', 'two.txt'), 'two, longer\n');
    await until('the editor has it', () => document.getText() === 'two, longer\n', context.signal);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(0, 0), 'mine: ');
    await vscode.workspace.applyEdit(edit);
    // It may have saved it by itself.
    await document.save();
    await until('it is saved', () => !document.isDirty, context.signal);
    assert.equal(await text(document.uri), 'mine: two, longer\n');
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await fs.delete(at('/data'), { recursive: true });
    await assert.rejects(async () => await fs.stat(at('/data')), { code: 'FileNotFound' });
  },
  slow,
);
