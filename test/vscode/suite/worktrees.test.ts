import assert from 'node:assert/strict';
import { readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Thread } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { currentUri } from '../../../src/extension/review/reviewSides.js';
import { answerMessages, dispatch, git, inRepository, openRepositories, provideCrew, whenStatus } from './crew.js';
import { test, until } from './registry.js';

const greeting = 'src/greet.js';

async function closeEditors(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

const both = 'export function greet(name) {\n  return `Good day and ahoy, ${name}`;\n}\n';

/** The file that a person edits, by whatever address: not one of the sides, which are files at a commit. */
function isEditable({ scheme, authority, query, fsPath }: vscode.Uri, { id, worktree }: Thread): boolean {
  return scheme === 'muster-review' ? authority === id && query.includes('"at":"work"') : fsPath.startsWith(worktree);
}

async function replaceAll(uri: vscode.Uri, text: string): Promise<boolean> {
  const { lineCount } = await vscode.workspace.openTextDocument(uri);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, new vscode.Range(0, 0, lineCount, 0), text);
  return (await vscode.workspace.applyEdit(edit)) && (await vscode.workspace.openTextDocument(uri)).getText() === text;
}

/** What earlier tests landed may be what the agent writes: then nothing would be in conflict. */
const before = "export function greet(name) {\n  return 'Hello ' + name;\n}\n";

async function changeMain(text: string): Promise<void> {
  await writeFile(inRepository(greeting).fsPath, text);
  await git('commit', '--quiet', '--all', '--allow-empty', '--message', 'Meanwhile');
}

test('conflicts are resolved in the merge editor, and the worktree is no repository of the person', async ({
  signal,
  after,
}) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  await changeMain(before);
  const threadId = await dispatch(access, 'writer', 'Greet against the tide');
  const thread = await whenStatus(access, threadId, 'ready', signal);
  await changeMain('export function greet(name) {\n  return `Ahoy ${name}`;\n}\n');
  after(() => changeMain(before));
  const repositories = await openRepositories();
  const known = repositories();
  const messages = answerMessages(/both changed|has all of|by hand/, undefined);
  after(() => messages.restore());
  await vscode.commands.executeCommand('muster.mergeByHand', threadId);
  const resolved = await until(
    'the merge editor has the file',
    () =>
      vscode.workspace.textDocuments.find(({ uri }) => uri.path.endsWith(`/${greeting}`) && isEditable(uri, thread)),
    signal,
  );
  assert.deepEqual([resolved.uri.scheme, resolved.uri.authority], ['muster-review', threadId]);
  const begun = await whenStatus(access, threadId, 'needs_you', signal);
  assert.match(begun.needs, /^You are merging main into this thread by hand/);
  // Whatever else is asked for leads to the two ways out, and no agent begins there.
  for (const command of ['muster.merge', 'muster.retryThread', 'muster.updateThread']) {
    const told = messages.shown.length;
    await vscode.commands.executeCommand(command, threadId);
    const [way] = messages.shown.slice(told).filter(({ text }) => /by hand\. Complete that merge first/.test(text));
    assert.deepEqual(
      way?.buttons,
      ['Complete Merge', 'Give Up Merge'],
      `${command}: ${JSON.stringify(messages.shown.slice(told))}`,
    );
  }
  assert.equal(access.services.host.threads.get(threadId)?.latestRun?.id, thread.latestRun?.id);
  // While it is still taking in what both sides did it writes over what is typed, and completing is refused: a person tries again.
  await until(
    'what was resolved is committed',
    async () => {
      if (!(await replaceAll(resolved.uri, both))) return false;
      // The only one under way: nobody is asked which.
      await vscode.commands.executeCommand('muster.finishHandMerge');
      return `${await git('show', `${thread.branch}:${greeting}`)}\n` === both;
    },
    signal,
  );
  await whenStatus(access, threadId, 'ready', signal);
  assert.deepEqual(repositories(), known);
  const byPath = vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === 'file');
  assert.ok(byPath.every(({ uri }) => !uri.fsPath.startsWith(thread.worktree)));
});

