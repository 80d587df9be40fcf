import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProviderRegistry } from '../../../../src/core/agents/providerRegistry.js';
import { concludingDigest, digestEvent, emptyDigest } from '../../../../src/core/runs/runDigest.js';

const registry = createProviderRegistry(
  new Map([
    ['text', { command: 'x', args: [], input: 'stdin', output: { format: 'text' } }],
    ['json', { command: 'x', args: [], input: 'stdin', output: { format: 'json', result: 'a.b', conversation: 'c' } }],
    ['jsonl', { command: 'x', args: [], input: 'stdin', output: { format: 'jsonl', result: 'a', conversation: 'c' } }],
  ] as const),
);

/** JSON whose keys and values are those that the parsers look for, in every wrong place. */
const words = [
  'type',
  'message',
  'content',
  'text',
  'item',
  'part',
  'state',
  'error',
  'usage',
  'result',
  'stats',
  'kind',
];
const nearMisses = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 3, '', 'assistant', 'tool_use', 'tool_result', 'error', 'item.completed', 'system'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe.each(registry.names())('%s', name => {
  const provider = registry.get(name);

  it('takes any line whatever without throwing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          nearMisses.map(value => JSON.stringify(value)),
        ),
        line => {
          const digest = provider.parse(line).reduce(digestEvent, emptyDigest);
          provider.conclude({ code: 0 }, concludingDigest(digest, line));
          provider.conclude({ signal: 'SIGKILL' }, concludingDigest(digest, line));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe.each(['claude', 'codex', 'demo', 'gemini', 'opencode'])('%s', name => {
  const provider = registry.get(name);

  it('shows a line that is not in its format as it is', () => {
    expect(provider.parse('npm warn something')).toEqual([{ kind: 'raw', text: 'npm warn something' }]);
    expect(provider.parse('{"type": broken')).toEqual([{ kind: 'raw', text: '{"type": broken' }]);
    expect(provider.parse('')).toEqual([]);
  });
});

describe('an error result', () => {
  it('is a failure even when the exit code is 0', () => {
    const line = JSON.stringify({ type: 'result', subtype: 'error_during_execution', is_error: true, errors: ['Oh'] });
    const provider = registry.get('claude');
    const digest = provider.parse(line).reduce(digestEvent, emptyDigest);
    expect(provider.conclude({ code: 0 }, concludingDigest(digest, ''))).toEqual({
      kind: 'failed',
      reason: 'other',
      message: 'Claude Code failed: Oh.',
    });
  });

  it('of a spent budget says so', () => {
    const line = JSON.stringify({ type: 'result', subtype: 'error_max_budget_usd', is_error: true });
    const provider = registry.get('claude');
    const digest = provider.parse(line).reduce(digestEvent, emptyDigest);
    expect(provider.conclude({ code: 1 }, concludingDigest(digest, ''))).toMatchObject({ reason: 'budget' });
  });
});

describe('a run that ends well without its result', () => {
  it('is a failure where the CLI always gives one', () => {
    const digest = concludingDigest(emptyDigest, '');
    expect(registry.get('claude').conclude({ code: 0 }, digest)).toMatchObject({ kind: 'failed' });
    expect(registry.get('codex').conclude({ code: 0 }, digest)).toMatchObject({ kind: 'succeeded' });
  });
});
