import { fieldOf, isRecord, numberField, recordField, recordsField, textField } from '../../../base/unknownFields.js';
import {
  freeformParameters,
  imageAt,
  type Conversation,
  type Json,
  type Part,
  type Tool,
  type ToolChoice,
  type Turn,
} from './conversation.js';

/** A request of OpenAI's Responses API. */
export function readResponses(request: Json): Conversation {
  const input = fieldOf(request, 'input');
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : recordsField(request, 'input');
  const isSystem = (item: Json): boolean => ['system', 'developer'].includes(textField(item, 'role'));
  const system = [textField(request, 'instructions'), ...items.filter(isSystem).map(contentText)];
  return {
    model: textField(request, 'model'),
    system: system.filter(text => text !== '').join('\n\n'),
    turns: items.filter(item => !isSystem(item)).flatMap(turnsOf),
    tools: recordsField(request, 'tools').flatMap(toolOf),
    toolChoice: choiceOf(fieldOf(request, 'tool_choice')),
    maxTokens: numberField(request, 'max_output_tokens'),
    temperature: numberField(request, 'temperature'),
    topP: numberField(request, 'top_p'),
    stop: [],
    stream: fieldOf(request, 'stream') === true,
    schema: recordField(recordField(recordField(request, 'text'), 'format'), 'schema'),
  };
}

/** Items of reasoning, and of tools that OpenAI's servers run, mean nothing to others. */
function turnsOf(item: Json): readonly Turn[] {
  const id = textField(item, 'call_id');
  switch (item['type']) {
    case undefined:
    case 'message':
      return [{ role: textField(item, 'role') === 'assistant' ? 'assistant' : 'user', parts: contentParts(item) }];
    case 'function_call':
      return assistant({ kind: 'call', id, tool: textField(item, 'name'), input: textField(item, 'arguments') });
    case 'custom_tool_call': {
      const input = JSON.stringify({ input: textField(item, 'input') });
      return assistant({ kind: 'call', id, tool: textField(item, 'name'), input });
    }
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [{ role: 'user', parts: [resultOf(item, id)] }];
    default:
      return [];
  }
}

function assistant(part: Part): readonly Turn[] {
  return [{ role: 'assistant', parts: [part] }];
}

function resultOf(item: Json, id: string): Part {
  const parts = contentParts({ content: fieldOf(item, 'output') });
  return {
    kind: 'result',
    id,
    text: parts.map(part => (part.kind === 'text' ? part.text : '')).join('\n'),
    images: parts.filter(part => part.kind === 'image'),
    failed: false,
  };
}

function contentParts(item: Json): readonly Part[] {
  const content = fieldOf(item, 'content');
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  return recordsField(item, 'content').flatMap((part): readonly Part[] => {
    switch (part['type']) {
      case 'input_text':
      case 'output_text':
      case 'text':
        return [{ kind: 'text', text: textField(part, 'text') }];
      case 'input_image':
        return [imageAt(textField(part, 'image_url'))];
      default:
        return [];
    }
  });
}

function contentText(item: Json): string {
  return contentParts(item)
    .map(part => (part.kind === 'text' ? part.text : ''))
    .join('\n');
}

function toolOf(tool: Json): readonly Tool[] {
  const described = { name: textField(tool, 'name'), description: textField(tool, 'description') };
  switch (tool['type']) {
    case 'function':
      return [{ ...described, parameters: recordField(tool, 'parameters') ?? { type: 'object' }, freeform: false }];
    case 'custom': {
      // The grammar is what a model that knows nothing of such tools must be told.
      const grammar = textField(recordField(tool, 'format'), 'definition');
      const description = [described.description, grammar === '' ? '' : `The input fits this grammar:\n${grammar}`];
      const words = description.filter(text => text !== '').join('\n\n');
      return [{ ...described, description: words, parameters: freeformParameters, freeform: true }];
    }
    default:
      return [];
  }
}

function choiceOf(choice: unknown): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none') return { kind: choice };
  if (choice === 'required') return { kind: 'any' };
  return isRecord(choice) && textField(choice, 'name') !== ''
    ? { kind: 'tool', name: textField(choice, 'name') }
    : undefined;
}
