import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';

const table = 'base/errors.ts';

function sources(): string {
  const names = readdirSync(inRepository('src'), { recursive: true, encoding: 'utf8' });
  const own = names.filter(name => name.endsWith('.ts') && !name.includes('/gen/') && name !== table);
  return own.map(name => readFileSync(inRepository('src', name), 'utf8')).join('\n');
}

test('every error code is made somewhere: one that nothing throws is a promise that nobody keeps', () => {
  const codes = [...readFileSync(inRepository('src', table), 'utf8').matchAll(/^ {2}'([a-z]+(?:\.[a-zA-Z]+)*)': /gm)];
  const text = sources();
  const made = (code: string): boolean =>
    new RegExp(
      String.raw`\b(?:new AppError|fail|failed|refused?)\w*(?:<[^>]*>)?\(\s*'${code.replace('.', String.raw`\.`)}'`,
    ).test(text);
  expect(codes.length).toBeGreaterThan(40);
  expect(codes.map(([, code = '']) => code).filter(code => !made(code))).toEqual([]);
});
