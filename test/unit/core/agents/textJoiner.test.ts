import { expect, it } from 'vitest';
import type { AgentEvent } from '../../../../src/core/agents/agentEvent.js';
import { TextJoiner } from '../../../../src/core/agents/textJoiner.js';

const piece = (text: string): AgentEvent => ({ kind: 'text', text, delta: true });
const whole = (text: string): AgentEvent => ({ kind: 'text', text });

it('makes one text of pieces when something else follows, and says after which byte to go on', () => {
  const joiner = new TextJoiner();
  expect(joiner.add(piece('Hel'), 10)).toEqual([]);
  expect(joiner.pause()).toEqual([]);
  expect(joiner.add(piece('lo'), 20)).toEqual([]);
  expect(joiner.add(whole('Next'), 30)).toEqual([
    { event: piece('Hello'), end: 20 },
    { event: whole('Next'), end: 30 },
  ]);
  expect(joiner.flush()).toEqual([]);
});

it('hands out complete lines when nothing more is there for now', () => {
  const joiner = new TextJoiner();
  joiner.add(piece('A line\n'), 10);
  expect(joiner.pause()).toEqual([{ event: piece('A line\n'), end: 10 }]);
  joiner.add(piece('half'), 20);
  expect(joiner.pause()).toEqual([]);
  expect(joiner.flush()).toEqual([{ event: piece('half'), end: 20 }]);
});

it('does not hold more than it must', () => {
  const joiner = new TextJoiner();
  expect(joiner.add(piece('x'.repeat(20_000)), 1)).toHaveLength(1);
});

it('keeps lines apart from what is Markdown', () => {
  const line: AgentEvent = { kind: 'text', text: 'a line\n', delta: true, plain: true };
  const joiner = new TextJoiner();
  joiner.add(line, 10);
  joiner.add(line, 20);
  expect(joiner.add(piece('word'), 30)).toEqual([{ event: { ...line, text: 'a line\na line\n' }, end: 20 }]);
});
