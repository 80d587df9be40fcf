import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { answerMessages, dispatch, extension, whenStatus } from './crew.js';
import { test, until } from './registry.js';

const run = promisify(execFile);

const compose = `name: elsewhere
providers:
  scribe: {command: sh, args: ["-c", "cat > note.txt; echo written"], input: stdin, output: {format: text}}
agents:
  scribe: {provider: scribe}
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A host with a project of its own that is reached over TCP with a token alone. */
async function startHostElsewhere(cli: string, after: (cleanUp: () => unknown) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'muster-elsewhere-'));
  after(() => rm(folder, { recursive: true, force: true }));
  const repository = join(folder, 'repository');
  await mkdir(repository);
  await writeFile(join(repository, 'agent-compose.yml'), compose);
  const git = async (...args: readonly string[]) =>
    (await run('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], { cwd: repository })).stdout;
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Begin');
  await git('config', 'user.name', 'T');
  await git('config', 'user.email', 't@example.com');
  const env = { ...process.env, MUSTER_HOME: join(folder, 'state'), ELECTRON_RUN_AS_NODE: '1' };
  const muster = async (...args: readonly string[]) =>
    (await run(process.execPath, [cli, ...args], { cwd: repository, env })).stdout.trim();
  const listen = `127.0.0.1:${await freePort()}`;
  const daemon = spawn(process.execPath, [cli, 'daemon', '--listen', listen], { env, stdio: 'ignore' });
  const ended = new Promise(resolve => daemon.once('close', resolve));
  after(async () => {
    daemon.kill('SIGTERM');
    await ended;
  });
  return { address: `http://${listen}`, git, muster };
}

/** Somebody at that machine commits a file. */
async function commitThere(git: (...args: readonly string[]) => Promise<string>, file: string): Promise<void> {
  const top = (await git('rev-parse', '--show-toplevel')).trim();
  await writeFile(join(top, file), 'written by a person\n');
  await git('add', file);
  await git('commit', '--quiet', '--message', `Change ${file}`);
}

/** What a person types into one question after the other. */
function type(...lines: readonly string[]): { restore(): void; readonly asked: vscode.InputBoxOptions[] } {
  const original: unknown = Reflect.get(vscode.window, 'showInputBox');
  const asked: vscode.InputBoxOptions[] = [];
  Reflect.set(vscode.window, 'showInputBox', async (options: vscode.InputBoxOptions) => {
    asked.push(options);
    return lines[asked.length - 1];
  });
  return { asked, restore: () => Reflect.set(vscode.window, 'showInputBox', original) };
}

/** Says something at the first line of a diff that can only be read, as a person who has clicked `+` there and typed. */
async function commentThere(
  access: Awaited<ReturnType<typeof extension>>,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await vscode.commands.executeCommand('muster.openChangedFile', id, 'note.txt');
  const { document } = await until(
    'the file is open',
    () => vscode.window.activeTextEditor?.document.uri.scheme === 'muster-review' && vscode.window.activeTextEditor,
    signal,
  );
  const { uri } = document;
  // VS Code makes this object of the click; nothing of it is shown here.
  const begun = { uri, range: new vscode.Range(0, 0, 0, 0), comments: [], dispose: () => undefined };
  await vscode.commands.executeCommand('muster.addComment', { thread: begun, text: 'Which wall?' });
  const shown = await until(
    'the comment is shown at its line',
    () => access.services.comments.discussions.find(each => each.uri.toString() === uri.toString()),
    signal,
  );
  assert.deepEqual([shown.range?.start.line, shown.contextValue, shown.comments[0]?.body], [0, 'draft', 'Which wall?']);
}

