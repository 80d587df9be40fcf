import { fieldOf, numberField, recordField, recordsField, textField } from '../../../base/unknownFields.js';
import { imageAt, type Conversation, type Json, type Part, type ToolChoice, type Turn } from './conversation.js';
import { textsAt } from './fields.js';

/** A request of OpenAI's Chat Completions API. */
export function readChat(request: Json): Conversation {
  const messages = recordsField(request, 'messages');
  const isSystem = (message: Json): boolean => ['system', 'developer'].includes(textField(message, 'role'));
  return {
    model: textField(request, 'model'),
    system: messages.filter(isSystem).map(contentText).join('\n\n'),
    turns: messages.filter(message => !isSystem(message)).map(turnOf),
    tools: recordsField(request, 'tools').flatMap(tool => {
      const described = recordField(tool, 'function');
      if (!described) return [];
      return [
        {
          name: textField(described, 'name'),
          description: textField(described, 'description'),
          parameters: recordField(described, 'parameters') ?? { type: 'object', properties: {} },
          freeform: false,
        },
      ];
    }),
    toolChoice: choiceOf(fieldOf(request, 'tool_choice')),
    maxTokens: numberField(request, 'max_completion_tokens') ?? numberField(request, 'max_tokens'),
    temperature: numberField(request, 'temperature'),
    topP: numberField(request, 'top_p'),
    stop: textsAt(request, 'stop'),
    stream: fieldOf(request, 'stream') === true,
    schema: recordField(recordField(recordField(request, 'response_format'), 'json_schema'), 'schema'),
  };
}

function turnOf(message: Json): Turn {
  switch (textField(message, 'role')) {
    case 'assistant':
      return { role: 'assistant', parts: [...contentParts(message), ...callsOf(message)] };
    case 'tool': {
      const id = textField(message, 'tool_call_id');
      return { role: 'user', parts: [{ kind: 'result', id, text: contentText(message), images: [], failed: false }] };
    }
    default:
      return { role: 'user', parts: contentParts(message) };
  }
}

function callsOf(message: Json): readonly Part[] {
  return recordsField(message, 'tool_calls').map(call => {
    const called = recordField(call, 'function');
    return {
      kind: 'call',
      id: textField(call, 'id'),
      tool: textField(called, 'name'),
      input: textField(called, 'arguments'),
    };
  });
}

function contentParts(message: Json): readonly Part[] {
  const content = fieldOf(message, 'content');
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  return recordsField(message, 'content').flatMap((part): readonly Part[] => {
    if (part['type'] === 'image_url') return [imageAt(textField(recordField(part, 'image_url'), 'url'))];
    return part['type'] === 'text' ? [{ kind: 'text', text: textField(part, 'text') }] : [];
  });
}

function contentText(message: Json): string {
  return contentParts(message)
    .map(part => (part.kind === 'text' ? part.text : ''))
    .join('');
}

function choiceOf(choice: unknown): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none') return { kind: choice };
  if (choice === 'required') return { kind: 'any' };
  const name = textField(recordField(choice, 'function') ?? choice, 'name');
  return name === '' ? undefined : { kind: 'tool', name };
}
