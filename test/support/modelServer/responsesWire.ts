import type { ModelMessage } from './modelScript.ts';
import { scriptedUsage } from './modelScript.ts';
import type { Wire } from './wire.ts';
import { bearer, Json, sse } from './wire.ts';

/** `POST /v1/responses`, streamed. */
export const responsesWire: Wire = {
  match: (method, path) => method === 'POST' && /\/responses(\?|$)/.test(path),

  read(body, headers) {
    const json = new Json(body);
    return {
      api: 'responses',
      model: json.get('model').text,
      system: [json.get('instructions').text, ...json.get('input').items.filter(isDeveloper).map(contentText)].join(
        '\n',
      ),
      messages: json.get('input').items.flatMap(readItem),
      tools: json.get('tools').items.map(tool => tool.get('name').text || tool.get('type').text),
      credential: bearer(headers),
    };
  },

  answer(step, _request, sequence) {
    const id = `resp_${sequence}`;
    const events = [sse({ type: 'response.created', response: { id } }, 'response.created')];
    const item = (value: unknown): void => {
      events.push(sse({ type: 'response.output_item.done', item: value }, 'response.output_item.done'));
    };
    if (step.text !== undefined) {
      item({
        type: 'message',
        role: 'assistant',
        id: `msg_${sequence}`,
        content: [{ type: 'output_text', text: step.text }],
      });
    }
    if (step.toolCall?.freeform !== undefined) {
      const { name, freeform } = step.toolCall;
      item({ type: 'custom_tool_call', id: `ctc_${sequence}`, call_id: `call_${sequence}`, name, input: freeform });
    } else if (step.toolCall) {
      item({
        type: 'function_call',
        id: `fc_${sequence}`,
        call_id: `call_${sequence}`,
        name: step.toolCall.name,
        ...(step.toolCall.namespace === undefined ? {} : { namespace: step.toolCall.namespace }),
        arguments: JSON.stringify(step.toolCall.input),
      });
    }
    const { input, output, cacheRead } = scriptedUsage;
    const usage = {
      // This API counts cached tokens as part of the input.
      input_tokens: input + cacheRead,
      input_tokens_details: { cached_tokens: cacheRead },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + cacheRead + output,
    };
    events.push(sse({ type: 'response.completed', response: { id, usage } }, 'response.completed'));
    return events.join('');
  },

  error: (status, message) => ({ error: { message, type: 'scripted_error', code: errorCodes[status] ?? null } }),
};

const errorCodes: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
};

const isDeveloper = (item: Json): boolean => item.get('role').text === 'developer';

function readItem(item: Json): readonly ModelMessage[] {
  switch (item.get('type').text) {
    case 'message': {
      const role = item.get('role').text;
      return role === 'user' || role === 'assistant' ? [{ role, text: contentText(item) }] : [];
    }
    case 'function_call':
    case 'custom_tool_call':
    case 'local_shell_call':
      return [{ role: 'assistant', text: '' }];
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [{ role: 'tool', text: item.get('output').text || JSON.stringify(item.get('output').value) }];
    default:
      return [];
  }
}

function contentText(item: Json): string {
  const content = item.get('content');
  return content.text || content.items.map(part => part.get('text').text).join('\n');
}
