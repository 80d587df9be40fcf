import { expect, test } from 'vitest';
import { problemText } from '../../../src/extension/projects/problemText.js';
import { parseCompose } from '../../../src/compose/parseCompose.js';

const file = '/work/agent-compose.yml';

test.each([
  ['agents: {dev: {provider: nope}}', 'agents.dev.provider: unknown provider "nope"'],
  ['agents: {dev: {provider: demo, retries: many}}', 'agents.dev.retries: '],
  ['agents: {dev: [}', ''],
])('a window is not told in the words of a terminal: %s', (source, begins) => {
  const problems = parseCompose(`name: shop\n${source}\n`, {
    file,
    directoryName: 'shop',
    env: () => undefined,
  }).diagnostics;
  expect(problems.length).toBeGreaterThan(0);
  for (const { message } of problems) expect(message).toMatch(/compose/);
  const texts = problems.map(({ message }) => problemText(message, file));
  for (const text of texts) expect(text).not.toMatch(/validate compose|parse compose|agent-compose\.yml/);
  expect(texts.some(text => text.startsWith(begins))).toBe(true);
});

test('what is no message of the compose language is left as it is', () => {
  expect(problemText('the disk is full', file)).toBe('the disk is full');
});
