import type { TokenCounts } from '../tokenCounts.js';
import { textField } from '../../../base/unknownFields.js';
import { Blocks, sse, type Block } from './answerBlocks.js';
import type { AnswerEvent, Json, StopReason } from './conversation.js';
import { parsedObject } from './fields.js';

/** What is known of an answer before its first piece. */
export interface AnswerHead {
  readonly id: string;
  readonly model: string;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Tools whose input the client wants as text. */
  readonly freeform: ReadonlySet<string>;
}

/** Says an answer in the words of a protocol. */
export interface Encoder {
  /** Events of a stream, as text. */
  begin(): string;
  push(event: AnswerEvent): string;
  finish(tokens: TokenCounts): string;
  /** The whole answer, for a client that does not read streams. */
  whole(tokens: TokenCounts): Json;
}

/** An answer of Anthropic's Messages API. */
export function messagesEncoder({ id, model }: AnswerHead): Encoder {
  const blocks = new Blocks();
  const message = (more: Json): Json => ({ id, type: 'message', role: 'assistant', model, ...more });
  const event = (type: string, more: Json): string => sse({ type, ...more }, type);
  const stopLast = (): string =>
    blocks.list.length === 0 ? '' : event('content_block_stop', { index: blocks.list.length - 1 });
  return {
    begin: () =>
      event('message_start', {
        message: message({
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 0, output_tokens: 0 },
        }),
      }),
    push(piece) {
      const before = stopLast();
      const taken = blocks.take(piece);
      if (!taken) return '';
      const { block, isNew, added } = taken;
      const index = blocks.list.length - 1;
      const empty =
        block.kind === 'text'
          ? { type: 'text', text: '' }
          : { type: 'tool_use', id: block.id, name: block.tool, input: {} };
      const start = isNew ? before + event('content_block_start', { index, content_block: empty }) : '';
      if (added === '') return start;
      const delta =
        block.kind === 'text' ? { type: 'text_delta', text: added } : { type: 'input_json_delta', partial_json: added };
      return start + event('content_block_delta', { index, delta });
    },
    finish(tokens) {
      if (blocks.failure !== undefined) {
        return stopLast() + event('error', { error: { type: 'api_error', message: blocks.failure } });
      }
      const delta = { stop_reason: messagesReasons[blocks.reason], stop_sequence: null };
      return stopLast() + event('message_delta', { delta, usage: messagesUsage(tokens) }) + event('message_stop', {});
    },
    whole(tokens) {
      const content = blocks.list.map(block =>
        block.kind === 'text'
          ? { type: 'text', text: block.text }
          : { type: 'tool_use', id: block.id, name: block.tool, input: parsedObject(block.text) },
      );
      const end = { stop_reason: messagesReasons[blocks.reason], stop_sequence: null };
      return message({ content, ...end, usage: messagesUsage(tokens) });
    },
  };
}

const messagesReasons: Readonly<Record<StopReason, string>> = {
  end: 'end_turn',
  tool: 'tool_use',
  length: 'max_tokens',
  refused: 'refusal',
};

function messagesUsage(tokens: TokenCounts): Json {
  return {
    input_tokens: tokens.input,
    cache_read_input_tokens: tokens.cacheRead,
    cache_creation_input_tokens: tokens.cacheWrite,
    output_tokens: tokens.output,
  };
}

