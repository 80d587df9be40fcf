import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TestAccess } from '../../../src/extension/main.js';
import { answerMessages, dispatch, provideCrew, whenStatus } from './crew.js';
import { test, until } from './registry.js';

const greeting = 'export function greet(name) {\n  return "Good day, " + name;\n}\n';

/** A ready thread of an agent that changed the greeting, and its file as the review shows it. */
async function reviewed(access: TestAccess, agent: string, signal: AbortSignal) {
  const id = await dispatch(access, agent, 'Change the greeting');
  const thread = await whenStatus(access, id, 'ready', signal);
  await vscode.commands.executeCommand('muster.openChangedFile', id, 'src/greet.js');
  const file = await until(
    'the file is open',
    () => vscode.window.activeTextEditor?.document.uri.scheme === 'muster-review' && vscode.window.activeTextEditor,
    signal,
  );
  return { id, thread, document: file.document };
}

/** Says something at a line, as a person who has clicked `+` there and typed. */
async function comment(access: TestAccess, document: vscode.TextDocument, line: number, text: string): Promise<void> {
  const { uri } = document;
  const range = new vscode.Range(line - 1, 0, line - 1, 0);
  // VS Code makes this object of the click; nothing of it is shown here.
  const begun = { uri, range, comments: [], dispose: () => undefined } as unknown as vscode.CommentThread;
  void access;
  await vscode.commands.executeCommand('muster.addComment', { thread: begun, text });
}

function input(text: string): { restore(): void; readonly asked: vscode.InputBoxOptions[] } {
  const original: unknown = Reflect.get(vscode.window, 'showInputBox');
  const asked: vscode.InputBoxOptions[] = [];
  Reflect.set(vscode.window, 'showInputBox', async (options: vscode.InputBoxOptions) => {
    asked.push(options);
    return text;
  });
  return { asked, restore: () => Reflect.set(vscode.window, 'showInputBox', original) };
}

test('comments are plain, can be said otherwise, are sent as one message and follow the code', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  const messages = answerMessages(/./, undefined);
  after(() => messages.restore());
  const { id, document } = await reviewed(access, 'polite', signal);
  assert.equal(document.getText(), greeting);
  await comment(access, document, 2, 'See [this](command:muster.merge) $(trash)');
  const [shown] = await until(
    'the comment is shown',
    () => access.services.comments.discussions.length === 1 && access.services.comments.discussions,
    signal,
  );
  assert.ok(shown);
  assert.equal(shown.uri.toString(), document.uri.toString());
  assert.equal(shown.range?.start.line, 1);
  assert.equal(shown.contextValue, 'draft');
  assert.equal(typeof shown.comments[0]?.body, 'string');

  const [draft] = shown.comments;
  assert.ok(draft);
  await vscode.commands.executeCommand('muster.editComment', draft);
  assert.equal(draft.mode, vscode.CommentMode.Editing);
  draft.body = 'Say good evening';
  await vscode.commands.executeCommand('muster.saveComment', draft);
  await until(
    'the other words are shown',
    () => access.services.comments.discussions[0]?.comments[0]?.body === 'Say good evening',
    signal,
  );

  const asked = input('And thanks');
  after(() => asked.restore());
  await vscode.commands.executeCommand('muster.requestChanges', id);
  assert.match(asked.asked[0]?.prompt ?? '', /your comment/);
  await until('the agent has worked again', () => access.services.host.threads.get(id)?.openComments === 0, signal);
  await whenStatus(access, id, 'ready', signal);
  const resolved = await until(
    'the agent’s answer has resolved it, and its line is another',
    () =>
      access.services.comments.discussions.find(
        ({ contextValue, label }) => contextValue === 'resolved' && label?.startsWith('Outdated'),
      ),
    signal,
  );
  assert.match(resolved.comments[0]?.label ?? '', /resolved by polite/);
  assert.match(resolved.label ?? '', /Outdated: was line 2: return "Good day, "/);
  // It stays at what came in the place of its line.
  assert.equal(resolved.range?.start.line, 1);
  await vscode.commands.executeCommand('muster.reopenComment', resolved);
  await until(
    'it is open again',
    () => access.services.comments.discussions.find(({ contextValue }) => contextValue === 'open'),
    signal,
  );
});

