import type { ModelMessage } from './modelScript.ts';
import { scriptedUsage } from './modelScript.ts';
import type { Wire } from './wire.ts';
import { Json, sse } from './wire.ts';

const path = /\/models\/([^/:]+):streamGenerateContent/;

/** `POST /v1beta/models/M:streamGenerateContent?alt=sse`. */
export const geminiWire: Wire = {
  match: (method, requestPath) => method === 'POST' && path.test(requestPath),

  read(body, headers, requestPath) {
    const json = new Json(body);
    return {
      api: 'gemini',
      model: path.exec(requestPath)?.[1] ?? '',
      system: partsText(json.get('systemInstruction')),
      messages: json.get('contents').items.flatMap(readContent),
      tools: json
        .get('tools')
        .items.flatMap(tool => tool.get('functionDeclarations').items.map(declaration => declaration.get('name').text)),
      credential: headers['x-goog-api-key'] ?? '',
    };
  },

  answer(step, request) {
    const parts: unknown[] = [];
    if (step.text !== undefined) parts.push({ text: step.text });
    if (step.toolCall) parts.push({ functionCall: { name: step.toolCall.name, args: step.toolCall.input } });
    const { input, output, cacheRead } = scriptedUsage;
    return sse({
      candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP' }],
      modelVersion: request.model,
      usageMetadata: {
        // This API counts cached tokens as part of the prompt.
        promptTokenCount: input + cacheRead,
        cachedContentTokenCount: cacheRead,
        candidatesTokenCount: output,
        totalTokenCount: input + cacheRead + output,
      },
    });
  },

  error: (status, message) => ({ error: { code: status, message, status: errorStatus[status] ?? 'INTERNAL' } }),
};

const errorStatus: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
};

function readContent(content: Json): readonly ModelMessage[] {
  const parts = content.get('parts').items;
  if (parts.some(part => part.has('functionResponse'))) {
    return parts
      .filter(part => part.has('functionResponse'))
      .map(part => ({ role: 'tool', text: JSON.stringify(part.get('functionResponse').get('response').value) }));
  }
  return [{ role: content.get('role').text === 'model' ? 'assistant' : 'user', text: partsText(content) }];
}

function partsText(content: Json): string {
  return content
    .get('parts')
    .items.map(part => part.get('text').text)
    .join('\n');
}
