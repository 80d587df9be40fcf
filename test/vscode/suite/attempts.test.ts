import assert from 'node:assert/strict';
import { access as exists, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { TestAccess } from '../../../src/extension/main.js';
import { answerMessages, dispatch, git, inRepository, provideCrew, repository, whenStatus } from './crew.js';
import { test, until } from './registry.js';

type Row = vscode.QuickPickItem;

/** Quick picks as a person would meet them, answered one after the other. What no answer is left for is dismissed. */
function answerPicks(...answers: readonly ((rows: readonly Row[]) => Row | readonly Row[] | undefined)[]) {
  const { window } = vscode;
  const original: unknown = Reflect.get(window, 'showQuickPick');
  const shown: (readonly Row[])[] = [];
  Reflect.set(window, 'showQuickPick', async (rows: readonly Row[]) => {
    shown.push(rows);
    return answers[shown.length - 1]?.(rows);
  });
  return { shown, restore: () => Reflect.set(window, 'showQuickPick', original) };
}

function answerInput(text: string | undefined) {
  const original: unknown = Reflect.get(vscode.window, 'showInputBox');
  Reflect.set(vscode.window, 'showInputBox', async () => text);
  return { restore: () => Reflect.set(vscode.window, 'showInputBox', original) };
}

const labelled =
  (label: string) =>
  (rows: readonly Row[]): Row | undefined =>
    rows.find(row => row.label === label);

async function isThere(path: string): Promise<boolean> {
  return await exists(path).then(
    () => true,
    () => false,
  );
}

/** A ready thread of the writer, settled: its work is committed and counted. */
async function ready(access: TestAccess, prompt: string, signal: AbortSignal) {
  const id = await dispatch(access, 'writer', prompt);
  await whenStatus(access, id, 'ready', signal);
  return await until(
    'its changes are counted',
    () => {
      const thread = access.services.host.threads.get(id);
      return thread !== undefined && (thread.filesChanged ?? 0) > 0 && thread;
    },
    signal,
  );
}

test('Clean Up ticks no worktree with unmerged work, asks about one once more, and what went comes back', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  const thread = await ready(access, 'Clean me up', signal);
  const row = (rows: readonly Row[]) => rows.filter(({ detail }) => detail === thread.worktree);

  const refused = answerMessages(/./, undefined);
  after(() => refused.restore());
  const first = answerPicks(labelled('All'), row);
  after(() => first.restore());
  await vscode.commands.executeCommand('muster.cleanWorktrees');
  const [offered] = row(first.shown[1] ?? []);
  assert.equal(offered?.picked, false);
  assert.match(offered?.description ?? '', /has work that was not merged/);
  assert.match(refused.shown.at(-1)?.text ?? '', /^"Clean me up" has work that was not merged\. Remove its worktree/);
  assert.match(refused.shown.at(-1)?.detail ?? '', /kept and can be restored/);
  assert.ok(await isThere(thread.worktree), 'without a yes it stays');
  first.restore();
  refused.restore();

  const agreed = answerMessages(/all the same/, 'Remove Worktree');
  after(() => agreed.restore());
  const second = answerPicks(labelled('All'), row);
  after(() => second.restore());
  await vscode.commands.executeCommand('muster.cleanWorktrees');
  await until('it is gone', () => access.services.host.threads.get(thread.id)?.worktree === '', signal);
  assert.equal(await isThere(thread.worktree), false);
  second.restore();

  await vscode.commands.executeCommand('muster.restoreThread', thread.id);
  const restored = await until(
    'it is back',
    () => {
      const found = access.services.host.threads.get(thread.id);
      return found !== undefined && found.worktree !== '' && found;
    },
    signal,
  );
  assert.ok(await isThere(join(restored.worktree, 'TASK.txt')), 'with what the agent made');
});

