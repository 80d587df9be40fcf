import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { chatToolTable } from '../../../src/extension/manifest/chatToolTable.js';
import { provideCrew } from './crew.js';
import { test } from './registry.js';

/** What a model reads of a tool's answer. VS Code confirms by itself what it would ask a person, as it does in every suite. */
async function invoke(name: string, input: object, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  const stop = new vscode.CancellationTokenSource();
  signal.addEventListener('abort', () => stop.cancel(), { once: true });
  const result = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined }, stop.token);
  const [part] = result.content;
  assert.ok(part instanceof vscode.LanguageModelTextPart);
  return JSON.parse(part.value) as Record<string, unknown>;
}

test('chat has each tool of Muster, described and with a schema', async ({ signal }) => {
  await provideCrew(signal);
  const registered = new Map(vscode.lm.tools.map(tool => [tool.name, tool]));
  for (const [name, { modelDescription, inputSchema }] of Object.entries(chatToolTable)) {
    assert.equal(registered.get(name)?.description, modelDescription);
    assert.deepEqual(registered.get(name)?.inputSchema, inputSchema);
  }
});

test('chat gives a task, waits for the answer, reads the changes and asks for more on the same thread', async ({
  signal,
}) => {
  const access = await provideCrew(signal);
  const { agents } = (await invoke('muster_agents', {}, signal)) as { agents: { agent: string; problem?: string }[] };
  assert.deepEqual(
    agents.filter(({ agent }) => agent === 'writer').map(({ problem }) => problem),
    [undefined],
  );
  const prompt = 'Change the greeting, for chat';
  const sent = await invoke('muster_dispatch', { agent: 'writer', prompt }, signal);
  const id = String(sent['thread_id']);
  const answer = await invoke('muster_wait', { thread_id: id }, signal);
  assert.equal(answer['state'], 'ready');
  assert.equal(answer['from'], 'writer');
  assert.match(String(answer['answer']), /Changed the greeting/);
  const { files, patch } = await invoke('muster_changes', { thread_id: id }, signal);
  assert.deepEqual((files as { path: string }[]).map(({ path }) => path).toSorted(), ['TASK.txt', 'src/greet.js']);
  assert.match(String(patch), /\+ {2}return "Good day, " \+ name;/);
  const again = await invoke('muster_dispatch', { agent: 'writer', prompt: 'Again', thread_id: id }, signal);
  assert.equal(again['thread_id'], id);
  await invoke('muster_wait', { thread_id: id }, signal);
  const { threads } = (await invoke('muster_threads', {}, signal)) as {
    threads: { thread_id: string; task: string }[];
  };
  assert.equal(threads.find(({ thread_id: thread }) => thread === id)?.task, prompt);
  assert.equal(access.services.host.threads.get(id)?.outcome, 'open');
});

test('chat is told in words what is wrong, and gives up waiting when the person does', async ({ signal }) => {
  const access = await provideCrew(signal);
  const unknown = await invoke('muster_dispatch', { agent: 'nobody', prompt: 'x' }, signal);
  assert.match(String(unknown['error']), /no agent "nobody".*writer/);
  const { thread_id: id } = await invoke('muster_dispatch', { agent: 'idler', prompt: 'Rest' }, signal);
  const stop = new vscode.CancellationTokenSource();
  const waiting = vscode.lm.invokeTool(
    'muster_wait',
    { input: { thread_id: id }, toolInvocationToken: undefined },
    stop.token,
  );
  stop.cancel();
  await assert.rejects(async () => await waiting, /cancel/i);
  const client = await access.services.host.client(signal);
  await client.threads.abandonThread({ threadId: String(id) });
});
