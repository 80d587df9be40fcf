import { expect, test } from 'vitest';
import { completions } from '../../../src/compose/editor/completions.js';
import { readSource } from '../../../src/compose/editor/composeSource.js';

function offered(text: string) {
  const offset = text.indexOf('|');
  return completions(readSource(text.replace('|', '')), offset);
}

test('keys of an agent are offered by use: what every agent has comes first', () => {
  const labels = offered('agents:\n  dev:\n    |').map(({ label }) => label);
  expect(labels.slice(0, 3)).toEqual(['provider', 'model', 'system_prompt']);
});

test('a key whose values are known has them offered as soon as it is accepted, any other has not', () => {
  const opening = offered('agents:\n  dev:\n    |')
    .filter(({ opensValues }) => opensValues)
    .map(({ label }) => label);
  expect(opening).toEqual(expect.arrayContaining(['provider', 'model', 'permissions', 'enabled']));
  expect(opening).not.toContain('system_prompt');
  expect(opening).not.toContain('env');
});
