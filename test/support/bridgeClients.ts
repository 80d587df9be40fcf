import { expect } from 'vitest';

/** Protocols between which calls are translated. */
export type Name = 'messages' | 'responses' | 'chat_completions' | 'gemini';
const names: readonly Name[] = ['messages', 'responses', 'chat_completions', 'gemini'];
/** Every client in front of every other upstream. */
export const pairs = names.flatMap(client =>
  names.filter(name => name !== client).map(upstream => [client, upstream] as const),
);

/** Where clients call for a whole answer. */
export const paths: Readonly<Record<Name, string>> = {
  messages: '/anthropic/v1/messages',
  responses: '/openai/v1/responses',
  chat_completions: '/openai/v1/chat/completions',
  gemini: '/gemini/v1beta/models/some-model:generateContent',
};

/** And for one that they read while it is said. */
export const streamPaths: Readonly<Record<Name, string>> = {
  ...paths,
  gemini: '/gemini/v1beta/models/some-model:streamGenerateContent?alt=sse',
};

/** The request of a stream: Gemini says in its path that it is one. */
export function streamed(client: Name): object {
  return client === 'gemini' ? requests.gemini : { ...requests[client], stream: true };
}

/** A picture, as far as anybody looks. */
export const png = 'iVBORw0KGgo=';

/** A conversation with a system prompt, a picture, a call of a tool and its result, in the words of each protocol. */
export const requests: Readonly<Record<Name, object>> = {
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
  gemini: {
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    tools: [
      {
        functionDeclarations: [
          {
            name: 'look',
            description: 'Looks',
            parameters: { type: 'OBJECT', properties: { at: { type: 'STRING' } } },
          },
        ],
      },
    ],
    contents: [
      { role: 'user', parts: [{ text: 'What is in it?' }, { inlineData: { mimeType: 'image/png', data: png } }] },
      {
        role: 'model',
        parts: [
          { text: 'I wonder.', thought: true },
          { text: 'I look.' },
          { functionCall: { name: 'look', args: { at: 'it' } } },
        ],
      },
      { role: 'user', parts: [{ functionResponse: { name: 'look', response: { output: 'a cat' } } }] },
    ],
    generationConfig: { maxOutputTokens: 100 },
  },
};

interface Said {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  readonly stop: string;
  readonly input: number;
  readonly output: number;
}

/** The events of a stream. */
export function events<Event>(text: string): readonly Event[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('data: {'))
    .map(line => JSON.parse(line.slice(6)) as Event);
}