test('a draft moves with its line while the file is edited, and can be taken back', async ({ signal, after }) => {
  const access = await provideCrew(signal);
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  const { document } = await reviewed(access, 'writer', signal);
  await comment(access, document, 2, 'Why?');
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, new vscode.Position(0, 0), '// one\n// two\n');
  await vscode.workspace.applyEdit(edit);
  const moved = await until(
    'the comment has moved',
    () => access.services.comments.discussions.find(({ range }) => range?.start.line === 3),
    signal,
  );
  await document.save();
  await vscode.commands.executeCommand('muster.deleteComment', moved.comments[0]);
  await until('it is gone', () => access.services.comments.discussions.length === 0, signal);
});

test(
  'the Changes tree remembers what was looked at, and goes to what was not',
  async ({ signal, after }) => {
    const access = await provideCrew(signal);
    after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
    const id = await dispatch(access, 'scatter', 'Change much');
    const thread = await whenStatus(access, id, 'ready', signal);
    await vscode.commands.executeCommand('muster.review', id);
    const { changes } = access.views;
    const rows = await until('the files are listed', () => changes.files().length === 3 && changes.files(), signal);
    assert.deepEqual(
      rows.map(node => node.path),
      ['README.md', 'src/greet.js', 'src/new.js'],
    );
    const [, greet] = rows;
    assert.ok(greet);
    const top = changes
      .getChildren()
      .map(node => changes.getTreeItem(node))
      .slice(0, -3);
    assert.match(
      JSON.stringify(top.map(({ label, description }) => [label, description])),
      /^\[\["Asked","Change much/,
    );
    const item = changes.getTreeItem(greet);
    assert.match(String(item.description), /src · M · \+4 −1/);
    const hunks = changes.hunks(greet);
    assert.equal(hunks.length, 3);
    await vscode.commands.executeCommand('muster.toggleReviewed', hunks[0]);
    const state = (node: (typeof rows)[number]) => {
      const { checkboxState } = changes.getTreeItem(node);
      return typeof checkboxState === 'object' && checkboxState.state === vscode.TreeItemCheckboxState.Checked;
    };
    await until('one hunk is checked', () => state(changes.hunks(greet)[0]!), signal);
    assert.equal(state(greet), false);
    for (const hunk of hunks.slice(1)) await vscode.commands.executeCommand('muster.toggleReviewed', hunk);
    await until('the file is checked', () => state(greet), signal);
    await vscode.commands.executeCommand('muster.toggleReviewed', rows[0]);
    await until('the other file is checked', () => state(rows[0]!), signal);

    await vscode.commands.executeCommand('muster.nextUnreviewed');
    const editor = await until(
      'the one that is left is open',
      () => vscode.window.activeTextEditor?.document.uri.path === '/src/new.js' && vscode.window.activeTextEditor,
      signal,
    );
    assert.equal(editor.document.getText(), 'export const one = 1;\n');

    // The agent works on: only what it changed is to be looked at again, and is what "since" shows.
    await vscode.commands.executeCommand('muster.followUp', id, 'Change more');
    await whenStatus(access, id, 'ready', signal);
    const later = await until(
      'there is another commit',
      () => access.services.host.threads.get(id)?.head !== thread.head && access.services.host.threads.get(id),
      signal,
    );
    assert.notEqual(later.head, thread.head);
    await until('what changed is unchecked', () => !state(greet), signal);
    assert.equal(state(changes.hunks(greet)[0]!), true);
    await vscode.commands.executeCommand('muster.reviewSince', id);
    await until(
      'only the file that changed is listed',
      () => changes.files().length === 1 && changes.files()[0]?.path === 'src/greet.js',
      signal,
    );
  },
  { timeoutMs: 120_000 },
);

test('the Changes tree shows only what a person filters for, and each hunk has its marks above it', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  const id = await dispatch(access, 'scatter', 'Change much again');
  await whenStatus(access, id, 'ready', signal);
  await vscode.commands.executeCommand('muster.review', id);
  const { changes } = access.views;
  await until('the files are listed', () => changes.files().length === 3, signal);
  const asked = input('SRC .js');
  after(() => asked.restore());
  await vscode.commands.executeCommand('muster.filterChanges');
  const paths = (): readonly string[] => changes.files().map(({ path }) => path);
  assert.deepEqual(paths(), ['src/greet.js', 'src/new.js']);
  await vscode.commands.executeCommand('muster.showAllChanges');
  assert.deepEqual(paths(), ['README.md', 'src/greet.js', 'src/new.js']);

  await vscode.commands.executeCommand('muster.openChangedFile', id, 'src/greet.js');
  const editor = await until(
    'the file is open',
    () => vscode.window.activeTextEditor?.document.uri.path === '/src/greet.js' && vscode.window.activeTextEditor,
    signal,
  );
  const lenses = () =>
    vscode.commands.executeCommand<readonly vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      editor.document.uri,
      100,
    );
  const marks = async (title: string) => (await lenses()).filter(({ command }) => command?.title === title);
  const unread = await until(
    'each hunk has its mark',
    async () => {
      const found = await marks('Mark as Reviewed');
      return found.length > 0 && found;
    },
    signal,
  );
  const [first] = unread;
  assert.ok(first?.command);
  await vscode.commands.executeCommand(first.command.command, ...(first.command.arguments ?? []));
  await until('the mark says so', async () => (await marks('Reviewed')).length === 1, signal);
  assert.equal((await marks('Revert')).length, unread.length);
});

