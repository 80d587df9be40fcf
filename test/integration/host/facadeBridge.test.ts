import { onTestFinished, describe, expect, it } from 'vitest';
import {
  events,
  last,
  pairs,
  paths,
  png,
  requests,
  streamed,
  streamPaths,
  streamReaders,
  wholeReaders,
  type Name,
  type ResponsesEvent,
} from '../../support/bridgeClients.js';
import { spentOf, startFacade, startUpstream, type FacadeHost } from '../../support/facadeHost.js';
import { scriptedUsage, type ModelStep } from '../../support/modelServer/modelScript.js';
import { startModelServer, type ModelServer } from '../../support/modelServer/modelServer.js';

const toolStops = {
  messages: 'tool_use',
  responses: 'completed',
  chat_completions: 'tool_calls',
  gemini: 'STOP',
} as const;
const streamToolStops = { ...toolStops, responses: 'response.completed' } as const;

async function bridge(
  upstream: Name,
  step: ModelStep,
): Promise<{ readonly host: FacadeHost; readonly model: ModelServer }> {
  const model = await startModelServer([{ prompt: 'What is in it?', steps: [{ text: 'unused' }, step] }]);
  onTestFinished(() => model.close());
  return { model, host: await startBridged(upstream, model.url) };
}

async function startBridged(upstream: Name, url: string): Promise<FacadeHost> {
  const other = {
    endpoint: ['messages', 'gemini'].includes(upstream) ? url : `${url}/v1`,
    protocols: [upstream],
    key_env: 'OPENAI_API_KEY',
  };
  return await startFacade({
    upstream: url,
    compose: 'agents: {dev: {provider: claude, llm: {via: facade, upstream: other}}}',
    settings: { upstreams: { other } },
  });
}

describe.each(pairs)('a client of %s with an upstream of %s', (client, upstream) => {
  it('has its conversation told whole, and gets words and calls as they come', async () => {
    const { host, model } = await bridge(upstream, {
      text: 'A cat — “Mieze” 🐈.',
      toolCall: { name: 'look', input: { at: 'the "other" one\n' } },
    });
    const answer = await host.post(streamPaths[client], streamed(client));
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    const [asked] = model.requests;
    expect(asked?.system).toBe('Be brief.');
    expect(asked?.tools).toEqual(['look']);
    expect(asked?.messages.map(({ role }) => role).filter((role, i, all) => role !== all[i - 1])).toEqual([
      'user',
      'assistant',
      'tool',
    ]);
    const result = asked?.messages.find(({ role }) => role === 'tool')?.text;
    expect(result).toBe(upstream === 'gemini' ? '{"output":"a cat"}' : 'a cat');
    const { input, output, cacheRead, cacheWrite } = scriptedUsage;
    const all = input + cacheRead + (upstream === 'messages' ? cacheWrite : 0);
    expect(streamReaders[client](answer.text)).toEqual({
      text: 'A cat — “Mieze” 🐈.',
      calls: [{ id: expect.stringMatching(/_1$/) as string, name: 'look', input: { at: 'the "other" one\n' } }],
      stop: streamToolStops[client],
      input: all,
      output,
    });
    expect(spentOf(host)).toMatchObject({ calls: 1, tokens: { input, output, cacheRead } });
  });

  it('gets a whole answer when it reads no streams', async () => {
    const { host } = await bridge(upstream, { toolCall: { name: 'look', input: {} } });
    const answer = await host.post(paths[client], requests[client]);
    expect(wholeReaders[client](answer.text)).toMatchObject({
      text: '',
      calls: [{ name: 'look', input: {} }],
      stop: toolStops[client],
    });
  });

  it('shows its pictures', async () => {
    const seen = await startUpstream((_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('\n'),
    );
    const host = await startBridged(upstream, seen.url);
    await host.post(paths[client], requests[client]);
    expect(String(seen.requests[0]?.body)).toContain(png);
    expect(String(seen.requests[0]?.body)).toContain('image/png');
  });

  it.each([401, 429, 500])('hears of an error in its own words: %d', async status => {
    const failing = await startUpstream((_, response) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' })
        .end(JSON.stringify({ error: { message: 'No cats today.' } })),
    );
    const host = await startBridged(upstream, failing.url);
    const answer = await host.post(paths[client], requests[client]);
    expect(answer).toMatchObject({ status, headers: { 'retry-after': '7' } });
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: 'No cats today.' } });
  });

  it('sees that an answer broke off', async () => {
    const breaking = await startUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {}\n\n', () => response.destroy());
    });
    const host = await startBridged(upstream, breaking.url);
    await expect(host.post(streamPaths[client], streamed(client))).rejects.toThrow();
    expect(spentOf(host).calls).toBe(1);
  });
});

it('gives free-form tools text where the upstream knows only JSON', async () => {
  const model = await startModelServer([
    { prompt: 'Patch it', steps: [{ toolCall: { name: 'apply_patch', input: { input: '*** Begin Patch\n' } } }] },
  ]);
  onTestFinished(() => model.close());
  const host = await startBridged('messages', model.url);
  const tools = [
    {
      type: 'custom',
      name: 'apply_patch',
      description: 'Patches',
      format: { type: 'grammar', definition: 'start: x' },
    },
  ];
  const answer = await host.post(paths.responses, { model: 'm', tools, input: 'Patch it', stream: true });
  const end = last(events<ResponsesEvent>(answer.text));
  expect(end.response.output).toMatchObject([
    { type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin Patch\n' },
  ]);
});

it('gives each of several calls of Gemini its own id, and its result back to it', async () => {
  const seen = await startUpstream((_, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(
      [
        { candidates: [{ content: { parts: [{ text: 'hm', thought: true }] } }] },
        {
          candidates: [
            {
              content: {
                parts: [
                  { functionCall: { name: 'look', args: { at: 1 } } },
                  { functionCall: { name: 'look', args: {} } },
                ],
              },
              finishReason: 'STOP',
            },
          ],
        },
      ]
        .map(event => `data: ${JSON.stringify(event)}\r\n\r\n`)
        .join(''),
    ),
  );
  const host = await startBridged('gemini', seen.url);
  const answer = await host.post(paths.messages, requests.messages);
  const { content } = JSON.parse(answer.text) as { content: readonly { id: string; input: unknown }[] };
  expect(content).toMatchObject([{ input: { at: 1 } }, { input: {} }]);
  expect(new Set(content.map(({ id }) => id)).size).toBe(2);
  const results = content.map(({ id }, index) => ({ type: 'tool_result', tool_use_id: id, content: `cat ${index}` }));
  const turns = [
    { role: 'assistant', content: content.map(block => ({ ...block, type: 'tool_use', name: 'look' })) },
    { role: 'user', content: results.toReversed() },
  ];
  await host.post(paths.messages, { ...requests.messages, messages: turns });
  const [, asked] = seen.requests.map(request => JSON.parse(String(request.body)) as { contents: unknown });
  expect(asked?.contents).toMatchObject([
    { role: 'model', parts: [{ functionCall: { args: { at: 1 } } }, { functionCall: { args: {} } }] },
    {
      role: 'user',
      parts: [
        { functionResponse: { name: 'look', response: { output: 'cat 0' } } },
        { functionResponse: { name: 'look', response: { output: 'cat 1' } } },
      ],
    },
  ]);
});

it('tells a client of Gemini which models there are, and counts for it', async () => {
  const host = await startBridged('messages', 'http://127.0.0.1:9');
  const counted = await host.post('/gemini/v1beta/models/some-model:countTokens', { contents: [] });
  expect(JSON.parse(counted.text)).toEqual({ totalTokens: expect.any(Number) as number });
});