test('a worktree that git made is listed, adopted, reviewed and cleaned up; its branch stays', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  const path = join(repository(), '..', 'mine');
  await git('worktree', 'add', '--quiet', '-b', 'my-branch', path);
  after(async () => {
    await rm(path, { recursive: true, force: true });
    await git('worktree', 'prune');
    await git('branch', '-D', 'my-branch');
  });
  await writeFile(join(path, 'mine.js'), 'export const mine = 1;\n');
  await git('-C', path, 'add', 'mine.js');
  await git('-C', path, 'commit', '--quiet', '--message', 'Mine');
  const { worktrees } = access.views;
  await vscode.commands.executeCommand('muster.worktrees.focus');
  const node = await until(
    'it is listed',
    async () =>
      (await worktrees.getChildren()).find(each => each.kind === 'foreign' && each.worktree.branch === 'my-branch'),
    signal,
  );
  const item = worktrees.getTreeItem(node);
  assert.equal(item.label, 'my-branch');
  assert.equal(item.description, 'made by others');
  assert.equal(item.contextValue, 'foreign');

  const picks = answerPicks(labelled('writer'));
  after(() => picks.restore());
  await vscode.commands.executeCommand('muster.adoptWorktree', node);
  const thread = await until(
    'it is a thread',
    () => [...access.services.host.threads.values()].find(({ branch }) => branch === 'my-branch'),
    signal,
  );
  assert.equal(thread.agent, 'writer');
  assert.equal(thread.status, 'ready');
  assert.equal(thread.filesChanged, 1);
  const rows = await worktrees.getChildren();
  assert.ok(!rows.some(each => each.kind === 'foreign' && each.worktree.branch === 'my-branch'));

  await vscode.commands.executeCommand('muster.review', thread.id);
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  await until(
    'its review lists what is in it',
    () =>
      access.views.changes
        .files()
        .map(file => file.path)
        .join() === 'mine.js',
    signal,
  );
  const agreed = answerMessages(/Remove the worktree/, 'Remove Worktree');
  after(() => agreed.restore());
  await vscode.commands.executeCommand('muster.removeWorktree', thread.id);
  await until('it is removed', () => access.services.host.threads.get(thread.id)?.worktree === '', signal);
  assert.equal(await git('show', 'my-branch:mine.js'), 'export const mine = 1;');
});

test('one task goes to several agents, two attempts are compared, and the others go restorably', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  const words = 'Try this each for yourselves';
  // From the editor of a task, where it is found: what stands there is what they get.
  const written = await vscode.workspace.openTextDocument({ language: 'muster-task', content: `${words}\n` });
  await vscode.window.showTextDocument(written);
  const lens = await until(
    'the task offers several attempts',
    async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        written.uri,
      );
      const titles = lenses.map(({ command }) => command?.title);
      return titles.includes('another agent…') && lenses.find(({ command }) => command?.title === 'several attempts…');
    },
    signal,
  );
  const picks = answerPicks(rows => rows.filter(({ label }) => ['writer', 'scatter'].includes(label)));
  after(() => picks.restore());
  await vscode.commands.executeCommand(lens.command?.command ?? '', ...(lens.command?.arguments ?? []));
  assert.ok(written.isClosed, 'what was sent is closed');
  const attempts = await until(
    'both are ready',
    () => {
      const found = [...access.services.host.threads.values()].filter(({ summary }) => summary === words);
      return found.length === 2 &&
        found.every(({ status, filesChanged }) => status === 'ready' && (filesChanged ?? 0) > 0)
        ? found
        : undefined;
    },
    signal,
  );
  picks.restore();
  const [kept, other] = ['writer', 'scatter'].map(agent => attempts.find(thread => thread.agent === agent));
  assert.ok(kept && other);
  assert.equal(kept.batch, other.batch);
  assert.deepEqual(attempts.map(({ attempt, attempts: of }) => `${attempt} of ${of}`).toSorted(), ['1 of 2', '2 of 2']);

  const against = answerPicks(
    rows => rows.find(({ description, detail }) => `${description}${detail}`.includes('scatter')) ?? rows[0],
  );
  after(() => against.restore());
  await vscode.commands.executeCommand('muster.compareThreads', kept.id);
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  await until(
    'they are shown beside each other',
    () => vscode.window.tabGroups.activeTabGroup.activeTab?.label.startsWith(`${words}: scatter ↔ writer`),
    signal,
  );

  await vscode.commands.executeCommand('muster.compareAttempts', kept.id);
  const reviews = (): readonly (string | undefined)[] =>
    vscode.window.tabGroups.all
      .map(group => group.activeTab?.label)
      .filter(label => label?.startsWith(`Review: ${words}`));
  await until('each has its column', () => reviews().length === 2, signal);
  // Both are called alike: the tabs say which is which.
  assert.equal(new Set(reviews()).size, 2);

  const question = answerMessages(/Keep the attempt/, 'Keep This, Abandon the Others');
  after(() => question.restore());
  await vscode.commands.executeCommand('muster.keepAttempt', kept.id);
  assert.match(question.shown[0]?.detail ?? '', /scatter/);
  await whenStatus(access, other.id, 'abandoned', signal);
  assert.equal(access.services.host.threads.get(kept.id)?.status, 'ready');
  await vscode.commands.executeCommand('muster.restoreThread', other.id);
  await whenStatus(access, other.id, 'ready', signal);
});

