import { describe, expect, it } from 'vitest';
import type { ModelProtocol } from '../../../../src/core/models/modelProtocol.js';
import type { TokenCounts } from '../../../../src/core/models/tokenCounts.js';
import { tokenReaders } from '../../../../src/core/models/usage/tokenReader.js';

function read(protocol: ModelProtocol, ...parts: readonly unknown[]): TokenCounts | undefined {
  return parts.reduce<TokenCounts | undefined>((before, part) => tokenReaders[protocol](before, part), undefined);
}

const openaiUsage = {
  prompt_tokens: 130,
  completion_tokens: 20,
  prompt_tokens_details: { cached_tokens: 30 },
  completion_tokens_details: { reasoning_tokens: 8 },
};

describe('what an answer used', () => {
  it.each<readonly [string, ModelProtocol, readonly unknown[], TokenCounts | undefined]>([
    [
      'Messages, streamed: the last event replaces what the first said',
      'messages',
      [
        {
          type: 'message_start',
          message: {
            usage: {
              input_tokens: 100,
              output_tokens: 1,
              cache_read_input_tokens: 30,
              cache_creation_input_tokens: 10,
            },
          },
        },
        { type: 'content_block_delta', delta: { text: 'hi' } },
        { type: 'message_delta', usage: { output_tokens: 20 } },
      ],
      { input: 100, output: 20, cacheRead: 30, cacheWrite: 10, reasoning: 0 },
    ],
    [
      'Messages, whole',
      'messages',
      [{ type: 'message', usage: { input_tokens: 5, output_tokens: 6 } }],
      { input: 5, output: 6, cacheRead: 0, cacheWrite: 0, reasoning: 0 },
    ],
    [
      'Responses, streamed: cached tokens are part of the input',
      'responses',
      [
        { type: 'response.created', response: { usage: null } },
        {
          type: 'response.completed',
          response: {
            usage: {
              input_tokens: 130,
              input_tokens_details: { cached_tokens: 30 },
              output_tokens: 20,
              output_tokens_details: { reasoning_tokens: 8 },
            },
          },
        },
      ],
      { input: 100, output: 20, cacheRead: 30, cacheWrite: 0, reasoning: 8 },
    ],
    [
      'Chat Completions, streamed',
      'chat_completions',
      [
        { choices: [{ delta: {} }], usage: null },
        { choices: [], usage: openaiUsage },
      ],
      { input: 100, output: 20, cacheRead: 30, cacheWrite: 0, reasoning: 8 },
    ],
    [
      'Gemini: thoughts are paid like what is said',
      'gemini',
      [
        { usageMetadata: { promptTokenCount: 130 } },
        {
          usageMetadata: {
            promptTokenCount: 130,
            cachedContentTokenCount: 30,
            candidatesTokenCount: 12,
            thoughtsTokenCount: 8,
          },
        },
      ],
      { input: 100, output: 20, cacheRead: 30, cacheWrite: 0, reasoning: 8 },
    ],
    [
      'Gemini, an array of parts',
      'gemini',
      [[{ candidates: [] }, { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 } }]],
      { input: 3, output: 4, cacheRead: 0, cacheWrite: 0, reasoning: 0 },
    ],
    ['an answer that says nothing', 'responses', [{ type: 'response.created' }], undefined],
    [
      'counts that are none',
      'messages',
      [{ usage: { input_tokens: -5, output_tokens: 1e300, cache_read_input_tokens: '7' } }],
      { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 },
    ],
    ['something else in its place', 'gemini', [null, 7, 'usage', { usageMetadata: [] }], undefined],
  ])('%s', (_, protocol, parts, expected) => {
    expect(read(protocol, ...parts)).toEqual(expected);
  });
});