test('part of a thread is taken: staged hunk by hunk, committed, and nothing is approved in between', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  const id = await dispatch(access, 'scatter', 'Change much once more');
  await whenStatus(access, id, 'ready', signal);
  await vscode.commands.executeCommand('muster.review', id);
  const { changes } = access.views;
  await until('the files are listed', () => changes.files().length === 3, signal);
  const greet = changes.files().find(({ path }) => path === 'src/greet.js');
  assert.ok(greet);
  const [first, ...others] = changes.hunks(greet);
  assert.ok(first && others.length > 0);
  const described = (node: typeof greet): string => String(changes.getTreeItem(node).description);

  await vscode.commands.executeCommand('muster.stageChange', greet);
  await until('the file is staged', () => described(greet).endsWith(' · staged'), signal);
  await vscode.commands.executeCommand('muster.unstageChange', first);
  const some = `${others.length} of ${others.length + 1} staged`;
  await until('one hunk is staged no more', () => described(greet).endsWith(some), signal);
  assert.match(changes.getTreeItem(first).contextValue ?? '', /^hunk unstaged$/);
  assert.match(changes.getTreeItem(greet).contextValue ?? '', /^changedFile staged unstaged$/);

  const client = await access.services.host.client(signal);
  await assert.rejects(client.threads.approveThread({ threadId: id }, { signal }), /are staged|is staged/);

  const before = access.services.host.threads.get(id)?.head;
  const asked = input('Only some of it');
  after(() => asked.restore());
  await vscode.commands.executeCommand('muster.commitStaged');
  await until('only that is left', () => changes.files().length === 1 && !described(greet).includes('staged'), signal);
  assert.equal(changes.hunks(greet).length, others.length > 1 ? others.length : 0);
  await until('the thread has another commit', () => access.services.host.threads.get(id)?.head !== before, signal);
  await client.threads.approveThread({ threadId: id }, { signal });
});
