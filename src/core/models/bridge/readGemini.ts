import { fieldOf, isRecord, numberField, recordField, recordsField, textField } from '../../../base/unknownFields.js';
import type { Conversation, Json, Part, Tool, ToolChoice, Turn } from './conversation.js';
import { textsAt } from './fields.js';

/** A request of Gemini's generateContent; model and stream are in its path. */
export function readGemini(request: Json): Conversation {
  const settings = recordField(request, 'generationConfig');
  return {
    model: textField(request, 'model'),
    system: partsText(recordField(request, 'systemInstruction') ?? recordField(request, 'system_instruction')),
    turns: turnsOf(recordsField(request, 'contents')),
    tools: recordsField(request, 'tools').flatMap(group => recordsField(group, 'functionDeclarations').map(toolOf)),
    toolChoice: choiceOf(recordField(recordField(request, 'toolConfig'), 'functionCallingConfig')),
    maxTokens: numberField(settings, 'maxOutputTokens'),
    temperature: numberField(settings, 'temperature'),
    topP: numberField(settings, 'topP'),
    stop: textsAt(settings, 'stopSequences'),
    stream: fieldOf(request, 'stream') === true,
    schema: schemaAt(settings, 'responseJsonSchema', 'responseSchema'),
  };
}

/** Calls need not have an id here: a result belongs to the earliest call of its tool that has none yet. */
function turnsOf(contents: readonly Json[]): readonly Turn[] {
  const open: { readonly id: string; readonly tool: string }[] = [];
  let count = 0;
  const partOf = (part: Json): readonly Part[] => {
    const call = recordField(part, 'functionCall');
    if (call) {
      const tool = textField(call, 'name');
      const id = textField(call, 'id') || `call_${++count}`;
      open.push({ id, tool });
      return [{ kind: 'call', id, tool, input: JSON.stringify(recordField(call, 'args') ?? {}) }];
    }
    const response = recordField(part, 'functionResponse');
    if (response) {
      const given = textField(response, 'id');
      const at = open.findIndex(({ id, tool }) => (given === '' ? tool === textField(response, 'name') : id === given));
      const [answered] = at < 0 ? [] : open.splice(at, 1);
      return [resultOf(response, given || (answered?.id ?? `call_${++count}`))];
    }
    return saidParts(part);
  };
  return contents.map(content => ({
    role: textField(content, 'role') === 'model' ? ('assistant' as const) : ('user' as const),
    parts: recordsField(content, 'parts').flatMap(partOf),
  }));
}

/** Thoughts are of no use to another model. */
function saidParts(part: Json): readonly Part[] {
  if (part['thought'] === true) return [];
  const inline = recordField(part, 'inlineData');
  if (inline) return [{ kind: 'image', mediaType: textField(inline, 'mimeType'), data: textField(inline, 'data') }];
  const file = recordField(part, 'fileData');
  if (file) return [{ kind: 'image', url: textField(file, 'fileUri') }];
  const text = textField(part, 'text');
  return text === '' ? [] : [{ kind: 'text', text }];
}

/** What a tool says is an object; most have one member that is meant. */
function resultOf(response: Json, id: string): Part {
  const said = recordField(response, 'response') ?? {};
  const error = textField(said, 'error');
  const text = error || textField(said, 'output') || (Object.keys(said).length === 0 ? '' : JSON.stringify(said));
  const images = recordsField(response, 'parts').flatMap(saidParts);
  return { kind: 'result', id, text, images: images.filter(part => part.kind === 'image'), failed: error !== '' };
}

function toolOf(declaration: Json): Tool {
  const parameters = schemaAt(declaration, 'parametersJsonSchema', 'parameters');
  return {
    name: textField(declaration, 'name'),
    description: textField(declaration, 'description'),
    parameters: parameters ?? { type: 'object', properties: {} },
    freeform: false,
  };
}

/** A JSON Schema as it is, or one in Gemini's own words, whose types are in capitals. */
function schemaAt(value: unknown, json: string, own: string): Json | undefined {
  const found = recordField(value, own);
  return recordField(value, json) ?? (found && lowerTypes(found));
}

function lowerTypes(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, lowered(key, value)]));
}

function lowered(key: string, value: unknown): unknown {
  if (key === 'type' && typeof value === 'string') return value.toLowerCase();
  if (Array.isArray(value)) return value.map((item: unknown) => (isRecord(item) ? lowerTypes(item) : item));
  return isRecord(value) ? lowerTypes(value) : value;
}

function choiceOf(settings: Json | undefined): ToolChoice | undefined {
  const [only, ...others] = textsAt(settings, 'allowedFunctionNames');
  switch (textField(settings, 'mode').toUpperCase()) {
    case 'AUTO':
      return { kind: 'auto' };
    case 'NONE':
      return { kind: 'none' };
    case 'ANY':
      return only !== undefined && others.length === 0 ? { kind: 'tool', name: only } : { kind: 'any' };
    default:
      return undefined;
  }
}

function partsText(content: Json | undefined): string {
  return recordsField(content, 'parts')
    .map(part => textField(part, 'text'))
    .filter(text => text !== '')
    .join('\n');
}
