import { onTestFinished, describe, expect, it } from 'vitest';
import { spentOf, startFacade, startUpstream, type FacadeHost } from '../../support/facadeHost.js';
import { scriptedUsage, type ModelStep } from '../../support/modelServer/modelScript.js';
import { startModelServer, type ModelServer } from '../../support/modelServer/modelServer.js';

type Name = 'messages' | 'responses' | 'chat_completions';
const names: readonly Name[] = ['messages', 'responses', 'chat_completions'];
const pairs = names.flatMap(client =>
  names.filter(name => name !== client).map(upstream => [client, upstream] as const),
);

const paths: Readonly<Record<Name, string>> = {
  messages: '/anthropic/v1/messages',
  responses: '/openai/v1/responses',
  chat_completions: '/openai/v1/chat/completions',
};

const png = 'iVBORw0KGgo=';

/** A conversation with a system prompt, a picture, a call of a tool and its result, in the words of each protocol. */
const requests: Readonly<Record<Name, object>> = {
  messages: {
    model: 'some-model',
    max_tokens: 100,
    system: [{ type: 'text', text: 'Be brief.' }],
    tools: [
      { name: 'look', description: 'Looks', input_schema: { type: 'object', properties: { at: { type: 'string' } } } },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is in it?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'c1', name: 'look', input: { at: 'it' } },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'a cat' }] },
    ],
  },
  responses: {
    model: 'some-model',
    max_output_tokens: 100,
    instructions: 'Be brief.',
    tools: [
      {
        type: 'function',
        name: 'look',
        description: 'Looks',
        parameters: { type: 'object', properties: { at: { type: 'string' } } },
      },
    ],
    input: [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is in it?' },
          { type: 'input_image', image_url: `data:image/png;base64,${png}` },
        ],
      },
      { type: 'reasoning', summary: [] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":"it"}' },
      { type: 'function_call_output', call_id: 'c1', output: 'a cat' },
    ],
  },
  chat_completions: {
    model: 'some-model',
    max_tokens: 100,
    tools: [
      {
        type: 'function',
        function: {
          name: 'look',
          description: 'Looks',
          parameters: { type: 'object', properties: { at: { type: 'string' } } },
        },
      },
    ],
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is in it?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
        ],
      },
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"it"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
    ],
  },
};

interface Said {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  readonly stop: string;
  readonly input: number;
  readonly output: number;
}

const events = (text: string): any[] =>
  text
    .split('\n')
    .filter(line => line.startsWith('data: {'))
    .map(line => JSON.parse(line.slice(6)) as unknown);

/** What a client of each protocol understands of a stream. */
const streamReaders: Readonly<Record<Name, (text: string) => Said>> = {
  messages(text) {
    const all = events(text);
    const blocks: { type: string; id: string; name: string; text: string }[] = [];
    for (const event of all) {
      if (event.type === 'content_block_start') blocks[event.index] = { ...event.content_block, text: '' };
      const block = blocks[event.index];
      if (event.type === 'content_block_delta' && block) block.text += event.delta.text ?? event.delta.partial_json;
    }
    const end = all.find(event => event.type === 'message_delta');
    expect(all.filter(event => event.type === 'content_block_stop')).toHaveLength(blocks.length);
    expect(all.at(0)?.type).toBe('message_start');
    expect(all.at(-1)?.type).toBe('message_stop');
    const {
      input_tokens: fresh,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: made,
      output_tokens: output,
    } = end.usage;
    return {
      text: blocks
        .filter(({ type }) => type === 'text')
        .map(block => block.text)
        .join(''),
      calls: blocks
        .filter(({ type }) => type === 'tool_use')
        .map(block => ({ id: block.id, name: block.name, input: JSON.parse(block.text) })),
      stop: end.delta.stop_reason,
      input: fresh + read + made,
      output,
    };
  },
  responses(text) {
    const all = events(text);
    expect(all.map(event => event.sequence_number)).toEqual(all.map((_, index) => index));
    const end = all.at(-1);
    expect(all.filter(event => event.type === 'response.output_item.added')).toHaveLength(end.response.output.length);
    expect(all.filter(event => event.type === 'response.output_item.done').map(event => event.item)).toEqual(
      end.response.output,
    );
    const deltas = all
      .filter(event => event.type === 'response.output_text.delta')
      .map(event => event.delta)
      .join('');
    const whole = wholeReaders.responses(end.response);
    expect(deltas).toBe(whole.text);
    return { ...whole, stop: end.type };
  },
  chat_completions(text) {
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    const all = events(text);
    const calls: { id: string; name: string; text: string }[] = [];
    let said = '';
    let stop = '';
    for (const { choices } of all) {
      for (const { delta, finish_reason: reason } of choices) {
        said += delta.content ?? '';
        stop = reason ?? stop;
        for (const call of delta.tool_calls ?? []) {
          calls[call.index] ??= { id: call.id, name: call.function.name, text: '' };
          calls[call.index]!.text += call.function.arguments;
        }
      }
    }
    const { usage } = all.at(-1);
    return {
      text: said,
      calls: calls.map(({ id, name, text: input }) => ({ id, name, input: JSON.parse(input) })),
      stop,
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
    };
  },
};

