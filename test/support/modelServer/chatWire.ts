import type { ModelMessage } from './modelScript.ts';
import { scriptedUsage } from './modelScript.ts';
import type { Wire } from './wire.ts';
import { bearer, Json, sse } from './wire.ts';

/** `POST /v1/chat/completions`, streamed. */
export const chatWire: Wire = {
  match: (method, path) => method === 'POST' && /\/chat\/completions(\?|$)/.test(path),

  read(body, headers) {
    const json = new Json(body);
    const messages = json.get('messages').items;
    return {
      api: 'chat',
      model: json.get('model').text,
      system: messages
        .filter(message => message.get('role').text === 'system')
        .map(contentText)
        .join('\n'),
      messages: messages.flatMap(readMessage),
      tools: json.get('tools').items.map(tool => tool.get('function').get('name').text),
      credential: bearer(headers),
    };
  },

  answer(step, request, sequence) {
    const chunk = (delta: unknown, finishReason: string | null): string =>
      sse({
        id: `chatcmpl_${sequence}`,
        object: 'chat.completion.chunk',
        created: 0,
        model: request.model,
        choices: [{ index: 0, delta, finish_reason: finishReason }],
      });
    const events: string[] = [];
    if (step.text !== undefined) events.push(chunk({ role: 'assistant', content: step.text }, null));
    if (step.toolCall) {
      const { name, input } = step.toolCall;
      const call = {
        index: 0,
        id: `call_${sequence}`,
        type: 'function',
        function: { name, arguments: JSON.stringify(input) },
      };
      events.push(chunk({ role: 'assistant', tool_calls: [call] }, null));
    }
    events.push(chunk({}, step.toolCall ? 'tool_calls' : 'stop'));
    const { input, output, cacheRead } = scriptedUsage;
    events.push(
      sse({
        id: `chatcmpl_${sequence}`,
        object: 'chat.completion.chunk',
        created: 0,
        model: request.model,
        choices: [],
        usage: {
          // This API counts cached tokens as part of the prompt.
          prompt_tokens: input + cacheRead,
          completion_tokens: output,
          total_tokens: input + cacheRead + output,
          prompt_tokens_details: { cached_tokens: cacheRead },
        },
      }),
      'data: [DONE]\n\n',
    );
    return events.join('');
  },

  error: (status, message) => ({ error: { message, type: 'scripted_error', code: status } }),
};

function readMessage(message: Json): readonly ModelMessage[] {
  const role = message.get('role').text;
  return role === 'user' || role === 'assistant' || role === 'tool' ? [{ role, text: contentText(message) }] : [];
}

function contentText(message: Json): string {
  const content = message.get('content');
  return content.text || content.items.map(part => part.get('text').text).join('\n');
}
