import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TestAccess } from '../../../src/extension/main.js';
import {
  after,
  lensesOf,
  openCompose,
  removeScratch,
  scratchFile,
  typeAfter,
  whenLanguageLoaded,
  whenProblems,
} from './composeScratch.js';
import { answerMessages, extension } from './crew.js';
import { test, until } from './registry.js';

/** The language-status item, caught as the extension makes it: nothing else can be asked what it shows. */
const statusItems: vscode.LanguageStatusItem[] = [];
const languages: { createLanguageStatusItem: typeof vscode.languages.createLanguageStatusItem } = vscode.languages;
const create = vscode.languages.createLanguageStatusItem;
languages.createLanguageStatusItem = (...args: Parameters<typeof create>) => {
  const item = create(...args);
  statusItems.push(item);
  return item;
};

const yaml = `name: scratch
agents:
  dev:
    provider: demo
    scheduler:
      triggers:
        - name: hourly
          cron: "@hourly"
          prompt: Look around.
        - interval: 2h
`;

/** Opens the file of a small crew, applied. */
async function openApplied(signal: AbortSignal): Promise<{ access: TestAccess; document: vscode.TextDocument }> {
  const access = await extension();
  const document = await openCompose(yaml);
  await whenLanguageLoaded(document, signal);
  await applyConsenting(document);
  await whenShown('applied', signal);
  return { access, document };
}

/** Triggers start agents while nobody looks, so applying them asks. */
async function applyConsenting(document: vscode.TextDocument): Promise<void> {
  const messages = answerMessages(/consent/, 'Apply and Allow');
  try {
    await vscode.commands.executeCommand('muster.applyProject', document.uri);
  } finally {
    messages.restore();
  }
}

function whenShown(text: string, signal: AbortSignal): Promise<vscode.LanguageStatusItem> {
  return until(
    `the language status shows "${text}"; it shows "${statusItems.at(-1)?.text}"`,
    () => statusItems.find(item => item.text === text),
    signal,
  );
}

async function setApplyOnSave(value: string | undefined): Promise<void> {
  // Not of the workspace: that would leave a file in the repository.
  const target = vscode.ConfigurationTarget.Global;
  await vscode.workspace.getConfiguration().update('muster.compose.applyOnSave', value, target);
}

test('the language status tells applied, changed and invalid files apart', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  cleanUp(() => setApplyOnSave(undefined));
  const { access, document } = await openApplied(signal);
  await setApplyOnSave('never');
  await typeAfter(document, 'provider: demo', ' # the same');
  await whenShown('applied', signal);
  await typeAfter(document, 'provider: demo # the same', '\n    model: small');
  await whenShown('changed', signal);
  await document.save();
  const item = await until(
    'the changes are named',
    () => statusItems.find(({ detail }) => detail?.includes('agent dev (model)')),
    signal,
  );
  assert.equal(item.severity, vscode.LanguageStatusSeverity.Warning);
  assert.equal(item.command?.command, 'muster.previewApply');
  // What was saved was never applied, whatever is typed on top of it that means nothing.
  await typeAfter(document, 'model: small', ' # cheap');
  await until('what is typed is looked at', () => item.detail === 'scratch, revision 1', signal);
  assert.equal(item.text, 'changed');

  await typeAfter(document, 'model: small # cheap', '\n    tiemout: 3m');
  await whenProblems(document, found => found.length > 0, signal);
  const invalid = await whenShown('invalid', signal);
  assert.match(invalid.detail ?? '', /scratch, revision 1 stays applied/);
  await document.save();
  const project = access.services.composeFiles.projectOf(document.uri.fsPath);
  assert.ok(project);
  const row = await until(
    'the tree marks the file',
    () => {
      const found = access.views.projects.getTreeItem({ kind: 'project', projectId: project.id });
      return String(found.description).includes('file invalid') && found;
    },
    signal,
  );
  assert.ok(typeof row.tooltip === 'string' && row.tooltip.includes('tiemout'), 'the tooltip does not say why');
  assert.equal(project.revision, 1);
});

