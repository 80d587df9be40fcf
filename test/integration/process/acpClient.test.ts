import {
  agent,
  methods,
  ndJsonStream,
  type AgentContext,
  type RequestPermissionResponse,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { converse, type AcpSettings } from '../../../src/agentMcp/acp/converse.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

const options = [
  { optionId: 'always', name: 'Always', kind: 'allow_always' as const },
  { optionId: 'once', name: 'Once', kind: 'allow_once' as const },
  { optionId: 'no', name: 'No', kind: 'reject_once' as const },
];

/** An agent that asks for permission to run a command and says what it was told. */
function askingAgent(onPrompt: (ctx: { client: AgentContext; sessionId: string }) => Promise<void>) {
  return agent({ name: 'fake' })
    .onRequest(methods.agent.initialize, () => ({ protocolVersion: 1, agentCapabilities: { loadSession: true } }))
    .onRequest(methods.agent.session.new, () => ({ sessionId: 's-1' }))
    .onRequest(methods.agent.session.load, async ({ params, client }) => {
      if (params.sessionId === 'gone') throw new Error('No such session');
      await client.notify(methods.client.session.update, {
        sessionId: params.sessionId,
        update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'of an earlier run' } },
      });
      return {};
    })
    .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
      await onPrompt({ client, sessionId: params.sessionId });
      return { stopReason: 'end_turn' as const };
    });
}

function ask(client: AgentContext, sessionId: string): Promise<RequestPermissionResponse> {
  return client.request(methods.client.session.requestPermission, {
    sessionId,
    options,
    toolCall: { toolCallId: 't', kind: 'execute', title: 'npm test', rawInput: { command: 'npm test' } },
  });
}

function start(app: ReturnType<typeof askingAgent>, settings: AcpSettings = {}) {
  const runDirectory = tempDirectory();
  const toAgent = new TransformStream<Uint8Array, Uint8Array>();
  const toClient = new TransformStream<Uint8Array, Uint8Array>();
  const connection = app.connect(ndJsonStream(toClient.writable, toAgent.readable));
  onTestFinished(() => connection.close());
  const lines: Readonly<Record<string, unknown>>[] = [];
  const stopping = new AbortController();
  const ended = converse({
    stream: ndJsonStream(toAgent.writable, toClient.readable),
    settings,
    prompt: 'Do it',
    cwd: runDirectory,
    runDirectory,
    say: line => lines.push(line),
    signal: stopping.signal,
  });
  const mail = (name: string): string => join(runDirectory, 'mail', name);
  const letter = (): Promise<unknown> =>
    vi.waitFor(() => JSON.parse(readFileSync(mail('1.ask.json'), 'utf8')) as unknown, { interval: 10, timeout: 5_000 });
  const answer = (body: object): void => writeFileSync(mail('1.answer.json'), JSON.stringify(body));
  return { ended, lines, letter, answer, stopping };
}

test.each([
  ['allow', 'once'],
  ['deny', 'no'],
])('a question becomes a letter, and %s the option that holds for once', async (decision, option) => {
  let told: RequestPermissionResponse | undefined;
  const run = start(
    askingAgent(async ({ client, sessionId }) => {
      told = await ask(client, sessionId);
    }),
  );
  expect(await run.letter()).toEqual({ kind: 'permission', tool: 'execute', input: { command: 'npm test' } });
  run.answer({ decision, text: '' });
  expect(await run.ended).toBe(true);
  expect(told).toEqual({ outcome: { outcome: 'selected', optionId: option } });
  expect(run.lines).toMatchObject([
    { acp: 'session', id: 's-1' },
    { acp: 'update', update: { sessionUpdate: 'tool_call', toolCallId: 't', rawInput: { command: 'npm test' } } },
    { acp: 'stop', stopReason: 'end_turn' },
  ]);
});

test('an earlier session goes on, and what it said before is not told again', async () => {
  const run = start(
    askingAgent(async () => undefined),
    { conversation: 's-0' },
  );
  expect(await run.ended).toBe(true);
  expect(run.lines).toEqual([
    { acp: 'session', id: 's-0' },
    { acp: 'stop', stopReason: 'end_turn' },
  ]);
});

test('a session that is loaded under another id keeps its own', async () => {
  const prompted: string[] = [];
  const run = start(
    askingAgent(async ({ sessionId }) => {
      prompted.push(sessionId);
    }),
    { conversation: 'gone', loadAs: 'found' },
  );
  expect(await run.ended).toBe(true);
  expect(prompted).toEqual(['found']);
  expect(run.lines[0]).toEqual({ acp: 'session', id: 'gone' });
});

test('a session that is gone is told as that, so that the next try begins anew', async () => {
  const run = start(
    askingAgent(async () => undefined),
    { conversation: 'gone' },
  );
  expect(await run.ended).toBe(false);
  // What the agent says beside it is the cause; its message may be no more than *Internal error*.
  expect(run.lines).toMatchObject([
    { acp: 'error', reason: 'conversation_missing', data: { details: 'No such session' } },
  ]);
});

test('a run that is stopped while it asks ends', async () => {
  const run = start(
    askingAgent(async ({ client, sessionId }) => {
      await ask(client, sessionId);
    }),
  );
  await run.letter();
  run.stopping.abort();
  expect(await run.ended).toBe(false);
  expect(run.lines.at(-1)).toMatchObject({ acp: 'error' });
});

test.each([
  ['without any input', 'in_progress', {}],
  ['with some of its input', 'pending', { cwd: '/w' }],
] as const)(
  'a tool that is named %s first and explained later is told once, when it is known what it does',
  async (_, status, rawInput) => {
    const run = start(
      askingAgent(async ({ client, sessionId }) => {
        const tell = (update: SessionUpdate): Promise<void> =>
          client.notify(methods.client.session.update, { sessionId, update });
        const call = { toolCallId: 't', kind: 'execute' as const };
        await tell({ sessionUpdate: 'tool_call', ...call, title: 'bash', status, rawInput });
        await tell({ sessionUpdate: 'tool_call_update', ...call, status: 'in_progress', rawInput: { command: 'ls' } });
        await tell({ sessionUpdate: 'tool_call_update', ...call, status: 'completed', rawOutput: 'a.txt' });
      }),
    );
    expect(await run.ended).toBe(true);
    const updates = run.lines.flatMap(line => (line['acp'] === 'update' ? [line['update']] : []));
    expect(updates).toMatchObject([
      { sessionUpdate: 'tool_call', title: 'bash', rawInput: { command: 'ls' } },
      { sessionUpdate: 'tool_call_update', status: 'in_progress' },
      { sessionUpdate: 'tool_call_update', status: 'completed', rawOutput: 'a.txt' },
    ]);
  },
);

test('a turn that ends because a person said no has ended, and one that is cancelled otherwise has not', async () => {
  const stopping = (asks: boolean) =>
    agent({ name: 'fake' })
      .onRequest(methods.agent.initialize, () => ({ protocolVersion: 1 }))
      .onRequest(methods.agent.session.new, () => ({ sessionId: 's-1' }))
      .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
        if (asks) await ask(client, params.sessionId);
        return { stopReason: 'cancelled' as const };
      });
  const denied = start(stopping(true));
  await denied.letter();
  denied.answer({ decision: 'deny', text: 'no' });
  expect(await denied.ended).toBe(true);
  expect(denied.lines.at(-1)).toEqual({ acp: 'stop', stopReason: 'end_turn' });
  const cancelled = start(stopping(false));
  expect(await cancelled.ended).toBe(false);
  expect(cancelled.lines.at(-1)).toEqual({ acp: 'stop', stopReason: 'cancelled' });
});
