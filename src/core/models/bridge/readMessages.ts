import { imageAt, type Conversation, type ImagePart, type Json, type Part, type ToolChoice } from './conversation.js';
import { member, numberAt, objectAt, objectsAt, textAt, textsAt } from './fields.js';

/** A request of Anthropic's Messages API. */
export function readMessages(request: Json): Conversation {
  return {
    model: textAt(request, 'model'),
    system: blocksText(request, 'system'),
    turns: objectsAt(request, 'messages').map(message => ({
      role: textAt(message, 'role') === 'assistant' ? ('assistant' as const) : ('user' as const),
      parts: partsOf(message),
    })),
    // Others are run by the servers of Anthropic, which nobody else has.
    tools: objectsAt(request, 'tools')
      .filter(tool => objectAt(tool, 'input_schema'))
      .map(tool => ({
        name: textAt(tool, 'name'),
        description: textAt(tool, 'description'),
        parameters: objectAt(tool, 'input_schema') ?? {},
        freeform: false,
      })),
    toolChoice: choiceOf(objectAt(request, 'tool_choice')),
    maxTokens: numberAt(request, 'max_tokens'),
    temperature: numberAt(request, 'temperature'),
    topP: numberAt(request, 'top_p'),
    stop: textsAt(request, 'stop_sequences'),
    stream: member(request, 'stream') === true,
  };
}

function partsOf(message: Json): readonly Part[] {
  const content = member(message, 'content');
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  return objectsAt(message, 'content').flatMap((block): readonly Part[] => {
    switch (block['type']) {
      case 'text':
        return [{ kind: 'text', text: textAt(block, 'text') }];
      case 'image':
        return imagesOf(block);
      case 'tool_use': {
        const input = JSON.stringify(objectAt(block, 'input') ?? {});
        return [{ kind: 'call', id: textAt(block, 'id'), tool: textAt(block, 'name'), input }];
      }
      case 'tool_result':
        return [
          {
            kind: 'result',
            id: textAt(block, 'tool_use_id'),
            text: blocksText(block, 'content'),
            images: objectsAt(block, 'content').flatMap(imagesOf),
            failed: block['is_error'] === true,
          },
        ];
      default:
        return [];
    }
  });
}

function imagesOf(block: Json): readonly ImagePart[] {
  const source = objectAt(block, 'source');
  switch (source?.['type']) {
    case 'base64':
      return [{ kind: 'image', mediaType: textAt(source, 'media_type'), data: textAt(source, 'data') }];
    case 'url':
      return [imageAt(textAt(source, 'url'))];
    default:
      return [];
  }
}

function blocksText(value: Json, key: string): string {
  const found = member(value, key);
  if (typeof found === 'string') return found;
  return objectsAt(value, key)
    .map(block => textAt(block, 'text'))
    .filter(text => text !== '')
    .join('\n');
}

function choiceOf(choice: Json | undefined): ToolChoice | undefined {
  switch (choice?.['type']) {
    case 'auto':
    case 'none':
    case 'any':
      return { kind: choice['type'] };
    case 'tool':
      return { kind: 'tool', name: textAt(choice, 'name') };
    default:
      return undefined;
  }
}