test('a conflict that nobody resolved keeps its markers when its merge editor is saved', async ({ signal, after }) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  await changeMain(before);
  after(() => changeMain(before));
  const threadId = await dispatch(access, 'writer', 'Greet and be interrupted');
  const thread = await whenStatus(access, threadId, 'ready', signal);
  await changeMain('export function greet(name) {\n  return `Ahoy ${name}`;\n}\n');
  // It was looked at before, and is held as it was then.
  const document = await vscode.workspace.openTextDocument(currentUri(thread, greeting));
  const messages = answerMessages(/both changed|is as it was|Give up/, undefined);
  after(() => messages.restore());
  await vscode.commands.executeCommand('muster.mergeByHand', threadId);
  await until('the merge editor shows what both sides began with', () => document.getText() === before, signal);
  // As auto-save does it.
  await document.save();
  const file = join(thread.worktree, greeting);
  const onDisk = (): Promise<string> => readFile(file, 'utf8');
  assert.match(await onDisk(), /^<{7} HEAD\n[^]*^={7}\n[^]*Ahoy[^]*^>{7} /m);
  assert.equal(document.getText(), before);
  // What somebody chose is saved as everywhere else, also when VS Code has read the file anew in between.
  const readAnew = async (): Promise<boolean> => {
    await utimes(file, new Date(), new Date());
    return document.getText().includes('<<<<<<<');
  };
  await until('the file is read anew', readAnew, signal);
  const editor = vscode.window.visibleTextEditors.find(each => each.document === document);
  assert.ok(editor);
  // As who marks all of it and pastes.
  const all = new vscode.Range(0, 0, document.lineCount, 0);
  await until('what is pasted is there', async () => await editor.edit(edit => edit.replace(all, both)), signal);
  await document.save();
  assert.equal(await onDisk(), both);
  await vscode.commands.executeCommand('muster.finishHandMerge', threadId);
  await whenStatus(access, threadId, 'ready', signal);
  assert.equal(`${await git('show', `${thread.branch}:${greeting}`)}\n`, both);
});

test('of two merges by hand the one is given up whose page is in front', async ({ signal, after }) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  await changeMain(before);
  after(() => changeMain(before));
  const first = await dispatch(access, 'writer', 'Greet and think better of it');
  const second = await dispatch(access, 'writer', 'Greet and stay half merged');
  for (const id of [first, second]) await whenStatus(access, id, 'ready', signal);
  await changeMain('export function greet(name) {\n  return `Ahoy ${name}`;\n}\n');
  const messages = answerMessages(/Give up the merge in/, 'Give Up Merge');
  after(() => messages.restore());
  for (const id of [first, second]) {
    await vscode.commands.executeCommand('muster.mergeByHand', id);
    await whenStatus(access, id, 'needs_you', signal);
  }
  await vscode.commands.executeCommand('muster.openThread', first);
  await until('its page is in front', () => access.services.pages.activeThreadId === first || undefined, signal);
  await vscode.commands.executeCommand('muster.threads.focus');
  await vscode.commands.executeCommand('muster.abandonHandMerge');
  await whenStatus(access, first, 'ready', signal);
  assert.equal(access.services.host.threads.get(second)?.handMerge, 'main');
  await vscode.commands.executeCommand('muster.abandonHandMerge', second);
  await whenStatus(access, second, 'ready', signal);
  // Their merge editors went with them, without a question.
  const halfMerged = vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ label }) => /Merging/.test(label));
  assert.deepEqual(halfMerged, []);
});

test('what is not merged is closed after a question, and opened again as it was', async ({ signal, after }) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  await changeMain(before);
  const threadId = await dispatch(access, 'writer', 'Greet, or perhaps not');
  const { worktree, head } = await whenStatus(access, threadId, 'ready', signal);
  const dismissed = answerMessages(/./, undefined);
  await vscode.commands.executeCommand('muster.closeThread', threadId);
  dismissed.restore();
  const [question] = dismissed.shown;
  assert.equal(question?.text, 'Close "Greet, or perhaps not" without merging?');
  assert.match(
    question?.detail ?? '',
    /^Its changes are not merged: 2 files .* Its worktree and its branch muster\/\S+ stay\./,
  );
  assert.equal(access.services.host.threads.get(threadId)?.status, 'ready', 'nothing is done without an answer');
  const agreed = answerMessages(/^Close /, 'Close');
  after(() => agreed.restore());
  await vscode.commands.executeCommand('muster.closeThread', threadId);
  await whenStatus(access, threadId, 'closed', signal);
  await vscode.commands.executeCommand('muster.reopenThread', threadId);
  const again = await whenStatus(access, threadId, 'ready', signal);
  assert.deepEqual([again.worktree, again.head], [worktree, head]);
});

