import assert from 'node:assert/strict';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import {
  answerMessages,
  dispatch,
  git,
  inRepository,
  openRepositories,
  provideCrew,
  repository,
  whenStatus,
} from './crew.js';
import { test, until } from './registry.js';
import { sides } from './reviewSides.js';

const before = "export function greet(name) {\n  return 'Hello ' + name;\n}\n";
const after = 'export function greet(name) {\n  return "Good day, " + name;\n}\n';

async function closeEditors(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** A file of the extension's own folder. */
function inMuster(...parts: readonly string[]): string {
  return join(vscode.extensions.getExtension('muster.muster')?.extensionPath ?? '', ...parts);
}

test('applying a compose file with own commands asks for consent and shows the agents', async ({
  signal,
  after: cleanUp,
}) => {
  const messages = answerMessages(/./, undefined);
  cleanUp(() => messages.restore());
  const access = await provideCrew(signal);
  const { projects } = access.views;
  const [node] = projects.getChildren();
  assert.ok(node);
  assert.equal(projects.getTreeItem(node).label, 'crew');
  assert.match(String(projects.getTreeItem(node).description), /applied · .*\d agents/);
  const rows = projects.getChildren(node).map(child => projects.getTreeItem(child));
  assert.deepEqual(
    new Set(rows.map(({ label }) => label)),
    new Set(['analyst', 'breaker', 'idler', 'polite', 'scatter', 'writer']),
  );
  assert.match(String(rows[0]?.contextValue), /\bagent\b/);
});

test('a task goes from a document to a merged commit on main', async ({ signal, after: cleanUp }) => {
  cleanUp(closeEditors);
  const access = await provideCrew(signal);
  await asItWas();
  const threadId = await dispatch(access, 'writer', 'Greet politely\n\nand say so.\n\n@src/greet.js:1-2\n');
  assert.equal(
    vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).some(({ isDirty }) => isDirty),
    false,
  );
  const thread = await whenStatus(access, threadId, 'ready', signal);
  assert.equal(thread.summary, 'Greet politely');
  // The run has ended before its work is put away and counted.
  await until(
    'the changes are counted',
    () => access.services.host.threads.get(threadId)?.filesChanged === 2 || undefined,
    signal,
  );

  const { threads } = access.views;
  await until(
    'the tree shows it under Ready for review',
    () => {
      const section = threads.getChildren().find(node => node.kind === 'section' && node.key === 'ready');
      return section && threads.getChildren(section).some(node => node.kind === 'thread' && node.threadId === threadId);
    },
    signal,
  );

  await vscode.commands.executeCommand('muster.review', threadId);
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
  assert.match(tab?.label ?? '', /^Review: Greet politely/);
  assert.equal(access.services.reviews.activeThreadId, threadId);
  const { base, current } = await sides(threadId, signal);
  assert.equal(base.getText(), before);
  assert.equal(current.getText(), after);
  assert.equal(await readFile(inRepository('src', 'greet.js').fsPath, 'utf8'), before, 'the checkout is untouched');

  await vscode.commands.executeCommand('muster.merge', threadId);
  await whenStatus(access, threadId, 'merged', signal);
  assert.equal(await git('show', 'main:src/greet.js'), after.trim());
  assert.equal(await readFile(inRepository('src', 'greet.js').fsPath, 'utf8'), after, 'the checkout follows');
  assert.equal(await git('status', '--porcelain'), '');
});

/** Takes back what earlier tests landed. */
async function asItWas(): Promise<void> {
  await writeFile(inRepository('src', 'greet.js').fsPath, before);
  await rm(inRepository('TASK.txt').fsPath, { force: true });
  if ((await git('status', '--porcelain')) !== '') await git('commit', '--quiet', '--all', '--message', 'Back');
}

/** A thread that is ready, with its review open and the right side of its file. */
async function reviewed(prompt: string, signal: AbortSignal) {
  const access = await provideCrew(signal);
  await asItWas();
  const threadId = await dispatch(access, 'writer', prompt);
  const thread = await whenStatus(access, threadId, 'ready', signal);
  await vscode.commands.executeCommand('muster.review', threadId);
  const { current } = await sides(threadId, signal);
  const type = async (text: string): Promise<void> => {
    const edit = new vscode.WorkspaceEdit();
    edit.insert(current.uri, new vscode.Position(0, 0), text);
    assert.ok(await vscode.workspace.applyEdit(edit));
  };
  return { access, threadId, thread, current, type };
}