/** An answer of OpenAI's Chat Completions API. */
export function chatEncoder({ id, model, at }: AnswerHead): Encoder {
  const blocks = new Blocks();
  const chunk = (choices: readonly Json[], more: Json = {}): string =>
    sse({ id, object: 'chat.completion.chunk', created: at, model, choices, ...more });
  const delta = (value: Json): string => chunk([{ index: 0, delta: value, finish_reason: null }]);
  const callsSoFar = (): readonly Block[] => blocks.list.filter(block => block.kind === 'call');
  const called = (block: Block): Json => ({
    id: block.id,
    type: 'function',
    function: { name: block.tool, arguments: block.text },
  });
  return {
    begin: () => delta({ role: 'assistant', content: '' }),
    push(piece) {
      const taken = blocks.take(piece);
      if (!taken) return '';
      const { block, isNew, added } = taken;
      if (block.kind === 'text') return delta({ content: added });
      const index = callsSoFar().length - 1;
      if (isNew) return delta({ tool_calls: [{ index, ...called({ ...block, text: '' }) }] });
      return delta({ tool_calls: [{ index, function: { arguments: added } }] });
    },
    finish(tokens) {
      if (blocks.failure !== undefined) {
        return sse({ error: { message: blocks.failure, type: 'upstream_error', code: null } });
      }
      const end = chunk([{ index: 0, delta: {}, finish_reason: chatReasons[blocks.reason] }]);
      return `${end}${chunk([], { usage: chatUsage(tokens) })}data: [DONE]\n\n`;
    },
    whole(tokens) {
      const calls = callsSoFar().map(called);
      const content = blocks.said === '' ? null : blocks.said;
      const message = { role: 'assistant', content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
      return {
        id,
        object: 'chat.completion',
        created: at,
        model,
        choices: [{ index: 0, message, finish_reason: chatReasons[blocks.reason] }],
        usage: chatUsage(tokens),
      };
    },
  };
}

const chatReasons: Readonly<Record<StopReason, string>> = {
  end: 'stop',
  tool: 'tool_calls',
  length: 'length',
  refused: 'content_filter',
};

function chatUsage({ input, output, cacheRead, cacheWrite, reasoning }: TokenCounts): Json {
  const prompt = input + cacheRead + cacheWrite;
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: cacheRead },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

/** An answer of OpenAI's Responses API. */
export function responsesEncoder({ id, model, at, freeform }: AnswerHead): Encoder {
  const blocks = new Blocks();
  let sequence = 0;
  const event = (type: string, more: Json): string => sse({ type, sequence_number: sequence++, ...more }, type);
  const response = (more: Json): Json => ({ id, object: 'response', created_at: at, model, ...more });
  const itemId = (index: number): string => `item_${index}_${id}`;
  const itemOf = (block: Block, index: number, status: string): Json =>
    responsesItem(block, { id: itemId(index), status, freeform });
  const closeLast = (): string => {
    const index = blocks.list.length - 1;
    const block = blocks.list[index];
    if (!block) return '';
    const place = { item_id: itemId(index), output_index: index };
    const item = itemOf(block, index, 'completed');
    // Events are numbered in the order in which they are made.
    const done = (): string => event('response.output_item.done', { output_index: index, item });
    if (block.kind === 'text') {
      const part = { type: 'output_text', text: block.text, annotations: [] };
      return (
        event('response.output_text.done', { ...place, content_index: 0, text: block.text }) +
        event('response.content_part.done', { ...place, content_index: 0, part }) +
        done()
      );
    }
    if (freeform.has(block.tool))
      return event('response.custom_tool_call_input.done', { ...place, input: textField(item, 'input') }) + done();
    return event('response.function_call_arguments.done', { ...place, arguments: block.text }) + done();
  };
  return {
    begin: () =>
      event('response.created', { response: response({ status: 'in_progress', output: [] }) }) +
      event('response.in_progress', { response: response({ status: 'in_progress', output: [] }) }),
    push(piece) {
      const isText = piece.kind === 'text' && blocks.list.at(-1)?.kind === 'text';
      const before =
        isText || piece.kind === 'input' ? '' : piece.kind === 'text' || piece.kind === 'call' ? closeLast() : '';
      const taken = blocks.take(piece);
      if (!taken) return '';
      const { block, isNew, added } = taken;
      const index = blocks.list.length - 1;
      const place = { item_id: itemId(index), output_index: index };
      let text = before;
      if (isNew) {
        text += event('response.output_item.added', {
          output_index: index,
          item: itemOf({ ...block, text: '' }, index, 'in_progress'),
        });
        const part = { type: 'output_text', text: '', annotations: [] };
        if (block.kind === 'text') text += event('response.content_part.added', { ...place, content_index: 0, part });
      }
      if (added === '') return text;
      if (block.kind === 'text')
        return text + event('response.output_text.delta', { ...place, content_index: 0, delta: added });
      // Text that is still inside of JSON is no use to the client; it gets it whole.
      if (freeform.has(block.tool)) return text;
      return text + event('response.function_call_arguments.delta', { ...place, delta: added });
    },
    finish(tokens) {
      const closed = closeLast();
      const end = responsesEnd(blocks, itemOf, tokens);
      return closed + event(`response.${textField(end, 'status')}`, { response: response(end) });
    },
    whole: tokens => response(responsesEnd(blocks, itemOf, tokens)),
  };
}

function responsesItem(
  block: Block,
  { id, status, freeform }: { readonly id: string; readonly status: string; readonly freeform: ReadonlySet<string> },
): Json {
  if (block.kind === 'text') {
    const content =
      block.text === '' && status === 'in_progress' ? [] : [{ type: 'output_text', text: block.text, annotations: [] }];
    return { type: 'message', id, status, role: 'assistant', content };
  }
  const called = { id, status, call_id: block.id, name: block.tool };
  if (freeform.has(block.tool)) {
    return { type: 'custom_tool_call', ...called, input: textField(parsedObject(block.text), 'input') };
  }
  return { type: 'function_call', ...called, arguments: block.text };
}

function responsesEnd(
  blocks: Blocks,
  itemOf: (block: Block, index: number, status: string) => Json,
  tokens: TokenCounts,
): Json {
  const { input, output, cacheRead, cacheWrite, reasoning } = tokens;
  const all = input + cacheRead + cacheWrite;
  const failed = blocks.failure !== undefined;
  const cut = blocks.reason === 'length';
  return {
    status: failed ? 'failed' : cut ? 'incomplete' : 'completed',
    error: failed ? { code: 'server_error', message: blocks.failure } : null,
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    output: blocks.list.map((block, index) => itemOf(block, index, 'completed')),
    usage: {
      input_tokens: all,
      input_tokens_details: { cached_tokens: cacheRead },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: reasoning },
      total_tokens: all + output,
    },
  };
}