test('a host of another machine: its projects, a task, its diff to read, a merge, and what needs its disk says so', async ({
  signal,
  after,
}) => {
  const access = await extension();
  const { host, scope, context } = access.services;
  const { address, git, muster } = await startHostElsewhere(join(context.extensionPath, 'dist', 'cli.js'), after);
  await until(
    'the host listens',
    async () => (await fetch(`${address}/api/version`).catch(() => undefined))?.ok,
    signal,
  );
  await muster('up', '--yes');
  const token = await muster('token', 'create');
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  const wrong = type(address, 'muster_wrong');
  const refused = answerMessages(/./, undefined);
  await vscode.commands.executeCommand('muster.connectToHost');
  wrong.restore();
  refused.restore();
  assert.match(refused.shown[0]?.text ?? '', /token/);
  assert.equal(host.elsewhere, '');

  const typed = type(address, token);
  after(async () => {
    const back = type('');
    await vscode.commands.executeCommand('muster.connectToHost');
    back.restore();
    await until('this machine’s host is back', () => host.elsewhere === '' && host.state === 'connected', signal);
  });
  const connecting = answerMessages(/./, undefined);
  await vscode.commands.executeCommand('muster.connectToHost');
  typed.restore();
  connecting.restore();
  assert.deepEqual(connecting.shown, []);
  assert.equal(typed.asked[1]?.password, true);
  await until('its project is shown', () => scope.projects()[0]?.name === 'elsewhere', signal);
  assert.equal(host.elsewhere, address);
  assert.equal(vscode.workspace.getConfiguration().get('muster.host.address'), address);

  const id = await dispatch(access, 'scribe', 'Write this down');
  const thread = await whenStatus(access, id, 'ready', signal);
  await vscode.commands.executeCommand('muster.openThread', id);
  await vscode.commands.executeCommand('muster.openChangedFile', id, 'note.txt');
  const { document } = await until(
    'the file is open',
    () => vscode.window.activeTextEditor?.document.uri.scheme === 'muster-review' && vscode.window.activeTextEditor,
    signal,
  );
  assert.match(document.getText(), /Write this down/);
  const { permissions } = await vscode.workspace.fs.stat(document.uri);
  assert.equal(permissions, vscode.FilePermission.Readonly);
  await assert.rejects(async () => await vscode.workspace.fs.writeFile(document.uri, Buffer.from('other')));

  const disk = answerMessages(/./, undefined);
  await vscode.commands.executeCommand('muster.openWorktree', id);
  disk.restore();
  assert.match(disk.shown[0]?.text ?? '', /disk of the machine that the host runs on/);
  assert.ok(disk.shown[0]?.text.includes(address));

  const merging = answerMessages(/./, 'Merge');
  await vscode.commands.executeCommand('muster.merge', id);
  merging.restore();
  await whenStatus(access, id, 'merged', signal);
  assert.match(await git('show', 'main:note.txt'), /Write this down/);
  assert.equal((await git('status', '--porcelain')).trim(), '');
  assert.ok(thread.worktree !== '');
});

test('a host of another machine: the board, comments on lines and changes that are asked for, a conflict for its agent, and what was abandoned', async ({
  signal,
  after,
}) => {
  const access = await extension();
  const { host, scope, context } = access.services;
  const { address, git, muster } = await startHostElsewhere(join(context.extensionPath, 'dist', 'cli.js'), after);
  await until(
    'the host listens',
    async () => (await fetch(`${address}/api/version`).catch(() => undefined))?.ok,
    signal,
  );
  await muster('up', '--yes');
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  const typed = type(address, await muster('token', 'create'));
  after(async () => {
    const back = type('');
    await vscode.commands.executeCommand('muster.connectToHost');
    back.restore();
    await until('this machine’s host is back', () => host.elsewhere === '' && host.state === 'connected', signal);
  });
  await vscode.commands.executeCommand('muster.connectToHost');
  typed.restore();
  await until('its project is shown', () => scope.projects()[0]?.name === 'elsewhere', signal);

  const id = await dispatch(access, 'scribe', 'Write this down');
  await whenStatus(access, id, 'ready', signal);
  await vscode.commands.executeCommand('muster.showBoard');
  await until(
    'the board is open',
    () => vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ label }) => /board/i.test(label))),
    signal,
  );

  await commentThere(access, id, signal);
  const words = type('In green, please');
  await vscode.commands.executeCommand('muster.requestChanges', id);
  words.restore();
  const branch = host.threads.get(id)?.branch ?? '';
  await until(
    'what it was asked, and what was said at the line, is in the file',
    async () => /In green, please[\s\S]*note\.txt[\s\S]*Which wall/.test(await git('show', `${branch}:note.txt`)),
    signal,
  );
  await whenStatus(access, id, 'ready', signal);

  // Somebody there commits the same file meanwhile.
  await commitThere(git, 'note.txt');
  const merging = answerMessages(/^Merge/, 'Merge');
  await vscode.commands.executeCommand('muster.merge', id);
  merging.restore();
  await until('the conflict is known', () => host.threads.get(id)?.latestMerge?.status === 'conflicted', signal);
  assert.match(merging.shown.map(({ text }) => text).join('\n'), /conflict/i);
  const runs = host.threads.get(id)?.latestRun?.id;
  await vscode.commands.executeCommand('muster.resolveConflict', id);
  await until('the agent was asked', () => host.threads.get(id)?.latestRun?.id !== runs, signal);
  await until('it has ended', () => (host.threads.get(id)?.latestRun?.endedAt ?? 0n) > 0n, signal);

  const sure = answerMessages(/Abandon/, 'Abandon');
  const other = await dispatch(access, 'scribe', 'Write that down');
  await whenStatus(access, other, 'ready', signal);
  await vscode.commands.executeCommand('muster.abandonThread', other);
  sure.restore();
  await whenStatus(access, other, 'abandoned', signal);
  await vscode.commands.executeCommand('muster.restoreThread', other);
  const restored = await whenStatus(access, other, 'ready', signal);
  assert.match(await git('show', `${restored.branch}:note.txt`), /Write that down/);
});
