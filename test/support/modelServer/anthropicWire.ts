import type { ModelMessage } from './modelScript.ts';
import { scriptedUsage } from './modelScript.ts';
import type { Wire } from './wire.ts';
import { bearer, Json, sse } from './wire.ts';

/** `POST /v1/messages`, streamed. */
export const anthropicWire: Wire = {
  match: (method, path) => method === 'POST' && /\/v1\/messages(\?|$)/.test(path),

  read(body, headers) {
    const json = new Json(body);
    return {
      api: 'anthropic',
      model: json.get('model').text,
      system: blocksText(json.get('system')),
      messages: json.get('messages').items.flatMap(readMessage),
      tools: json.get('tools').items.map(tool => tool.get('name').text),
      credential: headers['x-api-key'] ?? bearer(headers),
    };
  },

  answer(step, request, sequence) {
    const events = [
      sse(
        {
          type: 'message_start',
          message: {
            id: `msg_${sequence}`,
            type: 'message',
            role: 'assistant',
            model: request.model,
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: {
              input_tokens: scriptedUsage.input,
              output_tokens: 1,
              cache_read_input_tokens: scriptedUsage.cacheRead,
              cache_creation_input_tokens: scriptedUsage.cacheWrite,
            },
          },
        },
        'message_start',
      ),
    ];
    let index = 0;
    const block = (start: unknown, delta: unknown): void => {
      events.push(
        sse({ type: 'content_block_start', index, content_block: start }, 'content_block_start'),
        sse({ type: 'content_block_delta', index, delta }, 'content_block_delta'),
        sse({ type: 'content_block_stop', index }, 'content_block_stop'),
      );
      index++;
    };
    if (step.text !== undefined) block({ type: 'text', text: '' }, { type: 'text_delta', text: step.text });
    if (step.toolCall) {
      block(
        { type: 'tool_use', id: `toolu_${sequence}`, name: step.toolCall.name, input: {} },
        { type: 'input_json_delta', partial_json: JSON.stringify(step.toolCall.input) },
      );
    }
    const stopReason = step.toolCall ? 'tool_use' : 'end_turn';
    events.push(
      sse(
        {
          type: 'message_delta',
          delta: { stop_reason: stopReason, stop_sequence: null },
          usage: { output_tokens: scriptedUsage.output },
        },
        'message_delta',
      ),
      sse({ type: 'message_stop' }, 'message_stop'),
    );
    return events.join('');
  },

  error: (status, message) => ({ type: 'error', error: { type: errorTypes[status] ?? 'api_error', message } }),
};

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

function readMessage(message: Json): readonly ModelMessage[] {
  const content = message.get('content');
  const role = message.get('role').text === 'assistant' ? 'assistant' : 'user';
  if (typeof content.value === 'string') return [{ role, text: content.value }];
  const results = content.items.filter(block => block.get('type').text === 'tool_result');
  const toolMessages = results.map((result): ModelMessage => ({
    role: 'tool',
    text: blocksText(result.get('content')),
  }));
  const text = blocksText(content);
  return toolMessages.length > 0 && text === '' ? toolMessages : [...toolMessages, { role, text }];
}

function blocksText(content: Json): string {
  if (typeof content.value === 'string') return content.value;
  return content.items
    .map(block => block.get('text').text)
    .filter(text => text !== '')
    .join('\n');
}
