import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TestAccess } from '../../../src/extension/main.js';
import { answerMessages, dispatch, provideCrew, whenStatus } from './crew.js';
import { podSandbox, recordedPod, type PodPhase } from './recordedPod.js';
import { test, until, type TestContext } from './registry.js';

const devContainers = 'ms-vscode-remote.remote-containers';
const engine = 'unix:///run/other/docker.sock';

/** A thread that is ready, and a host that tells of sandboxes what the test wants: where they run is tested elsewhere. */
async function threadWith(
  { signal, after }: TestContext,
  task: string,
  sandboxes: (threadId: string) => object,
): Promise<{ readonly access: TestAccess; readonly threadId: string }> {
  const access = await provideCrew(signal);
  const threadId = await dispatch(access, 'writer', task);
  await whenStatus(access, threadId, 'ready', signal);
  const { host } = access.services;
  const client = await host.client(signal);
  const told = sandboxes(threadId);
  const original: unknown = Reflect.get(host, 'client');
  Reflect.set(
    host,
    'client',
    async () => new Proxy(client, { get: (of, name) => (name === 'sandboxes' ? told : Reflect.get(of, name)) }),
  );
  after(() => void Reflect.set(host, 'client', original));
  return { access, threadId };
}

/** A thread whose agent has a sandbox. */
async function withSandbox(
  context: TestContext,
  told: { readonly driver: string; readonly runtimeIds: readonly string[]; readonly terminal: readonly string[] },
): Promise<{ readonly access: TestAccess; readonly threadId: string }> {
  const { driver, runtimeIds, terminal } = told;
  return await threadWith(context, 'Work in a sandbox', () => ({
    listSandboxes: async () => ({ sandboxes: [{ id: 's1', agent: 'writer', driver, runtimeIds, usedAt: 1n }] }),
    enterSandbox: async () => ({ terminal }),
  }));
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

test('a pod is a row under its thread’s worktree, which tells where it is and what it waits for, follows it, and goes', async context => {
  const { signal } = context;
  const pod = await recordedPod();
  let now: PodPhase | undefined = 'waiting';
  /** What the whole tree was given last. */
  let seen: PodPhase | undefined;
  const { access, threadId } = await threadWith(context, 'Work in a pod', own => ({
    listSandboxes: async ({ threadId: asked = '', usage = false }: { threadId?: string; usage?: boolean }) => {
      if (asked === '') seen = now;
      return { sandboxes: now && (asked === '' || asked === own) ? [podSandbox(own, pod[now], usage)] : [] };
    },
  }));
  const tree = access.views.worktrees;
  // It asks nothing while it is not seen, and another test may have left something in front.
  const isSeen = async (): Promise<boolean> => {
    if (!tree.visible) await vscode.commands.executeCommand('muster.worktrees.focus');
    return tree.visible;
  };
  await until('the Worktrees view is seen', isSeen, signal);
  tree.refresh();
  const rows = async () => {
    const top = (await tree.getChildren()).find(row => row.kind === 'worktree' && row.threadId === threadId);
    assert.ok(top, 'its worktree is listed');
    assert.equal(tree.getTreeItem(top).collapsibleState, vscode.TreeItemCollapsibleState.Expanded);
    return (await tree.getChildren(top)).filter(row => row.kind === 'sandbox');
  };
  const shown = async () => {
    const [row = assert.fail('there is no row')] = await rows();
    const item = tree.getTreeItem(row);
    const { token } = new vscode.CancellationTokenSource();
    const tooltip = (await tree.resolveTreeItem(tree.getTreeItem(row), row, token)).tooltip;
    const words = String(item.accessibilityInformation?.label);
    return {
      label: item.label,
      description: item.description,
      words,
      tooltip: typeof tooltip === 'string' ? tooltip.split('\n') : [],
    };
  };

  const waiting = await shown();
  const { image, progress = '' } = pod.waiting;
  assert.match(progress, /^Waiting for the cluster \(0\/1 nodes are available: /);
  assert.equal(waiting.label, 'dev');
  assert.equal(waiting.description, `${image} · waiting · ${progress}`);
  assert.equal(waiting.words, `Container of dev, waiting, Pending, ${progress}`);
  assert.deepEqual(waiting.tooltip.slice(0, 3), [`kubernetes · ${image} · waiting`, 'Pending', progress]);
  assert.match(waiting.tooltip.slice(3).join('\n'), /^FailedScheduling: /m);

  // What its pod is at changes nothing of its thread but that something is told of it, as with a comment. The first may be more than that.
  const { reviews } = await access.services.host.client(signal);
  const follows = async (next: PodPhase | undefined): Promise<void> => {
    now = next;
    await reviews.addComment({ threadId, path: 'src/greet.js', startLine: 1, text: 'Look at that' }, { signal });
    await until('VS Code has asked again', async () => (await isSeen()) && seen === next, signal);
  };
  await follows('running');
  const running = await shown();
  assert.equal(running.description, `${image} · running · muster-node`);
  assert.equal(running.words, 'Container of dev, running, muster-node, Running');
  assert.deepEqual(running.tooltip.slice(0, 3), [
    `kubernetes · ${image} · running`,
    'muster-node · Running',
    '50 % of a processor, 100 of 4096 MiB, 3 processes',
  ]);
  assert.match(running.tooltip.slice(3).join('\n'), /^Started: /m);

  await follows('over');
  const over = await shown();
  assert.equal(over.description, `${image} · ready`);
  assert.deepEqual(over.tooltip, [`kubernetes · ${image} · ready`]);

  await follows(undefined);
  const [top = assert.fail('its worktree is gone')] = (await tree.getChildren()).filter(
    row => row.kind === 'worktree' && row.threadId === threadId,
  );
  assert.deepEqual(await tree.getChildren(top), []);
  assert.equal(tree.getTreeItem(top).collapsibleState, vscode.TreeItemCollapsibleState.None);
});
