import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import {
  after,
  completionsAt,
  fixesFor,
  hoverAt,
  openCompose,
  pressKeys,
  removeScratch,
  scratchFile,
  symbolsOf,
  takeSuggestion,
  typeAfter,
  whenLanguageLoaded,
  whenProblems,
} from './composeScratch.js';
import { test } from './registry.js';

test('a compose file shows its problems while it is edited', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const document = await openCompose('name: x\nagents:\n  dev:\n    provider: demo\n');
  await whenLanguageLoaded(document, signal);
  await typeAfter(document, 'provider: demo', '\n    modle: fast');
  const [problem] = await whenProblems(document, found => found.length === 1, signal);
  assert.equal(problem?.code, 'compose.unknownField');
  assert.equal(document.getText(problem?.range), 'modle');
  assert.equal(problem?.severity, vscode.DiagnosticSeverity.Error);
  await vscode.commands.executeCommand('undo');
  await whenProblems(document, found => found.length === 0, signal);
});

test('the problems of a long compose file follow a keystroke', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const agents = Array.from(
    { length: 200 },
    (_, index) => `  a${index}:\n    provider: demo\n    timeout: 10m\n    system_prompt: |\n      Be careful.\n`,
  );
  const document = await openCompose(`name: x\nagents:\n${agents.join('')}`);
  await whenLanguageLoaded(document, signal);
  await typeAfter(document, 'a150:\n    provider: demo', 'x');
  const problems = await whenProblems(document, found => found.length > 0, signal);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['compose.unknownProvider'],
  );
});

test('each problem of a compose file that has a fix is solved by it', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const document = await openCompose(`name: x
workspaces:
  site: {provider: local, path: .}
agents:
  dev:
    provider: demo
    modle: fast
    provider: demo
  other:
    provider: demo
    scheduler:
      triggers:
        - event: {}
    handoff: {on_response: dve}
`);
  const fix = async (code: string, title: RegExp): Promise<void> => {
    const problems = await whenProblems(document, found => found.some(each => each.code === code), signal);
    const problem = problems.find(each => each.code === code);
    assert.ok(problem);
    const fixes = await fixesFor(document, problem);
    const name = [...fixes.keys()].find(each => title.test(each));
    assert.ok(name !== undefined, `no fix like ${title} among ${[...fixes.keys()].join(', ')}`);
    await fixes.get(name)?.();
  };
  const solve = async (code: string, title: RegExp): Promise<void> => {
    await fix(code, title);
    await whenProblems(document, found => !found.some(each => each.code === code), signal);
  };
  await solve('compose.unknownField', /model/);
  await solve('compose.duplicateField', /Remove the second "provider"/);
  await solve('compose.oldSpelling', /file/);
  await solve('compose.undefinedName', /dev/);
  // What it is only the author knows: the field is there, and waits to be filled in.
  await fix('compose.missingField', /Add "topic"/);
  const text = document.getText();
  assert.match(text, /\n {4}model: fast\n {2}other:/);
  assert.match(text, /site: \{provider: file, path: \.\}/);
  assert.match(text, /- event: \{topic: ""\}/);
  assert.match(text, /on_response: dev/);
});

test('a compose file completes keys, words, names, models and calendars', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const document = await openCompose(`name: x
workspaces:
  site: {provider: file, path: .}
volumes:
  cache: {}
mcp_servers:
  search: {type: remote, url: "https://search.test"}
agents:
  dev:
    provider: claude
    model: 
    driver: 
    volumes: [""]
    mcp_servers: [""]
    workspace: {name: }
    handoff: {on_response: }
    scheduler:
      triggers:
        - cron: 
    
  reviewer:
    provider: 
`);
  await whenLanguageLoaded(document, signal);
  const offers = async (behind: string, nth: number, ...expected: readonly string[]): Promise<void> => {
    const found = await completionsAt(document, after(document, behind, nth));
    for (const label of expected) assert.ok(found.has(label), `${behind}: no ${label} in ${[...found.keys()].join()}`);
  };
  await offers('        - cron: \n    ', 0, 'system_prompt', 'permissions', 'budget');
  await offers('model: ', 0, 'sonnet');
  await offers('workspace: {name: ', 0, 'site');
  await offers('handoff: {on_response: ', 0, 'reviewer');
  await offers('cron: ', 0, '@hourly', '0 9 * * 1-5');
  await offers('provider: ', 2, 'codex', 'demo');
  await offers('mcp_servers: ["', 0, 'search');
  await offers('volumes: ["', 0, 'cache');
  const keys = await completionsAt(document, after(document, '        - cron: \n    '));
  assert.ok(!keys.has('provider'), 'a key that is there already is offered again');
  assert.notEqual(keys.get('budget')?.documentation, undefined);
});

