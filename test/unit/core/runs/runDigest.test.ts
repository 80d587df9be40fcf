import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../../../src/core/agents/agentEvent.js';
import {
  concludingDigest,
  digestEvent,
  emptyDigest,
  type RunDigestState,
} from '../../../../src/core/runs/runDigest.js';

function digestOf(...events: readonly AgentEvent[]): RunDigestState {
  return events.reduce(digestEvent, emptyDigest);
}

describe('the answer', () => {
  test('is the last text until a result says otherwise', () => {
    const texts: AgentEvent[] = [
      { kind: 'text', text: 'First.' },
      { kind: 'text', text: 'Second.' },
    ];
    expect(digestOf(...texts).answer).toBe('Second.');
    expect(digestOf(...texts, { kind: 'result', text: 'Result.' }, { kind: 'text', text: 'Bye.' })).toMatchObject({
      answer: 'Result.',
      sawResult: true,
    });
  });

  test('joins the pieces of one streamed text, and begins anew after anything else', () => {
    const piece = (text: string): AgentEvent => ({ kind: 'text', text, delta: true });
    expect(digestOf(piece('Hel'), piece('lo')).answer).toBe('Hello');
    expect(digestOf(piece('Hel'), { kind: 'thinking', text: '' }, piece('lo')).answer).toBe('lo');
  });
});

describe('a long answer', () => {
  const line = (i: number): AgentEvent => ({ kind: 'text', text: `line ${i}\n`, delta: true, plain: true });

  test('keeps its end, which is where the conclusion is, from the start of a line, and says so', () => {
    const digest = digestOf(...Array.from({ length: 5_000 }, (_, i) => line(i)));
    const { answer } = concludingDigest(digest, '');
    expect(answer).toMatch(/^\[… the beginning is in the raw log\]\n\nline \d+\n/);
    expect(answer.endsWith('line 4998\nline 4999\n')).toBe(true);
    expect(answer.length).toBeLessThan(17_000);
  });

  test('that is followed by a short one leaves no mark', () => {
    const digest = digestOf({ kind: 'text', text: 'x'.repeat(50_000) }, { kind: 'text', text: 'Done.' });
    expect(concludingDigest(digest, '').answer).toBe('Done.');
  });
});

describe('its size is bounded whatever an agent says', () => {
  test('megabytes of text, a thousand errors', () => {
    const huge = 'x'.repeat(5_000_000);
    const errors = Array.from({ length: 1_000 }, (): AgentEvent => ({ kind: 'error', message: huge, reason: 'other' }));
    const pieces = Array.from({ length: 50 }, (): AgentEvent => ({
      kind: 'text',
      text: huge.slice(0, 1_000),
      delta: true,
    }));
    const digest = digestOf({ kind: 'text', text: huge }, { kind: 'raw', text: huge }, ...errors, ...pieces);
    expect(JSON.stringify(digest).length).toBeLessThan(60_000);
  });

  test('the last activity is one short line', () => {
    expect(digestOf({ kind: 'raw', text: ` a\n\tb ${'c'.repeat(500)}` }).activity).toMatch(/^a b c{196}$/);
    expect(digestOf({ kind: 'raw', text: 'first' }, { kind: 'raw', text: ' \n ' }).activity).toBe('first');
  });
});

describe('use', () => {
  test('adds up parts and takes totals as they are', () => {
    const part: AgentEvent = { kind: 'usage', total: false, inputTokens: 10, costUsd: 0.5 };
    expect(digestOf(part, part).usage).toMatchObject({ inputTokens: 20, costUsd: 1 });
    expect(digestOf(part, { kind: 'usage', total: true, inputTokens: 12 }).usage).toMatchObject({
      inputTokens: 12,
      costUsd: 0.5,
    });
  });
});