/** The members of answers that clients read. */
interface MessagesBlock {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly text: string;
}
interface MessagesUsage {
  readonly input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly output_tokens: number;
}
interface MessagesEvent {
  readonly type: string;
  readonly index: number;
  readonly content_block: MessagesBlock;
  readonly delta: { readonly text?: string; readonly partial_json?: string; readonly stop_reason: string };
  readonly usage: MessagesUsage;
}
interface MessagesAnswer {
  readonly content: readonly MessagesBlock[];
  readonly stop_reason: string;
  readonly usage: MessagesUsage;
}
interface ResponsesItem {
  readonly type: string;
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
  readonly content: readonly { readonly text: string }[];
}
interface ResponsesAnswer {
  readonly status: string;
  readonly output: readonly ResponsesItem[];
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}
export interface ResponsesEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly item: ResponsesItem;
  readonly delta: string;
  readonly response: ResponsesAnswer;
}
interface ChatCall {
  readonly index: number;
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}
interface ChatSaid {
  readonly content?: string | null;
  readonly tool_calls?: readonly ChatCall[];
}
interface ChatAnswer {
  readonly choices: readonly {
    readonly delta: ChatSaid;
    readonly message: ChatSaid;
    readonly finish_reason: string | null;
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

interface GeminiAnswer {
  readonly candidates: readonly {
    readonly content: {
      readonly parts: readonly {
        readonly text?: string;
        readonly functionCall?: { readonly id: string; readonly name: string; readonly args: unknown };
      }[];
    };
    readonly finishReason?: string;
  }[];
  readonly usageMetadata?: {
    readonly promptTokenCount: number;
    readonly candidatesTokenCount: number;
    readonly thoughtsTokenCount: number;
  };
}

function geminiSaid(answers: readonly GeminiAnswer[]): Said {
  const candidates = answers.flatMap(answer => answer.candidates);
  const parts = candidates.flatMap(candidate => candidate.content.parts);
  const usage = last(answers).usageMetadata;
  return {
    text: parts.map(part => part.text ?? '').join(''),
    calls: parts.flatMap(({ functionCall: call }) =>
      call ? [{ id: call.id, name: call.name, input: call.args }] : [],
    ),
    stop: last(candidates).finishReason ?? '',
    input: usage?.promptTokenCount ?? 0,
    output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
  };
}

/** The last of them; there is one. */
export function last<T>(list: readonly T[]): T {
  const item = list.at(-1);
  if (item === undefined) throw new Error('Nothing was said');
  return item;
}

function inputOf({ input_tokens, cache_read_input_tokens, cache_creation_input_tokens }: MessagesUsage): number {
  return input_tokens + cache_read_input_tokens + cache_creation_input_tokens;
}

/** What a client of each protocol understands of a stream. */
export const streamReaders: Readonly<Record<Name, (text: string) => Said>> = {
  messages(text) {
    const all = events<MessagesEvent>(text);
    const blocks: MessagesBlock[] = [];
    for (const event of all) {
      if (event.type === 'content_block_start') blocks[event.index] = { ...event.content_block, text: '' };
      const block = blocks[event.index];
      if (event.type !== 'content_block_delta' || !block) continue;
      blocks[event.index] = { ...block, text: block.text + (event.delta.text ?? event.delta.partial_json ?? '') };
    }
    const end = last(all.filter(event => event.type === 'message_delta'));
    expect(all.filter(event => event.type === 'content_block_stop')).toHaveLength(blocks.length);
    expect(all.at(0)?.type).toBe('message_start');
    expect(all.at(-1)?.type).toBe('message_stop');
    const texts = blocks.filter(({ type }) => type === 'text');
    const calls = blocks.filter(({ type }) => type === 'tool_use');
    return {
      text: texts.map(block => block.text).join(''),
      calls: calls.map(block => ({ id: block.id, name: block.name, input: JSON.parse(block.text) as unknown })),
      stop: end.delta.stop_reason,
      input: inputOf(end.usage),
      output: end.usage.output_tokens,
    };
  },
  responses(text) {
    const all = events<ResponsesEvent>(text);
    expect(all.map(event => event.sequence_number)).toEqual(all.map((_, index) => index));
    const end = last(all);
    const of = (type: string): readonly ResponsesEvent[] => all.filter(event => event.type === type);
    expect(of('response.output_item.added')).toHaveLength(end.response.output.length);
    expect(of('response.output_item.done').map(({ item }) => item)).toEqual(end.response.output);
    const whole = responsesSaid(end.response);
    expect(
      of('response.output_text.delta')
        .map(({ delta }) => delta)
        .join(''),
    ).toBe(whole.text);
    return { ...whole, stop: end.type };
  },
  chat_completions(text) {
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    const all = events<ChatAnswer>(text);
    const calls: { readonly id: string; readonly name: string; text: string }[] = [];
    const choices = all.flatMap(event => event.choices);
    for (const { delta } of choices) {
      for (const call of delta.tool_calls ?? []) {
        const known = (calls[call.index] ??= { id: call.id, name: call.function.name, text: '' });
        known.text += call.function.arguments;
      }
    }
    const { usage } = last(all);
    return {
      text: choices.map(({ delta }) => delta.content ?? '').join(''),
      calls: calls.map(({ id, name, text: input }) => ({ id, name, input: JSON.parse(input) as unknown })),
      stop: last(choices).finish_reason ?? '',
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
    };
  },
  gemini: text => geminiSaid(events<GeminiAnswer>(text)),
};

function responsesSaid({ output, status, usage }: ResponsesAnswer): Said {
  const texts = output.filter(({ type }) => type === 'message');
  const calls = output.filter(({ type }) => type === 'function_call');
  return {
    text: texts.map(({ content }) => content[0]?.text ?? '').join(''),
    calls: calls.map(item => ({ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) as unknown })),
    stop: status,
    input: usage.input_tokens,
    output: usage.output_tokens,
  };
}

/** And of a whole answer. */
export const wholeReaders: Readonly<Record<Name, (json: string) => Said>> = {
  messages(json) {
    const { content, stop_reason: stop, usage } = JSON.parse(json) as MessagesAnswer;
    const calls = content.filter(({ type }) => type === 'tool_use');
    return {
      text: content.map(block => block.text ?? '').join(''),
      calls: calls.map(({ id, name, input }) => ({ id, name, input })),
      stop,
      input: inputOf(usage),
      output: usage.output_tokens,
    };
  },
  responses: json => responsesSaid(JSON.parse(json) as ResponsesAnswer),
  chat_completions(json) {
    const { choices, usage } = JSON.parse(json) as ChatAnswer;
    const { message, finish_reason: stop } = last(choices);
    const calls = message.tool_calls ?? [];
    return {
      text: message.content ?? '',
      calls: calls.map(({ id, function: called }) => ({
        id,
        name: called.name,
        input: JSON.parse(called.arguments) as unknown,
      })),
      stop: stop ?? '',
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
    };
  },
  gemini: json => geminiSaid([JSON.parse(json) as GeminiAnswer]),
};
