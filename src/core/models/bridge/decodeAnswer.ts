import type { AnswerEvent, Json, StopReason } from './conversation.js';
import { member, numberAt, objectAt, objectsAt, textAt } from './fields.js';

/** Makes pieces of an answer of the events of a stream, one after the other. */
export type Decoder = (event: Json) => readonly AnswerEvent[];

/** A stream of Anthropic's Messages API. */
export function messagesDecoder(): Decoder {
  return event => {
    switch (event['type']) {
      case 'content_block_start': {
        const block = objectAt(event, 'content_block');
        if (block?.['type'] === 'tool_use')
          return [{ kind: 'call', id: textAt(block, 'id'), tool: textAt(block, 'name') }];
        return block?.['type'] === 'text' ? said(textAt(block, 'text')) : [];
      }
      case 'content_block_delta': {
        const delta = objectAt(event, 'delta');
        if (delta?.['type'] === 'text_delta') return said(textAt(delta, 'text'));
        if (delta?.['type'] !== 'input_json_delta') return [];
        return [{ kind: 'input', text: textAt(delta, 'partial_json') }];
      }
      case 'message_delta': {
        const reason = textAt(objectAt(event, 'delta'), 'stop_reason');
        return reason === '' ? [] : [{ kind: 'stopped', reason: messagesReasons.get(reason) ?? 'end' }];
      }
      case 'error':
        return [{ kind: 'failed', message: textAt(objectAt(event, 'error'), 'message') }];
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
    const [choice] = objectsAt(event, 'choices');
    if (!choice) {
      const error = objectAt(event, 'error');
      return error ? [{ kind: 'failed', message: textAt(error, 'message') }] : [];
    }
    const delta = objectAt(choice, 'delta');
    const events: AnswerEvent[] = [...said(textAt(delta, 'content')), ...said(textAt(delta, 'refusal'))];
    for (const part of objectsAt(delta, 'tool_calls')) {
      const index = numberAt(part, 'index') ?? call;
      const called = objectAt(part, 'function');
      if (index !== call) {
        call = index;
        events.push({ kind: 'call', id: textAt(part, 'id'), tool: textAt(called, 'name') });
      }
      if (textAt(called, 'arguments') !== '') events.push({ kind: 'input', text: textAt(called, 'arguments') });
    }
    const reason = textAt(choice, 'finish_reason');
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
    const isBegun = begun.has(textAt(item, 'id'));
    switch (item['type']) {
      case 'message':
        return isBegun
          ? []
          : objectsAt(item, 'content').flatMap(part => said(textAt(part, 'text') || textAt(part, 'refusal')));
      case 'function_call':
        called = true;
        return isBegun
          ? []
          : [
              { kind: 'call', id: textAt(item, 'call_id'), tool: textAt(item, 'name') },
              { kind: 'input', text: textAt(item, 'arguments') },
            ];
      default:
        return [];
    }
  };
  return event => {
    switch (event['type']) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        begun.add(textAt(event, 'item_id'));
        return said(textAt(event, 'delta'));
      case 'response.output_item.added': {
        const item = objectAt(event, 'item');
        if (item?.['type'] !== 'function_call' || textAt(item, 'id') === '') return [];
        begun.add(textAt(item, 'id'));
        return [{ kind: 'call', id: textAt(item, 'call_id'), tool: textAt(item, 'name') }];
      }
      case 'response.function_call_arguments.delta':
        return [{ kind: 'input', text: textAt(event, 'delta') }];
      case 'response.output_item.done':
        return whole(objectAt(event, 'item') ?? {});
      case 'response.completed':
        return [{ kind: 'stopped', reason: called ? 'tool' : 'end' }];
      case 'response.incomplete':
        return [{ kind: 'stopped', reason: 'length' }];
      case 'response.failed':
        return [{ kind: 'failed', message: textAt(objectAt(objectAt(event, 'response'), 'error'), 'message') }];
      case 'error':
        return [{ kind: 'failed', message: textAt(event, 'message') || textAt(member(event, 'error'), 'message') }];
      default:
        return [];
    }
  };
}

function said(text: string): readonly AnswerEvent[] {
  return text === '' ? [] : [{ kind: 'text', text }];
}
