import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TestAccess } from '../../../src/extension/main.js';
import { answerMessages, dispatch, provideCrew, whenStatus } from './crew.js';
import { test, type TestContext } from './registry.js';

const devContainers = 'ms-vscode-remote.remote-containers';
const engine = 'unix:///run/other/docker.sock';

/** A thread whose agent has a sandbox, as a host tells of it: containers are tested where there is an engine. */
async function withSandbox(
  { signal, after }: TestContext,
  told: { readonly driver: string; readonly runtimeIds: readonly string[]; readonly terminal: readonly string[] },
): Promise<{ readonly access: TestAccess; readonly threadId: string }> {
  const access = await provideCrew(signal);
  const threadId = await dispatch(access, 'writer', 'Work in a sandbox');
  await whenStatus(access, threadId, 'ready', signal);
  const { host } = access.services;
  const client = await host.client(signal);
  const { driver, runtimeIds, terminal } = told;
  const sandboxes = {
    listSandboxes: async () => ({ sandboxes: [{ id: 's1', agent: 'writer', driver, runtimeIds, usedAt: 1n }] }),
    enterSandbox: async () => ({ terminal }),
  };
  const original: unknown = Reflect.get(host, 'client');
  Reflect.set(
    host,
    'client',
    async () => new Proxy(client, { get: (of, name) => (name === 'sandboxes' ? sandboxes : Reflect.get(of, name)) }),
  );
  after(() => void Reflect.set(host, 'client', original));
  return { access, threadId };
}

/** Dev Containers, as if it were installed. */
function installDevContainers({ after }: TestContext): void {
  const { extensions } = vscode;
  const original: unknown = Reflect.get(extensions, 'getExtension');
  const real = extensions.getExtension.bind(extensions);
  Reflect.set(extensions, 'getExtension', (id: string) => (id === devContainers ? { id } : real(id)));
  after(() => void Reflect.set(extensions, 'getExtension', original));
}

/** What is asked of VS Code itself by these commands; the others go on. */
function commandsOf({ after }: TestContext, names: readonly string[]): readonly (readonly unknown[])[] {
  const asked: unknown[][] = [];
  const { commands } = vscode;
  const original: unknown = Reflect.get(commands, 'executeCommand');
  const real = commands.executeCommand.bind(commands);
  Reflect.set(commands, 'executeCommand', async (name: string, ...args: unknown[]) =>
    names.includes(name) ? void asked.push([name, ...args]) : await real(name, ...args),
  );
  after(() => void Reflect.set(commands, 'executeCommand', original));
  return asked;
}

const inContainer = {
  driver: 'docker',
  runtimeIds: ['0123456789ab'],
  terminal: ['docker', '--host', engine, 'exec', '--interactive', '--tty', '0123456789ab'],
};

test('attaching opens a window in the container that the agents of a thread work in', async context => {
  const { threadId } = await withSandbox(context, inContainer);
  installDevContainers(context);
  const asked = commandsOf(context, ['vscode.openFolder']);
  await vscode.commands.executeCommand('muster.attachSandbox', threadId);
  const [[, folder, options] = assert.fail('nothing was opened')] = asked;
  assert.ok(folder instanceof vscode.Uri);
  assert.equal(folder.scheme, 'vscode-remote');
  assert.equal(folder.path, '/workspace');
  const [, hex = ''] = folder.authority.split('+');
  const place: unknown = JSON.parse(Buffer.from(hex, 'hex').toString('utf8'));
  assert.deepEqual(place, { containerName: '0123456789ab', settings: { host: engine } });
  assert.deepEqual(options, { forceNewWindow: true });
});

test('without Dev Containers attaching leads to that extension, and opens nothing', async context => {
  const { threadId } = await withSandbox(context, inContainer);
  const asked = commandsOf(context, ['vscode.openFolder', 'workbench.extensions.search']);
  const messages = answerMessages(/Dev Containers/, 'Show Extension');
  context.after(() => messages.restore());
  await vscode.commands.executeCommand('muster.attachSandbox', threadId);
  assert.deepEqual(asked, [['workbench.extensions.search', devContainers]]);
});

test('what is no container is not attached to, and says so', async context => {
  const terminal = ['msb', 'exec', '--tty', 'muster-1', '--'];
  const { threadId } = await withSandbox(context, { driver: 'microsandbox', runtimeIds: ['muster-1'], terminal });
  installDevContainers(context);
  const asked = commandsOf(context, ['vscode.openFolder']);
  const messages = answerMessages(/^$/, undefined);
  context.after(() => messages.restore());
  await vscode.commands.executeCommand('muster.attachSandbox', threadId);
  assert.deepEqual(asked, []);
  assert.match(
    messages.shown.map(({ text }) => text).join('\n'),
    /No container of Work in a sandbox.* can be attached to/,
  );
});

test('a terminal is opened inside', async context => {
  const { threadId } = await withSandbox(context, inContainer);
  const before = vscode.window.terminals.length;
  await vscode.commands.executeCommand('muster.openSandboxTerminal', threadId);
  const terminal = vscode.window.terminals[before];
  assert.ok(terminal);
  context.after(() => terminal.dispose());
  const { shellPath, shellArgs } = terminal.creationOptions as vscode.TerminalOptions;
  assert.equal(shellPath, 'docker');
  assert.deepEqual(Array.isArray(shellArgs) ? shellArgs.slice(0, 6) : [], inContainer.terminal.slice(1));
});