test('a task for a merged thread begins at the target as it is now, and its review has the new work alone', async ({
  signal,
  after,
}) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  await changeMain(before);
  after(() => changeMain(before));
  const threadId = await dispatch(access, 'writer', 'Greet and land');
  await whenStatus(access, threadId, 'ready', signal);
  const messages = answerMessages(/without looking at it/, 'Merge');
  after(() => messages.restore());
  await vscode.commands.executeCommand('muster.squash', threadId);
  await whenStatus(access, threadId, 'merged', signal);
  await git('commit', '--quiet', '--allow-empty', '--message', 'Meanwhile');
  const main = await git('rev-parse', 'main');
  await vscode.commands.executeCommand('muster.followUp', threadId, 'Greet once more');
  const again = await whenStatus(access, threadId, 'ready', signal);
  assert.equal(again.baseCommit, main);
  assert.equal(
    again.notes.at(-1),
    `What it had done is in main, so it began again from there, at ${main.slice(0, 8)}.`,
  );
  // The greeting has landed; the agent wrote down its new task.
  assert.equal(again.filesChanged, 1);
  assert.equal(await git('rev-list', '--count', `main..${again.branch}`), '1');
});

test('why a thread needs its person is never what was true before they saw to it', async ({ signal, after }) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  await changeMain(before);
  const asItWas = async (): Promise<void> => {
    await git('checkout', '--quiet', '--', '.');
    await changeMain(before);
  };
  after(asItWas);
  const threadId = await dispatch(access, 'writer', 'Greet around an edit');
  const { worktree } = await whenStatus(access, threadId, 'ready', signal);
  const messages = answerMessages(/without looking at it/, 'Merge');
  after(() => messages.restore());
  await writeFile(inRepository(greeting).fsPath, '// Mine.\n');
  await vscode.commands.executeCommand('muster.merge', threadId);
  const blocked = await whenStatus(access, threadId, 'needs_you', signal);
  assert.match(blocked.needs, /^Not merged at the last try: main is checked out .*greet\.js/);
  // Whoever tries once more has said already that they want exactly this.
  await vscode.commands.executeCommand('muster.merge', threadId);
  assert.equal(messages.shown.filter(({ text }) => /without looking at it/.test(text)).length, 1);
  // Another commit of the thread's: what the last merge came to was about the one before.
  await writeFile(join(worktree, 'more.txt'), 'more\n');
  await vscode.commands.executeCommand('muster.approve', threadId);
  const approved = await whenStatus(access, threadId, 'ready', signal);
  assert.equal(approved.needs, '');
  await asItWas();
  await vscode.commands.executeCommand('muster.merge', threadId);
  await whenStatus(access, threadId, 'merged', signal);
});

test('removing a worktree says that its thread is closed without a merge', async ({ signal, after }) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  const open = await dispatch(access, 'writer', 'Stay unmerged');
  await whenStatus(access, open, 'ready', signal);
  const dismissed = answerMessages(/./, undefined);
  await vscode.commands.executeCommand('muster.removeWorktree', open);
  dismissed.restore();
  const [question] = dismissed.shown;
  assert.match(question?.text ?? '', /Remove the worktree of "Stay unmerged"/);
  assert.match(
    question?.detail ?? '',
    /not merged: it is closed without merging\.\nIts commits .* are kept: Restore Thread/,
  );
  assert.equal(access.services.host.threads.get(open)?.status, 'ready', 'nothing is done without an answer');
  const agreed = answerMessages(/Remove the worktree/, 'Remove Worktree');
  after(() => agreed.restore());
  await vscode.commands.executeCommand('muster.removeWorktree', open);
  const closed = await whenStatus(access, open, 'closed|abandoned', signal);
  assert.equal(closed.worktree, '');
  await vscode.commands.executeCommand('muster.restoreThread', open);
  await until('it is back', () => access.services.host.threads.get(open)?.worktree !== '', signal);
});

