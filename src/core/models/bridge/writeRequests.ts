import {
  addressOf,
  type Conversation,
  type ImagePart,
  type Json,
  type Part,
  type ToolChoice,
  type Turn,
} from './conversation.js';
import { filled, parsedObject } from './fields.js';
import { joined } from './joined.js';

/** Messages must say how much may be answered; clients of the other protocols need not. */
const defaultMaxTokens = 8_192;

/** The conversation as a request of Anthropic's Messages API. Answers are always streamed. */
export function writeMessages(conversation: Conversation): Json {
  const { model, tools, maxTokens, temperature, topP, stop, toolChoice } = conversation;
  const system = withSchema(conversation);
  return filled({
    model,
    system: system === '' ? undefined : system,
    messages: joined(conversation.turns).map(({ role, parts }) => ({ role, content: parts.flatMap(messagesBlock) })),
    tools:
      tools.length === 0
        ? undefined
        : tools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters })),
    tool_choice: tools.length === 0 ? undefined : messagesChoice(toolChoice),
    max_tokens: maxTokens ?? defaultMaxTokens,
    temperature: temperature === undefined ? undefined : Math.min(1, temperature),
    top_p: temperature === undefined ? topP : undefined,
    stop_sequences: stop.length === 0 ? undefined : stop,
    stream: true,
  });
}

function messagesBlock(part: Part): readonly Json[] {
  switch (part.kind) {
    case 'text':
      // Empty ones are refused.
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'image':
      return [messagesImage(part)];
    case 'call':
      return [{ type: 'tool_use', id: part.id, name: part.tool, input: parsedObject(part.input) }];
    case 'result': {
      const text = part.text === '' ? [] : [{ type: 'text', text: part.text }];
      const content = [...text, ...part.images.map(messagesImage)];
      return [filled({ type: 'tool_result', tool_use_id: part.id, content, is_error: part.failed || undefined })];
    }
  }
}

function messagesImage(image: ImagePart): Json {
  const source =
    'url' in image
      ? { type: 'url', url: image.url }
      : { type: 'base64', media_type: image.mediaType, data: image.data };
  return { type: 'image', source };
}

function messagesChoice(choice: ToolChoice | undefined): Json | undefined {
  if (!choice) return undefined;
  return choice.kind === 'tool' ? { type: 'tool', name: choice.name } : { type: choice.kind };
}

/** The conversation as a request of OpenAI's Chat Completions API. */
export function writeChat(conversation: Conversation, { isOpenAi }: { readonly isOpenAi: boolean }): Json {
  const { model, tools, maxTokens, temperature, topP, stop, toolChoice, schema, system } = conversation;
  return filled({
    model,
    messages: [
      ...(system === '' ? [] : [{ role: 'system', content: system }]),
      ...joined(conversation.turns).flatMap(chatMessages),
    ],
    tools:
      tools.length === 0
        ? undefined
        : tools.map(({ name, description, parameters }) => ({
            type: 'function',
            function: { name, description, parameters },
          })),
    tool_choice:
      tools.length === 0 ? undefined : openAiChoice(toolChoice, name => ({ type: 'function', function: { name } })),
    // OpenAI's newer models know only the longer name, most other servers only the shorter one.
    [isOpenAi ? 'max_completion_tokens' : 'max_tokens']: maxTokens,
    temperature,
    top_p: topP,
    stop: stop.length === 0 ? undefined : stop,
    response_format: schema && { type: 'json_schema', json_schema: { name: 'answer', schema } },
    stream: true,
    stream_options: { include_usage: true },
  });
}

function chatMessages({ role, parts }: Turn): readonly Json[] {
  const calls = parts.flatMap(part =>
    part.kind === 'call'
      ? [{ id: part.id, type: 'function', function: { name: part.tool, arguments: part.input } }]
      : [],
  );
  const results = parts.flatMap(part =>
    part.kind === 'result' ? [{ role: 'tool', tool_call_id: part.id, content: part.text }] : [],
  );
  // What a tool shows cannot stand in its result there.
  const shown = parts.flatMap(part => (part.kind === 'result' ? part.images : []));
  const content = [...parts.flatMap(chatPart), ...shown.map(chatImage)];
  if (role === 'assistant') {
    const text = content.map(part => part['text']).join('');
    return [filled({ role, content: text === '' ? null : text, tool_calls: calls.length === 0 ? undefined : calls })];
  }
  const texts = content.every(part => part['type'] === 'text');
  const said = texts ? content.map(part => part['text']).join('\n') : content;
  return content.length === 0 ? results : [...results, { role, content: said }];
}

function chatPart(part: Part): readonly Json[] {
  if (part.kind === 'text') return part.text === '' ? [] : [{ type: 'text', text: part.text }];
  return part.kind === 'image' ? [chatImage(part)] : [];
}

function chatImage(image: ImagePart): Json {
  return { type: 'image_url', image_url: { url: addressOf(image) } };
}

/** The conversation as a request of OpenAI's Responses API; nothing of it is kept there. */
export function writeResponses(conversation: Conversation): Json {
  const { model, tools, maxTokens, temperature, topP, toolChoice, schema, system } = conversation;
  return filled({
    model,
    instructions: system === '' ? undefined : system,
    input: conversation.turns.flatMap(responsesItems),
    tools:
      tools.length === 0
        ? undefined
        : tools.map(({ name, description, parameters }) => ({
            type: 'function',
            name,
            description,
            parameters,
            strict: false,
          })),
    tool_choice: tools.length === 0 ? undefined : openAiChoice(toolChoice, name => ({ type: 'function', name })),
    max_output_tokens: maxTokens,
    temperature,
    top_p: topP,
    text: schema && { format: { type: 'json_schema', name: 'answer', schema } },
    store: false,
    stream: true,
  });
}

function responsesItems({ role, parts }: Turn): readonly Json[] {
  return parts.flatMap((part): readonly Json[] => {
    switch (part.kind) {
      case 'text': {
        const type = role === 'assistant' ? 'output_text' : 'input_text';
        return part.text === '' ? [] : [{ type: 'message', role, content: [{ type, text: part.text }] }];
      }
      case 'image':
        return [{ type: 'message', role, content: [responsesImage(part)] }];
      case 'call':
        return [{ type: 'function_call', call_id: part.id, name: part.tool, arguments: part.input }];
      case 'result': {
        const images = part.images.map(responsesImage);
        const output = images.length === 0 ? part.text : [{ type: 'input_text', text: part.text }, ...images];
        return [{ type: 'function_call_output', call_id: part.id, output }];
      }
    }
  });
}

function responsesImage(image: ImagePart): Json {
  return { type: 'input_image', image_url: addressOf(image) };
}

function openAiChoice(choice: ToolChoice | undefined, named: (name: string) => Json): unknown {
  if (!choice) return undefined;
  if (choice.kind === 'tool') return named(choice.name);
  return choice.kind === 'any' ? 'required' : choice.kind;
}

function withSchema({ system, schema }: Conversation): string {
  if (!schema) return system;
  const rule = `Answer with JSON alone that fits this JSON Schema:\n${JSON.stringify(schema)}`;
  return system === '' ? rule : `${system}\n\n${rule}`;
}