test('what a reviewer writes in the review counts as reviewed, saved or not, and lands', async ({
  signal,
  after: cleanUp,
}) => {
  cleanUp(closeEditors);
  const { access, threadId, current, type } = await reviewed('Greet again', signal);
  const messages = answerMessages(/./, undefined);
  cleanUp(() => messages.restore());
  await type('// Reviewed.\n');
  await current.save();
  await type('// Not saved.\n');
  await vscode.commands.executeCommand('muster.merge', threadId);
  await whenStatus(access, threadId, 'merged', signal);
  assert.deepEqual(
    messages.shown.map(({ text, buttons }) => [text.replace(/ ".*/, ''), ...buttons]),
    [['Merged', 'Undo Merge']],
  );
  assert.equal(await git('show', 'main:src/greet.js'), `// Not saved.\n// Reviewed.\n${after}`.trim());
});

test('what a reviewer writes in the review is approved without a question, saved or not', async ({
  signal,
  after: cleanUp,
}) => {
  cleanUp(closeEditors);
  const { access, threadId, current, type } = await reviewed('Greet to be approved', signal);
  const messages = answerMessages(/./, undefined);
  cleanUp(() => messages.restore());
  await type('// Reviewed.\n');
  await current.save();
  await type('// Not saved.\n');
  await vscode.commands.executeCommand('muster.approve');
  const head = await until(
    'it is approved',
    () => access.services.host.threads.get(threadId)?.approvedHead || messages.asked.length > 0,
    signal,
  );
  assert.deepEqual(messages.asked, []);
  assert.equal(await git('show', `${String(head)}:src/greet.js`), `// Not saved.\n// Reviewed.\n${after}`.trim());
});

test('a merged thread whose worktree is gone is reviewed from its commits, and undo takes its merge back', async ({
  signal,
  after: cleanUp,
}) => {
  cleanUp(closeEditors);
  const { access, threadId } = await reviewed('Greet and go', signal);
  await vscode.commands.executeCommand('muster.merge', threadId);
  await whenStatus(access, threadId, 'merged', signal);
  await closeEditors();
  const dialog = answerMessages(/^Remove the worktree/, 'Remove Worktree');
  cleanUp(() => dialog.restore());
  await vscode.commands.executeCommand('muster.removeWorktree', threadId);
  dialog.restore();
  await until('the worktree is gone', () => access.services.host.threads.get(threadId)?.worktree === '', signal);

  await vscode.commands.executeCommand('muster.review', threadId);
  const shown = (text: string): boolean =>
    vscode.workspace.textDocuments.some(
      document =>
        document.uri.path === '/src/greet.js' && document.uri.authority === threadId && document.getText() === text,
    );
  await until('both sides come from commits', () => (shown(before) && shown(after)) || undefined, signal);

  const undo = answerMessages(/./, 'Undo Merge');
  cleanUp(() => undo.restore());
  await vscode.commands.executeCommand('muster.undoMerge', threadId);
  assert.equal(await git('show', 'main:src/greet.js'), before.trim());
  assert.equal(await git('status', '--porcelain'), '');
  await until(
    'the thread says that its merge was undone',
    () => access.services.host.threads.get(threadId)?.latestMerge?.undone === 'restored',
    signal,
  );
});

test('what somebody else wrote since the review is merged only after it was approved', async ({
  signal,
  after: cleanUp,
}) => {
  cleanUp(closeEditors);
  const { access, threadId, thread, type } = await reviewed('Greet once more', signal);
  await writeFile(join(thread.worktree, 'sneaked.txt'), 'not reviewed\n');
  await type('// Reviewed.\n');
  const refused = answerMessages(/./, undefined);
  cleanUp(() => refused.restore());
  await vscode.commands.executeCommand('muster.merge', threadId);
  refused.restore();
  assert.match(refused.asked[0]?.text ?? '', /has changed since you reviewed it: sneaked\.txt/);
  assert.deepEqual(refused.asked[0]?.buttons, ['What Changed Since', 'Approve and Merge']);

  await vscode.commands.executeCommand('muster.review', threadId);
  await vscode.commands.executeCommand('muster.merge', threadId);
  await whenStatus(access, threadId, 'merged', signal);
  assert.equal(await git('show', 'main:sneaked.txt'), 'not reviewed');
});

test('approving in the review leaves a mark that ends with the commit', async ({ signal, after: cleanUp }) => {
  cleanUp(closeEditors);
  const { access, threadId } = await reviewed('Greet and wait', signal);
  await vscode.commands.executeCommand('muster.approve');
  const { threads } = access.views;
  const item = await until(
    'the row says so',
    () => {
      const section = threads.getChildren().find(node => node.kind === 'section' && node.key === 'ready');
      const node =
        section && threads.getChildren(section).find(each => each.kind === 'thread' && each.threadId === threadId);
      const found = node && (threads.getTreeItem(node) as vscode.TreeItem);
      return found && /approved by you at [0-9a-f]{8}/.test(String(found.description)) ? found : undefined;
    },
    signal,
  );
  assert.doesNotMatch(String(item.contextValue), /approvable/);
  const thread = access.services.host.threads.get(threadId);
  assert.equal(thread?.approvedHead, thread?.head);
});

test('the review in front is known by its address, whatever threads are called', async ({ signal, after: cleanUp }) => {
  cleanUp(closeEditors);
  const { access, threadId: first } = await reviewed('Add login', signal);
  const second = await dispatch(access, 'writer', 'Add login (v2)');
  await whenStatus(access, second, 'ready', signal);
  await vscode.commands.executeCommand('muster.review', second);
  await until('the second is in front', () => access.services.reviews.activeThreadId === second, signal);
  await vscode.commands.executeCommand('muster.merge');
  await whenStatus(access, second, 'merged', signal);
  assert.equal(access.services.host.threads.get(first)?.status, 'ready');
  await until('the first is in front', () => access.services.reviews.activeThreadId === first, signal);
});

test('a review adds no repository to Source Control, and shows no file as renamed', async ({
  signal,
  after: cleanUp,
}) => {
  cleanUp(closeEditors);
  const repositories = await openRepositories();
  await until('git has found the folder of the window', () => repositories().includes(repository()), signal);
  const known = repositories();
  const { threadId, current } = await reviewed('Greet the repository', signal);
  const { base } = await sides(threadId, signal);
  assert.equal(base.uri.path, current.uri.path);
  await current.save();
  assert.deepEqual(repositories(), known);
});

test('an added image opens as one, and a deleted file says that it is', async ({ signal, after: cleanUp }) => {
  cleanUp(closeEditors);
  const { threadId, thread } = await reviewed('Draw something', signal);
  await copyFile(inMuster('media', 'icon.png'), join(thread.worktree, 'logo.png'));
  await rm(join(thread.worktree, 'README.md'));
  await vscode.commands.executeCommand('muster.openChangedFile', threadId, 'logo.png');
  const shown = await until(
    'the image is shown',
    () => {
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
      return tab?.input instanceof vscode.TabInputCustom && tab.input.uri.path === '/logo.png' ? tab.input : undefined;
    },
    signal,
  );
  assert.equal(shown.viewType, 'imagePreview.previewEditor');
  await vscode.commands.executeCommand('muster.openChangedFile', threadId, 'README.md');
  await until(
    'the tab says so',
    () => vscode.window.tabGroups.activeTabGroup.activeTab?.label.includes('README.md (deleted') ?? false,
    signal,
  );
});

test('a merge over unsaved work of the person is blocked with the file name, and loses nothing', async ({
  signal,
  after: cleanUp,
}) => {
  cleanUp(closeEditors);
  const access = await provideCrew(signal);
  await asItWas();
  const threadId = await dispatch(access, 'writer', 'Greet while I edit');
  await whenStatus(access, threadId, 'ready', signal);
  const mine = `${before}// mine\n`;
  await writeFile(inRepository('src', 'greet.js').fsPath, mine);
  cleanUp(() => git('checkout', '--', 'src/greet.js'));
  const head = await git('rev-parse', 'main');
  const messages = answerMessages(/without looking at it/, 'Merge');
  cleanUp(() => messages.restore());
  await vscode.commands.executeCommand('muster.merge', threadId);
  const [question, message, ...more] = messages.asked;
  assert.deepEqual(question?.buttons, ['Review Changes', 'Merge']);
  assert.match(message?.text ?? '', /was not merged: .*src\/greet\.js/);
  assert.ok(message?.buttons.includes('Try Again'));
  assert.deepEqual(more, []);
  await whenStatus(access, threadId, 'needs_you', signal);
  assert.equal(await readFile(inRepository('src', 'greet.js').fsPath, 'utf8'), mine);
  assert.equal(await git('rev-parse', 'main'), head);
});

test('a stopped thread stops, and an abandoned one comes back on restore', async ({ signal, after: cleanUp }) => {
  cleanUp(closeEditors);
  const access = await provideCrew(signal);
  const threadId = await dispatch(access, 'idler', 'Wait for me');
  await until('it runs', () => access.services.host.threads.get(threadId)?.latestRun?.status === 'running', signal);
  await vscode.commands.executeCommand('muster.cancelThread', threadId);
  await until(
    'it is cancelled',
    () => access.services.host.threads.get(threadId)?.latestRun?.status === 'cancelled',
    signal,
  );

  const messages = answerMessages(/Abandon/, 'Abandon');
  cleanUp(() => messages.restore());
  await vscode.commands.executeCommand('muster.abandonThread', threadId);
  const abandoned = await whenStatus(access, threadId, 'abandoned', signal);
  assert.equal(abandoned.worktree, '');
  assert.match(messages.shown[0]?.detail ?? '', /can be restored/);
  await vscode.commands.executeCommand('muster.restoreThread', threadId);
  const back = () =>
    until(
      'it is back',
      () => {
        const thread = access.services.host.threads.get(threadId);
        return thread && thread.worktree !== '' ? thread : undefined;
      },
      signal,
    );
  assert.equal((await back()).outcome, 'open');
  messages.restore();

  // Abandoned by mistake: the way back is in the message.
  const mistake = answerMessages(/^Abandon/, ['Abandon', 'Restore']);
  cleanUp(() => mistake.restore());
  await vscode.commands.executeCommand('muster.abandonThread', threadId);
  await until('the way back is shown', () => mistake.shown.some(({ text }) => /work is kept/.test(text)), signal);
  assert.equal((await back()).outcome, 'open');
});

test('a failure notifies once, with its reason and what can be done', async ({ signal, after: cleanUp }) => {
  cleanUp(closeEditors);
  const access = await provideCrew(signal);
  const messages = answerMessages(/./, undefined);
  cleanUp(() => messages.restore());
  const threadId = await dispatch(access, 'breaker', 'Fail please');
  await whenStatus(access, threadId, 'needs_you', signal);
  const message = await until(
    'it was told',
    () => messages.shown.find(({ text }) => text.includes('Fail please')),
    signal,
  );
  assert.deepEqual(message.buttons, ['Try again', 'Open', 'Mute Thread']);
  assert.equal(access.views.threads.badge?.value !== undefined, true);

  await vscode.commands.executeCommand('muster.showLog', threadId);
  const log = await until(
    'the log is shown',
    () => {
      const document = vscode.window.activeTextEditor?.document;
      return document?.languageId === 'muster-log' && document.getText().includes('out of luck') ? document : undefined;
    },
    signal,
  );
  assert.match(log.getText(), /== end failed · exit 3/);
  assert.equal(messages.shown.filter(({ text }) => text.includes('Fail please')).length, 1);
});

test('worktrees are listed with what distinguishes them', async ({ signal }) => {
  const access = await provideCrew(signal);
  const rows = await until(
    'worktrees are listed',
    async () => {
      const found = await access.views.worktrees.getChildren();
      return found.length > 0 ? found : undefined;
    },
    signal,
  );
  const items = rows.map(row => access.views.worktrees.getTreeItem(row));
  assert.ok(
    items.some(({ label }) => typeof label === 'string' && label.startsWith('greet-while-i-edit')),
    JSON.stringify(items.map(({ label }) => label)),
  );
  assert.ok(
    rows.every(row => row.kind === 'worktree' && !row.worktree.path.startsWith(repository())),
    'worktrees live outside the repository',
  );
});
