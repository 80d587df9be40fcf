import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { answerMessages, dispatch, inRepository, provideCrew, repository, whenStatus } from './crew.js';
import { test, until } from './registry.js';

const run = promisify(execFile);

/** Another repository beside the one that the window shows. */
async function otherRepository(): Promise<string> {
  const folder = join(repository(), '..', 'client');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'client.js'), 'export const word = "Hello";\n');
  await run('git', ['init', '--quiet', '--initial-branch', 'main'], { cwd: folder });
  await run('git', ['config', 'user.name', 'Test'], { cwd: folder });
  await run('git', ['config', 'user.email', 'test@muster.invalid'], { cwd: folder });
  await run('git', ['add', '--all'], { cwd: folder });
  await run('git', ['commit', '--quiet', '--message', 'Begin'], { cwd: folder });
  return folder;
}

test('a review shows what a thread changed in each of its repositories, and merging lands all of it', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  const other = await otherRepository();
  const command = join(repository(), '..', 'bin', 'both');
  const script =
    'cat > /dev/null\necho both >> README.md\necho "export const word = \\"Bye\\";" > "$MUSTER_REPO_CLIENT/client.js"';
  await writeFile(command, `#!/bin/sh\nset -e\n${script}\n`);
  await chmod(command, 0o755);
  const file = inRepository('agent-compose.yml');
  const text = await readFile(file.fsPath, 'utf8');
  await writeFile(
    file.fsPath,
    text.replace(
      'providers:\n',
      `providers:\n  both-cli: {command: ${command}, input: stdin, output: {format: text}}\n`,
    ),
  );
  await appendFile(file.fsPath, '  both: {provider: both-cli, workspace: {repos: [{path: ../client}]}}\n');
  await run('git', ['commit', '--quiet', '--all', '--message', 'Both'], { cwd: repository() });
  const dialog = answerMessages(/consent/, 'Apply and Allow');
  after(() => dialog.restore());
  await vscode.commands.executeCommand('muster.applyProject', file);
  await until(
    'the agent is there',
    () => access.services.scope.projects()[0]?.agents.some(({ name }) => name === 'both'),
    signal,
  );

  const id = await dispatch(access, 'both', 'Both sides');
  const thread = await whenStatus(access, id, 'ready', signal);
  const [part] = thread.parts;
  assert.equal(part?.name, 'client');
  await vscode.commands.executeCommand('muster.review', id);
  assert.equal(access.services.reviews.activeThreadId, id);
  const { changes } = access.views;
  const paths = (): readonly string[] => changes.files().map(({ path }) => path);
  await until('the files of both are listed', () => paths().length === 2, signal);
  assert.deepEqual(paths(), ['client:client.js', 'README.md']);
  const theirs = await until(
    'the file of the other one is there with both sides',
    () => {
      const found = vscode.workspace.textDocuments.filter(({ uri }) => uri.authority === part?.threadId);
      return found.length === 2 && found.map(document => document.getText());
    },
    signal,
  );
  assert.deepEqual(theirs.toSorted(), ['export const word = "Bye";\n', 'export const word = "Hello";\n']);

  await vscode.commands.executeCommand('muster.openChange', { kind: 'changedFile', path: 'client:client.js' });
  const editor = await until(
    'its file is open',
    () => vscode.window.activeTextEditor?.document.uri.path === '/client.js' && vscode.window.activeTextEditor,
    signal,
  );
  assert.equal(access.services.reviews.activeThreadId, id, 'it is a file of the same review');
  const lenses = await until(
    'its change has a mark',
    async () => {
      const found = await vscode.commands.executeCommand<readonly vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        editor.document.uri,
        100,
      );
      const mark = found.find(lens => lens.command?.title === 'Mark as Reviewed');
      return mark?.command && [mark.command];
    },
    signal,
  );
  for (const mark of lenses) await vscode.commands.executeCommand(mark.command, ...(mark.arguments ?? []));
  await until(
    'it is reviewed',
    () => access.services.changes.files.some(each => each.file?.path === 'client:client.js' && each.hunks[0]?.reviewed),
    signal,
  );

  const client = await access.services.host.client(signal);
  await vscode.commands.executeCommand('muster.stageChange', { kind: 'changedFile', path: 'client:client.js' });
  const isStaged = (): boolean =>
    access.services.changes.files.some(each => each.file?.path === 'client:client.js' && each.hunks[0]?.staged);
  await until('a piece of the other one is staged', isStaged, signal);
  await assert.rejects(client.threads.approveThread({ threadId: id }, { signal }), /is staged/);
  await vscode.commands.executeCommand('muster.unstageAll');
  await until('nothing is staged any more', () => !isStaged(), signal);

  await vscode.commands.executeCommand('muster.merge', id);
  await whenStatus(access, id, 'merged', signal);
  assert.equal(await readFile(join(other, 'client.js'), 'utf8'), 'export const word = "Bye";\n');
  assert.match(await readFile(inRepository('README.md').fsPath, 'utf8'), /both/);
});
