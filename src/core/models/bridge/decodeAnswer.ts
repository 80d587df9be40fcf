import { fieldOf, numberField, recordField, recordsField, textField } from '../../../base/unknownFields.js';
import type { AnswerEvent, Json, StopReason } from './conversation.js';

/** Makes pieces of an answer of the events of a stream, one after the other. */
export type Decoder = (event: Json) => readonly AnswerEvent[];

/** A stream of Anthropic's Messages API. */
export function messagesDecoder(): Decoder {
  return event => {
    switch (event['type']) {
      case 'content_block_start': {
        const block = recordField(event, 'content_block');
        if (block?.['type'] === 'tool_use')
          return [{ kind: 'call', id: textField(block, 'id'), tool: textField(block, 'name') }];
        return block?.['type'] === 'text' ? said(textField(block, 'text')) : [];
      }
      case 'content_block_delta': {
        const delta = recordField(event, 'delta');
        if (delta?.['type'] === 'text_delta') return said(textField(delta, 'text'));
        if (delta?.['type'] !== 'input_json_delta') return [];
        return [{ kind: 'input', text: textField(delta, 'partial_json') }];
      }
      case 'message_delta': {
        const reason = textField(recordField(event, 'delta'), 'stop_reason');
        return reason === '' ? [] : [{ kind: 'stopped', reason: messagesReasons.get(reason) ?? 'end' }];
      }
      case 'error':
        return [{ kind: 'failed', message: textField(recordField(event, 'error'), 'message') }];
      default:
        return [];
    }
  };
}

const messagesReasons: ReadonlyMap<string, StopReason> = new Map([
  ['tool_use', 'tool'],
  ['max_tokens', 'length'],
  ['refusal', 'refused'],
]);

/** A stream of OpenAI's Chat Completions API. Calls come one after the other; a new index is a new call. */
export function chatDecoder(): Decoder {
  let call = -1;
  return event => {
    const [choice] = recordsField(event, 'choices');
    if (!choice) {
      const error = recordField(event, 'error');
      return error ? [{ kind: 'failed', message: textField(error, 'message') }] : [];
    }
    const delta = recordField(choice, 'delta');
    const events: AnswerEvent[] = [...said(textField(delta, 'content')), ...said(textField(delta, 'refusal'))];
    for (const part of recordsField(delta, 'tool_calls')) {
      const index = numberField(part, 'index') ?? call;
      const called = recordField(part, 'function');
      if (index !== call) {
        call = index;
        events.push({ kind: 'call', id: textField(part, 'id'), tool: textField(called, 'name') });
      }
      if (textField(called, 'arguments') !== '') events.push({ kind: 'input', text: textField(called, 'arguments') });
    }
    const reason = textField(choice, 'finish_reason');
    if (reason !== '') events.push({ kind: 'stopped', reason: chatReasons.get(reason) ?? 'end' });
    return events;
  };
}

const chatReasons: ReadonlyMap<string, StopReason> = new Map([
  ['tool_calls', 'tool'],
  ['function_call', 'tool'],
  ['length', 'length'],
  ['content_filter', 'refused'],
]);

/** A stream of OpenAI's Responses API. Servers that send no pieces of an item are heard by its end. */
export function responsesDecoder(): Decoder {
  /** Items of which pieces came. */
  const begun = new Set<string>();
  let called = false;
  const whole = (item: Json): readonly AnswerEvent[] => {
    const isBegun = begun.has(textField(item, 'id'));
    switch (item['type']) {
      case 'message':
        return isBegun
          ? []
          : recordsField(item, 'content').flatMap(part => said(textField(part, 'text') || textField(part, 'refusal')));
      case 'function_call':
        called = true;
        return isBegun
          ? []
          : [
              { kind: 'call', id: textField(item, 'call_id'), tool: textField(item, 'name') },
              { kind: 'input', text: textField(item, 'arguments') },
            ];
      default:
        return [];
    }
  };
  return event => {
    switch (event['type']) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        begun.add(textField(event, 'item_id'));
        return said(textField(event, 'delta'));
      case 'response.output_item.added': {
        const item = recordField(event, 'item');
        if (item?.['type'] !== 'function_call' || textField(item, 'id') === '') return [];
        begun.add(textField(item, 'id'));
        return [{ kind: 'call', id: textField(item, 'call_id'), tool: textField(item, 'name') }];
      }
      case 'response.function_call_arguments.delta':
        return [{ kind: 'input', text: textField(event, 'delta') }];
      case 'response.output_item.done':
        return whole(recordField(event, 'item') ?? {});
      case 'response.completed':
        return [{ kind: 'stopped', reason: called ? 'tool' : 'end' }];
      case 'response.incomplete':
        return [{ kind: 'stopped', reason: 'length' }];
      case 'response.failed':
        return [
          { kind: 'failed', message: textField(recordField(recordField(event, 'response'), 'error'), 'message') },
        ];
      case 'error':
        return [
          { kind: 'failed', message: textField(event, 'message') || textField(fieldOf(event, 'error'), 'message') },
        ];
      default:
        return [];
    }
  };
}

function said(text: string): readonly AnswerEvent[] {
  return text === '' ? [] : [{ kind: 'text', text }];
}