test('worktrees of what was merged go in one step, and no other', async ({ signal, after }) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  await changeMain(before);
  after(() => changeMain(before));
  const merged = await dispatch(access, 'writer', 'Land and go');
  const open = await dispatch(access, 'writer', 'Stay a while');
  for (const id of [merged, open]) await whenStatus(access, id, 'ready', signal);
  const messages = answerMessages(/without looking at it/, 'Merge');
  after(() => messages.restore());
  await vscode.commands.executeCommand('muster.merge', merged);
  await whenStatus(access, merged, 'merged', signal);
  const { window } = vscode;
  const original: unknown = Reflect.get(window, 'showQuickPick');
  after(() => Reflect.set(window, 'showQuickPick', original));
  // First which worktrees, then all of those that are listed.
  Reflect.set(
    window,
    'showQuickPick',
    async (rows: readonly vscode.QuickPickItem[], options: vscode.QuickPickOptions) =>
      options.canPickMany === true ? rows : rows.find(({ label }) => label === 'All Merged'),
  );
  await vscode.commands.executeCommand('muster.cleanWorktrees');
  const worktreeOf = (id: string) => access.services.host.threads.get(id)?.worktree;
  await until('the merged one is gone', () => worktreeOf(merged) === '', signal);
  assert.notEqual(worktreeOf(open), '');
});

test('the Worktrees view tells what each takes on disk', async ({ signal, after }) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  const { worktrees } = access.views;
  await vscode.commands.executeCommand('muster.worktrees.focus');
  const sized = await until(
    'each row has a size',
    async () => {
      const rows = (await worktrees.getChildren()).filter(({ kind }) => kind === 'worktree');
      const items = rows.map(row => worktrees.getTreeItem(row));
      return items.length > 0 && items.every(({ description }) => /\d (?:kB|MB|B)/.test(String(description))) && items;
    },
    signal,
  );
  assert.ok(sized.length > 0);
});

test("a compose file in a thread's worktree is the thread's, and is not offered for applying", async ({
  signal,
  after,
}) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  const threadId = await dispatch(access, 'writer', 'Look around');
  const { worktree } = await whenStatus(access, threadId, 'ready', signal);
  const copy = vscode.Uri.file(join(worktree, 'agent-compose.yml'));
  await writeFile(copy.fsPath, 'name: crew\nagents:\n  other: { provider: demo }\n');
  after(() => rm(copy.fsPath, { force: true }));
  assert.equal(access.services.composeFiles.threadOf(copy.fsPath)?.id, threadId);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(copy));
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', copy);
  assert.deepEqual(
    lenses.map(({ command }) => command?.title),
    [],
  );
});

test('what an agent did after a person looked is asked about before it is merged, and asking changes nothing', async ({
  signal,
  after,
}) => {
  after(closeEditors);
  const access = await provideCrew(signal);
  await changeMain(before);
  after(() => changeMain(before));
  const threadId = await dispatch(access, 'writer', 'Greet, and then some');
  const seen = await whenStatus(access, threadId, 'ready', signal);
  await vscode.commands.executeCommand('muster.review', threadId);
  await vscode.commands.executeCommand('muster.followUp', threadId, 'Greet again');
  const later = await until(
    'there is another commit',
    () => {
      const thread = access.services.host.threads.get(threadId);
      return thread?.status === 'ready' && thread.head !== seen.head ? thread : undefined;
    },
    signal,
  );
  const dismissed = answerMessages(/has changed since you looked at it/, undefined);
  await vscode.commands.executeCommand('muster.merge', threadId);
  dismissed.restore();
  assert.deepEqual(dismissed.shown, [
    {
      text: '"Greet, and then some" has changed since you looked at it. Merge it as it is now?',
      detail: `You saw commit ${seen.head.slice(0, 8)}, and it is at ${later.head.slice(0, 8)} now. The review that is open shows it as it is now.`,
      buttons: ['What Changed Since', 'Merge as It Is Now'],
    },
  ]);
  assert.equal(access.services.host.threads.get(threadId)?.status, 'ready');
  const agreed = answerMessages(/has changed since you looked at it/, 'Merge as It Is Now');
  after(() => agreed.restore());
  await vscode.commands.executeCommand('muster.merge', threadId);
  await whenStatus(access, threadId, 'merged', signal);
});
