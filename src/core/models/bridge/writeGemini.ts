import type { Conversation, ImagePart, Json, Part, ToolChoice, Turn } from './conversation.js';
import { filled, parsedObject } from './fields.js';
import { joined } from './joined.js';

/** Gemini takes no more. */
const mostStops = 5;
/**
 * Newer models refuse a call of theirs without the signature of the thought that led to it. What another model called has none;
 * this is Google's own word for that.
 */
const noSignature = 'skip_thought_signature_validator';

/** The conversation as a request of Gemini's generateContent. */
export function writeGemini(conversation: Conversation): Json {
  const { model, system, tools, toolChoice, maxTokens, temperature, topP, stop, schema } = conversation;
  const turns = joined(conversation.turns);
  const names = toolNames(turns);
  const signature = /gemini-[12]/.test(model) ? undefined : noSignature;
  const declared = tools.map(({ name, description, parameters }) => ({
    name,
    description,
    parametersJsonSchema: parameters,
  }));
  return filled({
    systemInstruction: system === '' ? undefined : { parts: [{ text: system }] },
    contents: turns.map(({ role, parts }) => ({
      role: role === 'assistant' ? 'model' : 'user',
      parts: inOrder(parts, names).flatMap(part => geminiParts(part, { names, signature })),
    })),
    tools: declared.length === 0 ? undefined : [{ functionDeclarations: declared }],
    toolConfig: declared.length === 0 ? undefined : choiceOf(toolChoice),
    generationConfig: filled({
      maxOutputTokens: maxTokens,
      temperature,
      topP,
      stopSequences: stop.length === 0 ? undefined : stop.slice(0, mostStops),
      responseMimeType: schema && 'application/json',
      responseJsonSchema: schema,
    }),
  });
}

/** Results name the tool there, not the call alone. */
function toolNames(turns: readonly Turn[]): ReadonlyMap<string, string> {
  return new Map(
    turns.flatMap(({ parts }) => parts.flatMap(part => (part.kind === 'call' ? [[part.id, part.tool] as const] : []))),
  );
}

/** A result has no id there: of several calls of one tool, the first result is that of the first. */
function inOrder(parts: readonly Part[], names: ReadonlyMap<string, string>): readonly Part[] {
  const order = [...names.keys()];
  const place = (part: Part): number => (part.kind === 'result' ? order.indexOf(part.id) : order.length);
  return parts.toSorted((a, b) => place(a) - place(b));
}

function geminiParts(
  part: Part,
  { names, signature }: { readonly names: ReadonlyMap<string, string>; readonly signature: string | undefined },
): readonly Json[] {
  switch (part.kind) {
    case 'text':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'image':
      return [imageOf(part)];
    case 'call': {
      const functionCall = { name: part.tool, args: parsedObject(part.input) };
      return [filled({ functionCall, thoughtSignature: signature })];
    }
    case 'result': {
      const response = part.failed ? { error: part.text } : { output: part.text };
      return [{ functionResponse: { name: names.get(part.id) ?? 'tool', response } }, ...part.images.map(imageOf)];
    }
  }
}

function imageOf(image: ImagePart): Json {
  return 'url' in image
    ? { fileData: { fileUri: image.url } }
    : { inlineData: { mimeType: image.mediaType, data: image.data } };
}

function choiceOf(choice: ToolChoice | undefined): Json | undefined {
  if (!choice) return undefined;
  const settings =
    choice.kind === 'tool' ? { mode: 'ANY', allowedFunctionNames: [choice.name] } : { mode: choice.kind.toUpperCase() };
  return { functionCallingConfig: settings };
}
