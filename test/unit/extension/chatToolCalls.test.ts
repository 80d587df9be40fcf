import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { callChatTool, type ChatToolServices } from '../../../src/extension/chat/chatToolCalls.js';
import { chatToolTable } from '../../../src/extension/manifest/chatToolTable.js';
import type { HostClient } from '../../../src/client/hostClient.js';
import { ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import {
  DiffThreadResponseSchema,
  DispatchResponseSchema,
  GetThreadResponseSchema,
  type Thread,
} from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { wireThread } from '../webview/fakeLive.js';

function setUp(found: Thread = wireThread({ status: 'ready' })) {
  const sent: object[] = [];
  const live = new Map([[found.id, found]]);
  let wake = (): void => undefined;
  const threads = {
    dispatch: async (request: object) => {
      sent.push(request);
      return create(DispatchResponseSchema, { threadId: 'new', status: 'queued' });
    },
    getThread: async () =>
      create(GetThreadResponseSchema, {
        thread: live.get(found.id) ?? found,
        messages: [
          { from: 'you', to: 'dev', intent: 'dispatch', body: 'Do it' },
          { from: 'dev', to: 'you', intent: 'response', body: 'Done.' },
        ],
      }),
    diffThread: async () =>
      create(DiffThreadResponseSchema, {
        files: [{ path: 'a.ts', status: 'modified', additions: 1, deletions: 2 }],
        patch: 'x'.repeat(50_000),
      }),
  };
  const services: ChatToolServices = {
    client: async () => ({ threads }) as unknown as HostClient,
    projects: () => [
      create(ProjectSchema, { id: 'p', name: 'shop', consented: true, agents: [{ name: 'dev', provider: 'claude' }] }),
      create(ProjectSchema, { id: 'q', name: 'old', removed: true, agents: [{ name: 'gone' }] }),
    ],
    threads: () => [...live.values()],
    thread: id => live.get(id),
    changed: () =>
      new Promise(resolve => {
        wake = resolve;
      }),
  };
  const { signal } = new AbortController();
  return {
    sent,
    call: (name: Parameters<typeof callChatTool>[0], input: unknown = {}) =>
      callChatTool(name, input, { services, signal }),
    become: (thread: Thread) => {
      live.set(thread.id, thread);
      wake();
    },
  };
}

describe('the tools of chat', () => {
  test('tell agents and threads', async () => {
    const { call } = setUp(wireThread({ status: 'needs_you', needs: 'dev asks.', costUsd: 0.5 }));
    expect(await call('muster_agents')).toEqual({
      agents: [{ agent: 'dev', project: 'shop', provider: 'claude', running: 0, queued: 0 }],
    });
    expect(await call('muster_threads')).toMatchObject({
      threads: [{ agent: 'dev', state: 'needs_you', needs_a_person: 'dev asks.', cost_usd: 0.5 }],
    });
  });

  test('dispatch to the project that has the agent, and follow up where the thread is', async () => {
    const { call, sent } = setUp();
    expect(await call('muster_dispatch', { agent: 'dev', prompt: 'Do it' })).toMatchObject({ thread_id: 'new' });
    await call('muster_dispatch', { agent: 'dev', prompt: 'More', thread_id: 'k3v9' });
    expect(sent).toMatchObject([
      { project: 'p', agent: 'dev', prompt: 'Do it', threadId: '' },
      { project: '', agent: 'dev', prompt: 'More', threadId: 'k3v9' },
    ]);
    await expect(call('muster_dispatch', { agent: 'nobody', prompt: 'Do it' })).rejects.toThrow('Known agents: dev.');
    await expect(call('muster_dispatch', { agent: 'dev' })).rejects.toMatchObject({ code: 'request.invalid' });
  });

  test('wait for the end and tell the answer', async () => {
    const { call, become } = setUp(wireThread({ status: 'working' }));
    const waited = call('muster_wait', { thread_id: 'k3v9' });
    await new Promise(resolve => setImmediate(resolve));
    become(wireThread({ status: 'working', costUsd: 1 }));
    await new Promise(resolve => setImmediate(resolve));
    become(wireThread({ status: 'ready' }));
    expect(await waited).toMatchObject({ state: 'ready', from: 'dev', answer: 'Done.' });
  });

  test('give a patch in pages', async () => {
    const { call } = setUp();
    const first = await call('muster_changes', { thread_id: 'k3v9' });
    expect(first).toMatchObject({ files: [{ path: 'a.ts', additions: 1 }], next_offset: 40_000 });
    const second = await call('muster_changes', { thread_id: 'k3v9', offset: 40_000 });
    expect(second['patch']).toHaveLength(10_000);
    expect(second['next_offset']).toBeUndefined();
  });

  test('land nothing', () => {
    expect(Object.keys(chatToolTable).filter(name => /merge|approve|answer/.test(name))).toEqual([]);
  });
});
