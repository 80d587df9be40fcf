import { imageAt, type Conversation, type Json, type Part, type ToolChoice, type Turn } from './conversation.js';
import { member, numberAt, objectAt, objectsAt, textAt, textsAt } from './fields.js';

/** A request of OpenAI's Chat Completions API. */
export function readChat(request: Json): Conversation {
  const messages = objectsAt(request, 'messages');
  const isSystem = (message: Json): boolean => ['system', 'developer'].includes(textAt(message, 'role'));
  return {
    model: textAt(request, 'model'),
    system: messages.filter(isSystem).map(contentText).join('\n\n'),
    turns: messages.filter(message => !isSystem(message)).map(turnOf),
    tools: objectsAt(request, 'tools').flatMap(tool => {
      const described = objectAt(tool, 'function');
      if (!described) return [];
      return [
        {
          name: textAt(described, 'name'),
          description: textAt(described, 'description'),
          parameters: objectAt(described, 'parameters') ?? { type: 'object', properties: {} },
          freeform: false,
        },
      ];
    }),
    toolChoice: choiceOf(member(request, 'tool_choice')),
    maxTokens: numberAt(request, 'max_completion_tokens') ?? numberAt(request, 'max_tokens'),
    temperature: numberAt(request, 'temperature'),
    topP: numberAt(request, 'top_p'),
    stop: textsAt(request, 'stop'),
    stream: member(request, 'stream') === true,
    schema: objectAt(objectAt(objectAt(request, 'response_format'), 'json_schema'), 'schema'),
  };
}

function turnOf(message: Json): Turn {
  switch (textAt(message, 'role')) {
    case 'assistant':
      return { role: 'assistant', parts: [...contentParts(message), ...callsOf(message)] };
    case 'tool': {
      const id = textAt(message, 'tool_call_id');
      return { role: 'user', parts: [{ kind: 'result', id, text: contentText(message), images: [], failed: false }] };
    }
    default:
      return { role: 'user', parts: contentParts(message) };
  }
}

function callsOf(message: Json): readonly Part[] {
  return objectsAt(message, 'tool_calls').map(call => {
    const called = objectAt(call, 'function');
    return { kind: 'call', id: textAt(call, 'id'), tool: textAt(called, 'name'), input: textAt(called, 'arguments') };
  });
}

function contentParts(message: Json): readonly Part[] {
  const content = member(message, 'content');
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  return objectsAt(message, 'content').flatMap((part): readonly Part[] => {
    if (part['type'] === 'image_url') return [imageAt(textAt(objectAt(part, 'image_url'), 'url'))];
    return part['type'] === 'text' ? [{ kind: 'text', text: textAt(part, 'text') }] : [];
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
  const name = textAt(objectAt(choice, 'function') ?? choice, 'name');
  return name === '' ? undefined : { kind: 'tool', name };
}