/** And of a whole answer. */
const wholeReaders: Readonly<Record<Name, (answer: any) => Said>> = {
  messages: ({ content, stop_reason: stop, usage }) => ({
    text: content
      .filter((block: any) => block.type === 'text')
      .map((block: any) => block.text)
      .join(''),
    calls: content
      .filter((block: any) => block.type === 'tool_use')
      .map(({ id, name, input }: any) => ({ id, name, input })),
    stop,
    input: usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
    output: usage.output_tokens,
  }),
  responses: ({ output, status, usage }) => ({
    text: output
      .filter((item: any) => item.type === 'message')
      .map((item: any) => item.content[0].text)
      .join(''),
    calls: output
      .filter((item: any) => item.type === 'function_call')
      .map((item: any) => ({ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) })),
    stop: status,
    input: usage.input_tokens,
    output: usage.output_tokens,
  }),
  chat_completions: ({ choices: [choice], usage }) => ({
    text: choice.message.content ?? '',
    calls: (choice.message.tool_calls ?? []).map((call: any) => ({
      id: call.id,
      name: call.function.name,
      input: JSON.parse(call.function.arguments),
    })),
    stop: choice.finish_reason,
    input: usage.prompt_tokens,
    output: usage.completion_tokens,
  }),
};

const toolStops = { messages: 'tool_use', responses: 'completed', chat_completions: 'tool_calls' } as const;
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
    endpoint: upstream === 'messages' ? url : `${url}/v1`,
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
    const answer = await host.post(paths[client], { ...requests[client], stream: true });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    const [asked] = model.requests;
    expect(asked?.system).toBe('Be brief.');
    expect(asked?.tools).toEqual(['look']);
    expect(asked?.messages.map(({ role }) => role).filter((role, i, all) => role !== all[i - 1])).toEqual([
      'user',
      'assistant',
      'tool',
    ]);
    expect(asked?.messages.find(({ role }) => role === 'tool')?.text).toBe('a cat');
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
    expect(wholeReaders[client](JSON.parse(answer.text))).toMatchObject({
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
    await expect(host.post(paths[client], { ...requests[client], stream: true })).rejects.toThrow();
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
  const end = events(answer.text).at(-1) as { response: { output: unknown[] } };
  expect(end.response.output).toMatchObject([
    { type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin Patch\n' },
  ]);
});

it('translates nothing from or into Gemini, and says so', async () => {
  const host = await startBridged('messages', 'http://127.0.0.1:9');
  const answer = await host.post('/gemini/v1beta/models/gemini-2.5-pro:generateContent', { contents: [] });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain('not translated');
});
