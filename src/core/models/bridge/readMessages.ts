import { fieldOf, numberField, recordField, recordsField, textField } from '../../../base/unknownFields.js';
import { imageAt, type Conversation, type ImagePart, type Json, type Part, type ToolChoice } from './conversation.js';
import { textsAt } from './fields.js';

/** A request of Anthropic's Messages API. */
export function readMessages(request: Json): Conversation {
  return {
    model: textField(request, 'model'),
    system: blocksText(request, 'system'),
    turns: recordsField(request, 'messages').map(message => ({
      role: textField(message, 'role') === 'assistant' ? ('assistant' as const) : ('user' as const),
      parts: partsOf(message),
    })),
    // Others are run by the servers of Anthropic, which nobody else has.
    tools: recordsField(request, 'tools')
      .filter(tool => recordField(tool, 'input_schema'))
      .map(tool => ({
        name: textField(tool, 'name'),
        description: textField(tool, 'description'),
        parameters: recordField(tool, 'input_schema') ?? {},
        freeform: false,
      })),
    toolChoice: choiceOf(recordField(request, 'tool_choice')),
    maxTokens: numberField(request, 'max_tokens'),
    temperature: numberField(request, 'temperature'),
    topP: numberField(request, 'top_p'),
    stop: textsAt(request, 'stop_sequences'),
    stream: fieldOf(request, 'stream') === true,
  };
}

function partsOf(message: Json): readonly Part[] {
  const content = fieldOf(message, 'content');
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  return recordsField(message, 'content').flatMap((block): readonly Part[] => {
    switch (block['type']) {
      case 'text':
        return [{ kind: 'text', text: textField(block, 'text') }];
      case 'image':
        return imagesOf(block);
      case 'tool_use': {
        const input = JSON.stringify(recordField(block, 'input') ?? {});
        return [{ kind: 'call', id: textField(block, 'id'), tool: textField(block, 'name'), input }];
      }
      case 'tool_result':
        return [
          {
            kind: 'result',
            id: textField(block, 'tool_use_id'),
            text: blocksText(block, 'content'),
            images: recordsField(block, 'content').flatMap(imagesOf),
            failed: block['is_error'] === true,
          },
        ];
      default:
        return [];
    }
  });
}

function imagesOf(block: Json): readonly ImagePart[] {
  const source = recordField(block, 'source');
  switch (source?.['type']) {
    case 'base64':
      return [{ kind: 'image', mediaType: textField(source, 'media_type'), data: textField(source, 'data') }];
    case 'url':
      return [imageAt(textField(source, 'url'))];
    default:
      return [];
  }
}

function blocksText(value: Json, key: string): string {
  const found = fieldOf(value, key);
  if (typeof found === 'string') return found;
  return recordsField(value, key)
    .map(block => textField(block, 'text'))
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
      return { kind: 'tool', name: textField(choice, 'name') };
    default:
      return undefined;
  }
}