test('saving a compose file offers to apply what differs', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const { access, document } = await openApplied(signal);
  const messages = answerMessages(/Apply the changed compose file/, 'Apply');
  cleanUp(() => messages.restore());
  await typeAfter(document, 'provider: demo', ' # nothing else');
  await document.save();
  await typeAfter(document, 'provider: demo # nothing else', '\n    model: small');
  await document.save();
  await until(
    'the second revision is applied',
    () => access.services.composeFiles.projectOf(document.uri.fsPath)?.revision === 2,
    signal,
  );
  assert.deepEqual(
    messages.shown.map(({ text, buttons }) => ({ text, buttons })),
    [
      {
        text: 'Apply the changed compose file of scratch?',
        buttons: ['Apply', 'Show Changes', 'Always Apply'],
      },
    ],
  );
  await whenShown('applied', signal);
});

test('with applyOnSave: always a valid file is applied, an invalid one is not', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  cleanUp(() => setApplyOnSave(undefined));
  const { access, document } = await openApplied(signal);
  const messages = answerMessages(/never/, undefined);
  cleanUp(() => messages.restore());
  await setApplyOnSave('always');
  await typeAfter(document, 'provider: demo', '\n    modle: small');
  await document.save();
  await whenShown('invalid', signal);
  const revision = () => access.services.composeFiles.projectOf(document.uri.fsPath)?.revision;
  assert.equal(revision(), 1);
  await typeAfter(document, 'provider: demo', '\n    model: small');
  const edit = new vscode.WorkspaceEdit();
  const wrong = after(document, '    modle: small\n');
  edit.delete(document.uri, new vscode.Range(wrong.translate(-1), wrong));
  await vscode.workspace.applyEdit(edit);
  await document.save();
  await until('the second revision is applied', () => revision() === 2, signal);
  assert.deepEqual(messages.shown, []);
});

test('a preview shows what apply would change, and applies it', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  cleanUp(() => setApplyOnSave(undefined));
  const { access, document } = await openApplied(signal);
  await setApplyOnSave('never');
  await typeAfter(document, 'provider: demo', '\n    model: small');
  const messages = answerMessages(/^$/, undefined);
  cleanUp(() => messages.restore());
  await vscode.commands.executeCommand('muster.previewApply', document.uri);
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  assert.ok(input instanceof vscode.TabInputTextDiff, 'no diff is open');
  const [before, now] = await Promise.all(
    [input.original, input.modified].map(async uri => (await vscode.workspace.openTextDocument(uri)).getText()),
  );
  assert.match(before ?? '', /^ {2}dev:$/m);
  assert.doesNotMatch(before ?? '', /model: small/);
  assert.match(now ?? '', /model: small/);
  assert.match(messages.shown[0]?.text ?? '', /would change: .*agent dev \(model\)/);
  assert.deepEqual(messages.shown[0]?.buttons, ['Apply']);
  assert.equal(access.services.composeFiles.projectOf(document.uri.fsPath)?.revision, 1);

  await vscode.commands.executeCommand('muster.applyProject', input.modified);
  await until(
    'the second revision is applied',
    () => access.services.composeFiles.projectOf(document.uri.fsPath)?.revision === 2,
    signal,
  );
  await vscode.commands.executeCommand('muster.previewApply', document.uri);
  assert.match(messages.shown.at(-1)?.text ?? '', /would change nothing/);
});

