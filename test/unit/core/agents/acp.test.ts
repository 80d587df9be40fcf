import { describe, expect, it } from 'vitest';
import { parseAcp } from '../../../../src/core/agents/providers/acp.js';
import { codex } from '../../../../src/core/agents/providers/codex.js';
import { opencode } from '../../../../src/core/agents/providers/opencode.js';
import { createProviderRegistry } from '../../../../src/core/agents/providerRegistry.js';

const registry = createProviderRegistry(new Map());
const update = (body: object): object => ({ acp: 'update', update: body });

describe('lines of the client of the Agent Client Protocol', () => {
  it('are the same events for every CLI that speaks it, beside those of its own format', () => {
    const line = JSON.stringify({ acp: 'session', id: 's-1' });
    for (const name of ['codex', 'gemini', 'opencode'])
      expect(registry.get(name).parse(line)).toEqual([{ kind: 'conversation', id: 's-1' }]);
    expect(parseAcp({ type: 'text' })).toBeUndefined();
  });

  it('texts come in pieces', () => {
    const said = update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Hel' } });
    expect(parseAcp({ ...said })).toEqual([{ kind: 'text', text: 'Hel', delta: true }]);
    const thought = update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'Hm' } });
    expect(parseAcp({ ...thought })).toEqual([{ kind: 'thinking', text: 'Hm' }]);
    expect(parseAcp({ ...update({ sessionUpdate: 'agent_message_chunk', content: { type: 'image' } }) })).toEqual([]);
    expect(parseAcp({ ...update({ sessionUpdate: 'something_new' }) })).toEqual([]);
  });

  it('a tool call has a result when it has ended', () => {
    const call = update({
      sessionUpdate: 'tool_call',
      toolCallId: 't',
      title: 'npm test',
      kind: 'execute',
      status: 'pending',
      rawInput: { command: 'npm test' },
      locations: [{ path: '/w/a.ts' }],
    });
    expect(parseAcp({ ...call })).toMatchObject([
      { kind: 'tool_call', callId: 't', tool: 'execute', category: 'command', title: 'npm test', path: '/w/a.ts' },
    ]);
    const running = update({ sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'in_progress' });
    expect(parseAcp({ ...running })).toEqual([]);
    const ended = update({
      sessionUpdate: 'tool_call_update',
      toolCallId: 't',
      status: 'failed',
      content: [{ type: 'content', content: { type: 'text', text: '1 failed' } }],
    });
    expect(parseAcp({ ...ended })).toEqual([{ kind: 'tool_result', callId: 't', ok: false, output: '1 failed' }]);
  });

  it('the end says what the turn took, and an end that is none is an error', () => {
    expect(parseAcp({ acp: 'stop', stopReason: 'end_turn' })).toEqual([]);
    expect(
      parseAcp({
        acp: 'stop',
        stopReason: 'end_turn',
        usage: { inputTokens: 5, outputTokens: 2, cachedReadTokens: 9 },
      }),
    ).toMatchObject([{ kind: 'usage', total: true, inputTokens: 5, outputTokens: 2, cacheReadTokens: 9 }]);
    expect(
      parseAcp({
        acp: 'stop',
        stopReason: 'max_turn_requests',
        _meta: { quota: { token_count: { input_tokens: 7, output_tokens: 1 } } },
      }),
    ).toMatchObject([
      { kind: 'usage', inputTokens: 7, outputTokens: 1 },
      { kind: 'error', reason: 'other' },
    ]);
  });

  it('errors are told by code before their words', () => {
    expect(parseAcp({ acp: 'error', message: 'Authentication required', code: -32_000 })).toMatchObject([
      { kind: 'error', reason: 'not_logged_in' },
    ]);
    expect(parseAcp({ acp: 'error', message: 'No such session', reason: 'conversation_missing' })).toMatchObject([
      { kind: 'error', reason: 'conversation_missing' },
    ]);
    expect(
      parseAcp({ acp: 'error', message: 'Internal error', data: { details: 'rate limit exceeded' } }),
    ).toMatchObject([{ kind: 'error', message: 'Internal error: rate limit exceeded', reason: 'rate_limited' }]);
  });
});

describe('what a conversation took, where it is not told in the protocol', () => {
  it('is read of the log of Codex, cached input apart', () => {
    const counted = { input_tokens: 130, cached_input_tokens: 30, output_tokens: 20 };
    const said = { type: 'event_msg', payload: { type: 'token_count', info: { total_token_usage: counted } } };
    expect(codex.parse(JSON.stringify({ acp: 'totals', said }))).toMatchObject([
      {
        kind: 'usage',
        total: true,
        wholeConversation: 'tokens',
        inputTokens: 100,
        outputTokens: 20,
        cacheReadTokens: 30,
      },
    ]);
  });

  it('is read of what OpenCode exports, with what it cost', () => {
    const tokens = { input: 500, output: 90, reasoning: 10, cache: { read: 150, write: 0 } };
    const line = JSON.stringify({ acp: 'totals', said: { info: { id: 'ses_1', cost: 0.5, tokens } } });
    expect(opencode.parse(line)).toMatchObject([
      { kind: 'usage', total: true, wholeConversation: 'both', inputTokens: 500, outputTokens: 100, costUsd: 0.5 },
    ]);
  });
});
