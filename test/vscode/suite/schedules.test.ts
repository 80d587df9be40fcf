import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { answerMessages, extension, git, whenStatus } from './crew.js';
import {
  after as placeAfter,
  completionsAt,
  openCompose,
  removeScratch,
  scratchFile,
  typeAfter,
  whenLanguageLoaded,
  whenProblems,
} from './composeScratch.js';
import { test, until } from './registry.js';

const yaml = `name: timed
agents:
  gardener:
    provider: demo
    scheduler:
      triggers:
        - { name: hourly, cron: "0 * * * *", prompt: Look around. }
        - { name: release, event: { topic: external.release }, prompt: "Notes for \${{ event.payload.version }}" }
  scripted:
    provider: demo
    scheduler:
      script: |
        function main() {
          return 'did it';
        }
        scheduler.cron('nightly', '0 3 * * *', main);
`;

/** Quick picks as a person would meet them: what they list, and the row that is chosen. */
function watchPicks(choose: (rows: readonly vscode.QuickPickItem[]) => vscode.QuickPickItem | undefined) {
  const original: unknown = Reflect.get(vscode.window, 'showQuickPick');
  const shown: (readonly vscode.QuickPickItem[])[] = [];
  Reflect.set(vscode.window, 'showQuickPick', async (rows: readonly vscode.QuickPickItem[]) => {
    shown.push(rows);
    return choose(rows);
  });
  return { shown, restore: () => Reflect.set(vscode.window, 'showQuickPick', original) };
}

async function openApplied(signal: AbortSignal) {
  const access = await extension();
  const document = await openCompose(yaml);
  await whenLanguageLoaded(document, signal);
  const messages = answerMessages(/consent/, 'Apply and Allow');
  await vscode.commands.executeCommand('muster.applyProject', document.uri);
  messages.restore();
  const project = await until(
    'the project is there',
    () => [...access.services.host.projects.values()].find(({ name }) => name === 'timed'),
    signal,
  );
  return { access, document, project };
}

test('mistakes of a script are marked where they are while it is typed, and its calls are completed', async ({
  signal,
  after,
}) => {
  after(removeScratch);
  const { document } = await openApplied(signal);
  await typeAfter(document, "return 'did it';\n        }\n", '        nothing.here();\n');
  const [problem] = await whenProblems(
    document,
    problems => problems.some(({ code }) => code === 'compose.script'),
    signal,
  );
  assert.match(problem?.message ?? '', /ReferenceError: 'nothing' is not defined|nothing/);
  assert.equal(document.getText(problem?.range), 'nothing');
  const edit = new vscode.WorkspaceEdit();
  const start = placeAfter(document, '        }\n');
  edit.replace(document.uri, new vscode.Range(start, start.translate(1)), '        scheduler.st\n');
  await vscode.workspace.applyEdit(edit);
  const offered = await completionsAt(document, placeAfter(document, 'scheduler.st'));
  assert.ok(offered.has('state'), `there is no state among ${[...offered.keys()].join(', ')}`);
});

test('a trigger is previewed, switched, fired, and says what it did', async ({ signal, after }) => {
  after(removeScratch);
  const { access, project } = await openApplied(signal);
  const reference = { projectId: project.id, agent: 'gardener', index: 0 };
  const trigger = () =>
    access.services.host.projects.get(project.id)?.agents.find(({ name }) => name === 'gardener')?.triggers[0];
  const row = () => {
    const node = { kind: 'trigger', projectId: project.id, agent: 'gardener', index: 0, prompt: '' } as const;
    return access.views.projects.getTreeItem(node);
  };
  assert.match(String(row().description), /next in \d+ (min|s)/);
  const preview = watchPicks(() => undefined);
  await vscode.commands.executeCommand('muster.previewSchedule', { kind: 'project', projectId: project.id });
  preview.restore();
  assert.ok((preview.shown[0]?.length ?? 0) > 100, 'hours of a week are previewed');
  assert.ok(preview.shown[0]?.some(({ description }) => description?.startsWith('scripted · nightly · in ')));
  const ofOne = watchPicks(() => undefined);
  await vscode.commands.executeCommand('muster.previewSchedule', reference);
  ofOne.restore();
  assert.ok(ofOne.shown[0]?.length, 'a trigger is previewed alone');
  assert.ok(ofOne.shown[0].every(({ description }) => description?.startsWith('gardener · ')));

  await vscode.commands.executeCommand('muster.disableTrigger', reference);
  await until('it is off', () => trigger()?.switchedOff === true, signal);
  assert.equal(row().description, 'off');
  await vscode.commands.executeCommand('muster.enableTrigger', reference);
  await until('it is on', () => trigger()?.switchedOff === false, signal);

  // A worktree has what is committed, and agents work in the folder of their file.
  const [folder, began] = [scratchFile().fsPath, await git('rev-parse', 'HEAD')];
  after(async () => {
    await git('reset', '--quiet', '--soft', began);
    await git('reset', '--quiet', '--', folder);
  });
  await git('add', '--', folder);
  await git('commit', '--quiet', '--message', 'A schedule', '--', folder);
  const messages = answerMessages(/./, undefined);
  after(() => messages.restore());
  await vscode.commands.executeCommand('muster.fireTrigger', { ...reference, prompt: '' });
  const thread = await until(
    'it made a thread',
    () => [...access.services.host.threads.values()].find(({ projectName }) => projectName === 'timed'),
    signal,
  );
  assert.equal(thread.summary, 'Look around.');
  await whenStatus(access, thread.id, 'ready', signal);
  const history = watchPicks(() => undefined);
  await vscode.commands.executeCommand('muster.showFires', reference);
  history.restore();
  assert.match(JSON.stringify(history.shown[0]?.[0]), /"label":"Succeeded"/);
  assert.match(history.shown[0]?.[0]?.description ?? '', /by hand/);
});

test('an event is shown with its payload and what came of it, and so is what a script did, in editors that only show', async ({
  signal,
  after,
}) => {
  after(removeScratch);
  const { access, project } = await openApplied(signal);
  const client = await access.services.host.client(signal);
  const payload = JSON.stringify({ version: '1.2.0' });
  const { event } = await client.topics.publishEvent({ topic: 'external.release', payload }, { signal });
  await until(
    'it was heard',
    async () => {
      const { fires } = await client.schedules.listFires(
        { project: project.id, agent: 'gardener', name: 'release' },
        { signal },
      );
      return fires.some(({ outcome }) => outcome === 'started');
    },
    signal,
  );
  const picks = watchPicks(rows => rows.find(({ label }) => label === 'external.release'));
  await vscode.commands.executeCommand('muster.showEvents');
  picks.restore();
  assert.ok(event);
  const shown = vscode.window.activeTextEditor?.document;
  assert.equal(shown?.uri.scheme, 'muster-schedule');
  const read = JSON.parse(shown?.getText() ?? '') as { payload: object; deliveries: { agent: string }[] };
  assert.deepEqual(read.payload, { version: '1.2.0' });
  assert.equal(read.deliveries[0]?.agent, 'gardener');

  const { scriptRunId: id } = await client.schedules.fireTrigger(
    { project: project.id, agent: 'scripted' },
    { signal },
  );
  await client.schedules.getScriptRun({ id, wait: true }, { signal });
  await access.services.records.openScriptRun(id);
  const record = JSON.parse(vscode.window.activeTextEditor?.document.getText() ?? '') as object;
  assert.deepEqual(record, { ...record, status: 'succeeded', result: 'did it', trigger: 'main' });
});
