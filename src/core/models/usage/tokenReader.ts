import type { ModelProtocol } from '../modelProtocol.js';
import { noTokens, type TokenCounts } from '../tokenCounts.js';
import { fieldOf, isRecord } from '../../../base/unknownFields.js';

/** What an answer says so far of what it used. Later parts of a stream replace what earlier ones said. */
export type TokenReader = (before: TokenCounts | undefined, part: unknown) => TokenCounts | undefined;

/** A piece of text that every part has which says what was used: the others need not be read. */
export const usageMarks: Readonly<Record<ModelProtocol, string>> = {
  messages: 'usage"',
  responses: 'usage"',
  chat_completions: 'usage"',
  gemini: 'usageMetadata"',
};

/** Reads one event of a stream, or a whole answer, of a protocol. Foreign JSON: whatever does not fit is passed over. */
export const tokenReaders: Readonly<Record<ModelProtocol, TokenReader>> = {
  messages(before, part) {
    // `message_start` has it inside the message, `message_delta` and a whole answer beside what they say.
    const usage = fieldOf(fieldOf(part, 'message'), 'usage') ?? fieldOf(part, 'usage');
    if (!isRecord(usage)) return before;
    const known = before ?? noTokens;
    return {
      // The last event repeats only some of them.
      input: count(usage, 'input_tokens') ?? known.input,
      output: count(usage, 'output_tokens') ?? known.output,
      cacheRead: count(usage, 'cache_read_input_tokens') ?? known.cacheRead,
      cacheWrite: count(usage, 'cache_creation_input_tokens') ?? known.cacheWrite,
      reasoning: known.reasoning,
    };
  },
  responses(before, part) {
    const usage = fieldOf(fieldOf(part, 'response'), 'usage') ?? fieldOf(part, 'usage');
    if (!isRecord(usage)) return before;
    const input = count(usage, 'input_tokens') ?? 0;
    const cacheRead = count(fieldOf(usage, 'input_tokens_details'), 'cached_tokens') ?? 0;
    return {
      input: Math.max(0, input - cacheRead),
      output: count(usage, 'output_tokens') ?? 0,
      cacheRead,
      cacheWrite: 0,
      reasoning: count(fieldOf(usage, 'output_tokens_details'), 'reasoning_tokens') ?? 0,
    };
  },
  chat_completions(before, part) {
    const usage = fieldOf(part, 'usage');
    if (!isRecord(usage)) return before;
    const input = count(usage, 'prompt_tokens') ?? 0;
    const cacheRead = count(fieldOf(usage, 'prompt_tokens_details'), 'cached_tokens') ?? 0;
    return {
      input: Math.max(0, input - cacheRead),
      output: count(usage, 'completion_tokens') ?? 0,
      cacheRead,
      cacheWrite: 0,
      reasoning: count(fieldOf(usage, 'completion_tokens_details'), 'reasoning_tokens') ?? 0,
    };
  },
  gemini(before, part) {
    const parts = Array.isArray(part) ? part : [part];
    const usage = parts.map(item => fieldOf(item, 'usageMetadata')).findLast(isRecord);
    if (!usage) return before;
    const cacheRead = count(usage, 'cachedContentTokenCount') ?? 0;
    const reasoning = count(usage, 'thoughtsTokenCount') ?? 0;
    const prompt = (count(usage, 'promptTokenCount') ?? 0) + (count(usage, 'toolUsePromptTokenCount') ?? 0);
    return {
      input: Math.max(0, prompt - cacheRead),
      // Thoughts are paid like what is said, and counted apart from it.
      output: (count(usage, 'candidatesTokenCount') ?? 0) + reasoning,
      cacheRead,
      cacheWrite: 0,
      reasoning,
    };
  },
};

/** A whole number that may be one: an answer that counts below nothing or without end counts nothing. */
function count(value: unknown, key: string): number | undefined {
  const found = fieldOf(value, key);
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : undefined;
}
