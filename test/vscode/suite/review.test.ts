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
    'the agent’s answer has resolved it',
    () => access.services.comments.discussions.find(({ contextValue }) => contextValue === 'resolved'),
    signal,
  );
  assert.match(resolved.comments[0]?.label ?? '', /resolved by polite/);
  assert.match(resolved.label ?? '', /Outdated: was line 2: return "Good day, "/);
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