test('agents are run and triggers fired from the compose file', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const access = await extension();
  const document = await openCompose(yaml);
  await whenLanguageLoaded(document, signal);
  assert.deepEqual([...(await lensesOf(document)).keys()], ['3: Apply to dispatch']);
  await applyConsenting(document);
  await whenShown('applied', signal);
  const lenses = await until(
    'there are lenses',
    async () => {
      const found = await lensesOf(document);
      return found.size > 1 && found;
    },
    signal,
  );
  assert.deepEqual([...lenses.keys()].sort(), [
    '10: $(zap) Fire now',
    '3: $(play) Run',
    '3: Dispatch…',
    '7: $(zap) Fire now',
  ]);
  const fire = async (title: string): Promise<string> => {
    const before = new Set(access.services.host.threads.keys());
    const { command = '', arguments: args = [] } = lenses.get(title) ?? {};
    await vscode.commands.executeCommand(command, ...args);
    return until(
      'a thread was made',
      () => [...access.services.host.threads.values()].find(({ id }) => !before.has(id))?.summary,
      signal,
    );
  };
  assert.equal(await fire('7: $(zap) Fire now'), 'Look around.');
  assert.equal(await fire('10: $(zap) Fire now'), 'Run agent dev.');

  // What is on screen is not what is applied: nothing of it starts before it is.
  cleanUp(() => setApplyOnSave(undefined));
  await setApplyOnSave('never');
  const dialog = answerMessages(/consent/, 'Apply and Allow');
  cleanUp(() => dialog.restore());
  await typeAfter(document, 'provider: demo', '\n    model: small');
  await document.save();
  const changed = await until(
    'the lenses say that it is to be applied',
    async () => {
      const found = await lensesOf(document);
      return !found.has('3: $(play) Run') && found;
    },
    signal,
  );
  assert.deepEqual([...changed.keys()].sort(), ['11: Apply to fire', '3: Apply to dispatch', '8: Apply to fire']);
  const before = new Set(access.services.host.threads.keys());
  const { command = '', arguments: args = [] } = changed.get('8: Apply to fire') ?? {};
  await vscode.commands.executeCommand(command, ...args);
  const started = await until(
    'a thread was made',
    () => [...access.services.host.threads.values()].find(({ id }) => !before.has(id)),
    signal,
  );
  assert.equal(started.model, 'small');
  assert.equal(access.services.composeFiles.projectOf(document.uri.fsPath)?.revision, 2);
});

test('the Projects tree unfolds to triggers and latest runs, and lists files that wait', async ({
  signal,
  after: cleanUp,
}) => {
  cleanUp(removeScratch);
  const { access, document } = await openApplied(signal);
  const other = scratchFile('other', 'agent-compose.yml');
  await vscode.workspace.fs.writeFile(other, Buffer.from('name: other\nagents:\n  a:\n    provider: demo\n'));
  const tree = access.views.projects;
  const project = access.services.composeFiles.projectOf(document.uri.fsPath);
  assert.ok(project);
  await until(
    'the other file is listed',
    () => tree.getChildren().some(node => node.kind === 'file' && node.file === other.fsPath),
    signal,
  );
  const item = tree.getTreeItem({ kind: 'project', projectId: project.id });
  assert.match(String(item.description), /applied · 1 agent · revision 1/);
  const agent = { kind: 'agent', projectId: project.id, agent: 'dev' } as const;
  const triggers = tree.getChildren(agent).filter(({ kind }) => kind === 'trigger');
  const rows = await until(
    'the times are known',
    () => {
      const found = triggers.map(node => tree.getTreeItem(node));
      const isKnown = found.every(({ description }) => String(description).includes('next in'));
      // Read from disk with the first trigger that is shown.
      return isKnown && found.some(({ label }) => label === 'interval 2 h') && found;
    },
    signal,
  );
  assert.deepEqual(
    rows.map(({ label }) => label),
    ['hourly', 'interval 2 h'],
  );
});

test('a compose file that appears during a search for such files is kept', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const { access } = await openApplied(signal);
  const { composeFiles } = access.services;
  const answered = Promise.withResolvers<void>();
  const workspace: { findFiles: typeof vscode.workspace.findFiles } = vscode.workspace;
  const findFiles = vscode.workspace.findFiles;
  cleanUp(() => (workspace.findFiles = findFiles));
  let searches = 0;
  workspace.findFiles = async (...args: Parameters<typeof findFiles>) => {
    const found = await findFiles(...args);
    searches++;
    await answered.promise;
    return found;
  };
  const refreshing = composeFiles.refresh();
  await until('the search has passed the folder', () => searches > 0, signal);
  const other = scratchFile('late', 'agent-compose.yml');
  await vscode.workspace.fs.writeFile(other, Buffer.from('name: late\nagents:\n  a:\n    provider: demo\n'));
  await composeFiles.check(other.fsPath);
  answered.resolve();
  await refreshing;
  assert.equal(composeFiles.get(other.fsPath)?.kind, 'notApplied');
});
