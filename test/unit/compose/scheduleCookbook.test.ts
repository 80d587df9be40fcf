import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inRepository } from '../../../src/build/paths.ts';
import { parseCompose } from '../../../src/compose/parseCompose.js';

const blocks = [...readFileSync(inRepository('docs/schedules.md'), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text = '']) => text,
);
const files = blocks.filter(text => text.startsWith('agents:'));

test('the page has compose files, the six schedules among them', () => {
  expect(files.length).toBeGreaterThanOrEqual(3);
  expect(files.at(-1)?.match(/# \d /g)).toHaveLength(6);
});

test.each(files)('the page shows a file without a problem: %#', text => {
  const { diagnostics, spec } = parseCompose(`name: shop\n${text}`, { env: () => undefined });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(spec?.agents.every(({ scheduler }) => scheduler !== undefined)).toBe(true);
});