test('a pull request is pushed only where it was shown, and only after a yes', async ({ signal, after }) => {
  const access = await provideCrew(signal);
  const remote = join(repository(), '..', 'remote.git');
  await git('init', '--quiet', '--bare', remote);
  await git('remote', 'add', 'origin', remote);
  after(async () => {
    await git('remote', 'remove', 'origin');
    await rm(remote, { recursive: true, force: true });
  });
  const thread = await ready(access, 'Open a pull request', signal);
  const pushed = () => git('-C', remote, 'for-each-ref', '--format=%(refname:short) %(objectname)');

  const refused = answerMessages(/./, undefined);
  after(() => refused.restore());
  await vscode.commands.executeCommand('muster.openPullRequest', thread.id);
  const [asked] = refused.asked;
  assert.equal(asked?.text, 'Push "Open a pull request"?');
  const goes = `${thread.branch} (${thread.head.slice(0, 8)}) goes to ${remote}`;
  assert.ok(asked.detail.startsWith(`${goes}\n`), asked.detail);
  assert.equal(await pushed(), '');
  refused.restore();

  const agreed = answerMessages(/^Push/, 'Push');
  after(() => agreed.restore());
  await vscode.commands.executeCommand('muster.openPullRequest', thread.id);
  assert.equal(await pushed(), `${thread.branch} ${thread.head}`);
  assert.equal(agreed.shown.at(-1)?.text, `${thread.branch} is pushed.`);
  assert.equal(await git('rev-parse', 'main'), await git('-C', inRepository().fsPath, 'rev-parse', 'HEAD'));
});

test('for a remote at GitHub the title is asked for, and what the pull request will say is shown before anything is pushed', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  await git('remote', 'add', 'origin', 'https://github.com/ada/shop.git');
  after(() => git('remote', 'remove', 'origin'));
  const thread = await ready(access, 'Greet at GitHub', signal);
  const input = answerInput('Greet politely');
  after(() => input.restore());
  const dialog = answerMessages(/./, undefined);
  after(() => dialog.restore());
  await vscode.commands.executeCommand('muster.openPullRequest', thread.id);
  const [asked, ...more] = dialog.asked;
  assert.equal(asked?.text, 'Push "Greet at GitHub" and open a pull request into main?');
  assert.deepEqual(asked.buttons, ['Push and Open Pull Request']);
  assert.ok(asked.detail.includes('goes to https://github.com/ada/shop.git'), asked.detail);
  assert.ok(asked.detail.includes('The pull request will say:\nGreet at GitHub'), asked.detail);
  assert.deepEqual(more, []);
});

test('one agent alone tries a task with several models, and their comparison names these', async ({
  signal,
  after,
}) => {
  const access = await provideCrew(signal);
  const words = ['fast, thorough', 'Try with two models'];
  const original: unknown = Reflect.get(vscode.window, 'showInputBox');
  Reflect.set(vscode.window, 'showInputBox', async () => words.shift());
  after(() => Reflect.set(vscode.window, 'showInputBox', original));
  const picks = answerPicks(rows => rows.filter(({ label }) => label === 'writer'));
  after(() => picks.restore());
  await vscode.commands.executeCommand('muster.dispatchBestOf');
  const attempts = await until(
    'both are ready',
    () => {
      const found = [...access.services.host.threads.values()].filter(
        ({ summary, status }) => summary === 'Try with two models' && status === 'ready',
      );
      return found.length === 2 && found;
    },
    signal,
  );
  assert.deepEqual(attempts.map(({ latestRun }) => latestRun?.model ?? '').toSorted(), ['fast', 'thorough']);
});