test('a value that was typed to its end is not replaced by one that is like it', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const head = 'name: x\nagents:\n  dev:\n    scheduler:\n      triggers:\n        - cron: ';
  const typed = async (keys: string): Promise<readonly [value: string, isTaken: boolean]> => {
    const document = await openCompose(`${head}\n`);
    await whenLanguageLoaded(document, signal);
    await pressKeys(document, head, keys);
    const isTaken = await takeSuggestion(document);
    const value = document.getText().slice(head.length).trimEnd();
    await removeScratch();
    return [value, isTaken];
  };
  for (const finished of ["'* * * * *'", '"* * * * *"', '5 * * * *', '0 9 * * 1', '"@every 15m"', "'@hou'"])
    assert.deepEqual(await typed(finished), [finished, false]);
  assert.deepEqual(await typed('@hou'), ['"@hourly"', true]);
  assert.deepEqual(await typed("'*/"), ['"*/10 * * * *"', true]);
});

test('a key is found by the word that a person looks for it with', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const head = 'name: x\nagents:\n  dev:\n    ';
  for (const [typed, key] of [
    ['trig', 'scheduler'],
    ['cron', 'scheduler'],
    ['review', 'handoff'],
    ['chain', 'handoff'],
    ['ti', 'timeout'],
    ['re', 'retries'],
  ] as const) {
    const document = await openCompose(`${head}\n`);
    await whenLanguageLoaded(document, signal);
    await pressKeys(document, head, typed);
    assert.ok(await takeSuggestion(document), `nothing is suggested for ${typed}`);
    assert.equal(document.getText().slice(head.length).split(':')[0], key, `for ${typed}`);
    await removeScratch();
  }
});

test('no other words of the file are suggested for a name', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const head = 'name: x\n# reviewing\nagents:\n  rev: {provider: demo}\n  dev:\n    ';
  for (const [line, typed] of [
    ['model: ', 'revi'],
    ['handoff: {on_response: ', 'revi'],
    ['', 'reviewi'],
  ] as const) {
    const document = await openCompose(`${head}${line}${line.includes('{') ? '}' : ''}\n`);
    await whenLanguageLoaded(document, signal);
    await pressKeys(document, head + line, typed);
    assert.ok(!(await takeSuggestion(document)), `something is suggested for ${line}${typed}: ${document.getText()}`);
    await removeScratch();
  }
});

test('a compose file explains fields, variables and times', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const document = await openCompose(`name: x
agents:
  dev:
    provider: demo
    env:
      LEVEL: \${MUSTER_TEST_LEVEL}
      API_KEY: \${MUSTER_TEST_KEY}
      OTHER: \${MUSTER_TEST_UNSET}
    scheduler:
      triggers:
        - cron: "30 9 * * 1-5"
          timezone: Asia/Tokyo
`);
  await whenLanguageLoaded(document, signal);
  await writeFile(scratchFile('.env').fsPath, 'MUSTER_TEST_LEVEL=loud\nMUSTER_TEST_KEY=hush-hush\n');
  assert.match(await hoverAt(document, after(document, 'provi')), /\*\*provider\*\*/);
  assert.match(await hoverAt(document, after(document, '${MUSTER_TEST_LEV')), /is set[\s\S]*loud/);
  const secret = await hoverAt(document, after(document, '${MUSTER_TEST_K'));
  assert.match(secret, /is set\. Its value is a secret/);
  assert.doesNotMatch(secret, /hush/);
  assert.match(await hoverAt(document, after(document, '${MUSTER_TEST_UN')), /is not set/);
  const times = await hoverAt(document, after(document, '"30 9'));
  assert.match(times, /Asia\/Tokyo/);
  assert.equal(times.match(/^- \w{3} \d{4}-\d\d-\d\d 09:30$/gm)?.length, 5, times);
});

test('names of a compose file are outlined, found and renamed', async ({ signal, after: cleanUp }) => {
  cleanUp(removeScratch);
  const document = await openCompose(`name: x
agents:
  dev:
    provider: demo
    handoff: {on_response: reviewer}
    scheduler:
      triggers:
        - {name: morning, cron: "@daily"}
  reviewer:
    provider: demo
    description: reviewer of dev
`);
  await whenLanguageLoaded(document, signal);
  const agents = (await symbolsOf(document)).find(({ name }) => name === 'agents');
  assert.deepEqual(
    agents?.children.map(({ name, children }) => [name, children.map(child => child.name)]),
    [
      ['dev', ['morning']],
      ['reviewer', []],
    ],
  );
  const use = after(document, 'on_response: rev');
  const [definition] = await vscode.commands.executeCommand<readonly vscode.Location[]>(
    'vscode.executeDefinitionProvider',
    document.uri,
    use,
  );
  assert.equal(definition?.range.start.line, 8);
  const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit>(
    'vscode.executeDocumentRenameProvider',
    document.uri,
    use,
    'critic',
  );
  assert.ok(await vscode.workspace.applyEdit(edit));
  assert.match(document.getText(), /on_response: critic\}/);
  assert.match(document.getText(), /\n {2}critic:\n/);
  assert.match(document.getText(), /description: reviewer of dev/);
  await assert.rejects(
    async () => vscode.commands.executeCommand('vscode.executeDocumentRenameProvider', document.uri, use, 'two words'),
    /must match/,
  );
});
