import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { TestAccess } from '../../../src/extension/main.js';
import type { Thread } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { until } from './registry.js';

const run = promisify(execFile);

/** The extension's own objects, which it gives to tests alone. */
export async function extension(): Promise<TestAccess> {
  const found = vscode.extensions.getExtension<TestAccess>('muster.muster');
  if (!found) throw new Error('muster.muster is not installed');
  return found.activate();
}

/** Absolute path of the repository that the window shows. */
export function repository(): string {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (!folder) throw new Error('no folder is open');
  return folder.uri.fsPath;
}

export function inRepository(...parts: readonly string[]): vscode.Uri {
  return vscode.Uri.file(join(repository(), ...parts));
}

/** Runs git in the repository and returns what it printed. */
export async function git(...args: readonly string[]): Promise<string> {
  return (await run('git', args, { cwd: repository() })).stdout.trim();
}

/** Asks which repositories Source Control lists now. An earlier test may have opened a file of a worktree, as people do. */
export async function openRepositories(): Promise<() => readonly string[]> {
  const extension = vscode.extensions.getExtension<{
    getAPI(version: 1): { readonly repositories: readonly { readonly rootUri: vscode.Uri }[] };
  }>('vscode.git');
  const api = (await extension?.activate())?.getAPI(1);
  if (!api) throw new Error('the git extension is not there');
  return () => api.repositories.map(({ rootUri }) => rootUri.fsPath);
}

/** Agents that do exactly what a test needs; each is an own command, so applying the file asks for consent. */
const agents: Readonly<Record<string, string>> = {
  writer: `cat > TASK.txt
printf 'export function greet(name) {\\n  return "Good day, " + name;\\n}\\n' > src/greet.js
echo 'Changed the greeting.'`,
  polite: `cat > TASK.txt
if grep -q 'good evening' TASK.txt; then
  printf 'export function greet(name) {\\n  return "Good evening, " + name;\\n}\\n' > src/greet.js
  grep -o '^DONE: .*' TASK.txt
else
  printf 'export function greet(name) {\\n  return "Good day, " + name;\\n}\\n' > src/greet.js
fi`,
  scatter: `cat > /dev/null
if grep -q farewell src/greet.js; then
  sed -i 's/farewell/goodbye/' src/greet.js
else
  printf '// one\\nexport function greet(name) {\\n  return "Hello " + name;\\n}\\n\\n// farewell\\n' > src/greet.js
  echo 'export const one = 1;' > src/new.js
  echo more >> README.md
fi`,
  idler: `cat > /dev/null
echo started
exec sleep 600`,
  analyst: `cat > /dev/null
sed -i 's/print(2)/print(3)/; s/print(1)/print(2)/' numbers.ipynb`,
  breaker: `cat > /dev/null
echo 'out of luck' >&2
exit 3`,
};

/** Writes a compose file with those agents, applies it and consents to it. */
export async function provideCrew(signal: AbortSignal): Promise<TestAccess> {
  const access = await extension();
  const bin = join(repository(), '..', 'bin');
  await mkdir(bin, { recursive: true });
  const lines = ['name: crew', 'providers:'];
  for (const [name, script] of Object.entries(agents)) {
    const command = join(bin, name);
    await writeFile(command, `#!/bin/sh\nset -e\n${script}\n`);
    await chmod(command, 0o755);
    lines.push(`  ${name}-cli:`, `    command: ${command}`, '    input: stdin', '    output: { format: text }');
  }
  lines.push('agents:');
  for (const name of Object.keys(agents)) lines.push(`  ${name}:`, `    provider: ${name}-cli`);
  const file = inRepository('agent-compose.yml');
  await writeFile(file.fsPath, `${lines.join('\n')}\n`);
  if ((await git('status', '--porcelain')) !== '')
    await git('commit', '--quiet', '--all', '--message', 'A crew for tests');
  const dialog = answerMessages(/consent/, 'Apply and Allow');
  try {
    await vscode.commands.executeCommand('muster.applyProject', file);
  } finally {
    dialog.restore();
  }
  // An agent of the test before may finish just now, which is told whatever is applied.
  const [unexpected] = dialog.shown.filter(({ text }) => !/consent|ready for review|after you looked/.test(text));
  if (unexpected) throw new Error(`the compose file was not applied: ${unexpected.text}`);
  await until(
    'the agents are there',
    () => access.services.scope.projects()[0]?.agents.length === Object.keys(agents).length,
    signal,
  );
  return access;
}

/** Dispatches as a person who is done typing, and returns the new thread's id. */
export async function dispatch(access: TestAccess, agent: string, prompt: string): Promise<string> {
  const before = new Set(access.services.host.threads.keys());
  const [project] = access.services.scope.projects();
  if (!project) throw new Error('no project is applied');
  const definition = project.agents.find(({ name }) => name === agent);
  if (!definition) throw new Error(`no agent ${agent}`);
  await access.tasks.open({ project, agent: definition });
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== 'muster-task') throw new Error('no task document is in front');
  await editor.edit(edit => edit.insert(new vscode.Position(0, 0), prompt));
  await vscode.commands.executeCommand('muster.sendTask', editor.document.uri);
  const made = [...access.services.host.threads.keys()].find(id => !before.has(id));
  return (
    made ??
    until(
      'the thread is in the live state',
      () => [...access.services.host.threads.keys()].find(id => !before.has(id)),
      AbortSignal.timeout(10_000),
    )
  );
}

/** The thread as soon as it has one of the states. */
export function whenStatus(
  access: TestAccess,
  threadId: string,
  statuses: string,
  signal: AbortSignal,
): Promise<Thread> {
  return until(
    `thread ${threadId} is ${statuses}, it is ${access.services.host.threads.get(threadId)?.status}`,
    () => {
      const thread = access.services.host.threads.get(threadId);
      return thread && statuses.split('|').includes(thread.status) ? thread : undefined;
    },
    signal,
  );
}

interface ShownMessage {
  readonly text: string;
  readonly buttons: readonly string[];
  readonly detail: string;
}

export interface Messages {
  /** Every message that was shown, in order. */
  readonly shown: readonly ShownMessage[];
  /** Without the news that a thread is ready, which may come a little late. */
  readonly asked: readonly ShownMessage[];
  restore(): void;
}

/** Answers messages whose text matches with a button, others as if closed; nobody is there to click in this suite. */
export function answerMessages(matching: RegExp, answer: string | readonly string[] | undefined): Messages {
  const answers = answer === undefined ? [] : [answer].flat();
  const shown: { text: string; buttons: readonly string[]; detail: string }[] = [];
  const { window } = vscode;
  const names = ['showInformationMessage', 'showWarningMessage', 'showErrorMessage'] as const;
  const originals = names.map((name): unknown => Reflect.get(window, name));
  for (const name of names) {
    Reflect.set(window, name, async (text: string, ...rest: readonly unknown[]): Promise<string | undefined> => {
      const options = rest.find((item): item is vscode.MessageOptions => typeof item === 'object' && item !== null);
      const buttons = rest.filter((item): item is string => typeof item === 'string');
      shown.push({ text, buttons, detail: options?.detail ?? '' });
      return matching.test(text) ? answers.find(each => buttons.includes(each)) : undefined;
    });
  }
  return {
    shown,
    get asked() {
      return shown.filter(({ text }) => !text.includes(': ready for review'));
    },
    restore: () => names.forEach((name, index) => Reflect.set(window, name, originals[index])),
  };
}
