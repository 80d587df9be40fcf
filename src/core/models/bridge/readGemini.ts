import type { Conversation, Json, Part, Tool, ToolChoice, Turn } from './conversation.js';
import { isObject, member, numberAt, objectAt, objectsAt, textAt, textsAt } from './fields.js';

/** A request of Gemini's generateContent; model and stream are in its path. */
export function readGemini(request: Json): Conversation {
  const settings = objectAt(request, 'generationConfig');
  return {
    model: textAt(request, 'model'),
    system: partsText(objectAt(request, 'systemInstruction') ?? objectAt(request, 'system_instruction')),
    turns: turnsOf(objectsAt(request, 'contents')),
    tools: objectsAt(request, 'tools').flatMap(group => objectsAt(group, 'functionDeclarations').map(toolOf)),
    toolChoice: choiceOf(objectAt(objectAt(request, 'toolConfig'), 'functionCallingConfig')),
    maxTokens: numberAt(settings, 'maxOutputTokens'),
    temperature: numberAt(settings, 'temperature'),
    topP: numberAt(settings, 'topP'),
    stop: textsAt(settings, 'stopSequences'),
    stream: member(request, 'stream') === true,
    schema: schemaAt(settings, 'responseJsonSchema', 'responseSchema'),
  };
}

/** Calls need not have an id here: a result belongs to the earliest call of its tool that has none yet. */
function turnsOf(contents: readonly Json[]): readonly Turn[] {
  const open: { readonly id: string; readonly tool: string }[] = [];
  let count = 0;
  const partOf = (part: Json): readonly Part[] => {
    const call = objectAt(part, 'functionCall');
    if (call) {
      const tool = textAt(call, 'name');
      const id = textAt(call, 'id') || `call_${++count}`;
      open.push({ id, tool });
      return [{ kind: 'call', id, tool, input: JSON.stringify(objectAt(call, 'args') ?? {}) }];
    }
    const response = objectAt(part, 'functionResponse');
    if (response) {
      const given = textAt(response, 'id');
      const at = open.findIndex(({ id, tool }) => (given === '' ? tool === textAt(response, 'name') : id === given));
      const [answered] = at < 0 ? [] : open.splice(at, 1);
      return [resultOf(response, given || (answered?.id ?? `call_${++count}`))];
    }
    return saidParts(part);
  };
  return contents.map(content => ({
    role: textAt(content, 'role') === 'model' ? ('assistant' as const) : ('user' as const),
    parts: objectsAt(content, 'parts').flatMap(partOf),
  }));
}

/** Thoughts are of no use to another model. */
function saidParts(part: Json): readonly Part[] {
  if (part['thought'] === true) return [];
  const inline = objectAt(part, 'inlineData');
  if (inline) return [{ kind: 'image', mediaType: textAt(inline, 'mimeType'), data: textAt(inline, 'data') }];
  const file = objectAt(part, 'fileData');
  if (file) return [{ kind: 'image', url: textAt(file, 'fileUri') }];
  const text = textAt(part, 'text');
  return text === '' ? [] : [{ kind: 'text', text }];
}

/** What a tool says is an object; most have one member that is meant. */
function resultOf(response: Json, id: string): Part {
  const said = objectAt(response, 'response') ?? {};
  const error = textAt(said, 'error');
  const text = error || textAt(said, 'output') || (Object.keys(said).length === 0 ? '' : JSON.stringify(said));
  const images = objectsAt(response, 'parts').flatMap(saidParts);
  return { kind: 'result', id, text, images: images.filter(part => part.kind === 'image'), failed: error !== '' };
}

function toolOf(declaration: Json): Tool {
  const parameters = schemaAt(declaration, 'parametersJsonSchema', 'parameters');
  return {
    name: textAt(declaration, 'name'),
    description: textAt(declaration, 'description'),
    parameters: parameters ?? { type: 'object', properties: {} },
    freeform: false,
  };
}

/** A JSON Schema as it is, or one in Gemini's own words, whose types are in capitals. */
function schemaAt(value: unknown, json: string, own: string): Json | undefined {
  const found = objectAt(value, own);
  return objectAt(value, json) ?? (found && lowerTypes(found));
}

function lowerTypes(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, lowered(key, value)]));
}

function lowered(key: string, value: unknown): unknown {
  if (key === 'type' && typeof value === 'string') return value.toLowerCase();
  if (Array.isArray(value)) return value.map((item: unknown) => (isObject(item) ? lowerTypes(item) : item));
  return isObject(value) ? lowerTypes(value) : value;
}

function choiceOf(settings: Json | undefined): ToolChoice | undefined {
  const [only, ...others] = textsAt(settings, 'allowedFunctionNames');
  switch (textAt(settings, 'mode').toUpperCase()) {
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
  return objectsAt(content, 'parts')
    .map(part => textAt(part, 'text'))
    .filter(text => text !== '')
    .join('\n');
}
