import { describe, expect, test } from 'vitest';
import { completions } from '../../../src/compose/editor/completions.js';
import { readSource } from '../../../src/compose/editor/composeSource.js';
import { hover } from '../../../src/compose/editor/hover.js';
import { parseCompose } from '../../../src/compose/parseCompose.js';
import { errorsOf, read } from './readCompose.js';

const envOf = (value: string, env: Readonly<Record<string, string>> = {}): unknown => {
  const { spec, diagnostics } = read(`agents:\n  dev:\n    env: {A: ${JSON.stringify(value)}}\n`, env);
  return spec ? spec.agents[0]?.env[0] : diagnostics.map(({ detail }) => detail);
};

describe('variables as Docker Compose has them', () => {
  test.each([
    ['${X:-d}', {}, 'd'],
    ['${X:-d}', { X: '' }, 'd'],
    ['${X-d}', { X: '' }, ''],
    ['${X:-${Y:-deep}}', {}, 'deep'],
    ['${X:+other}', { X: '1' }, 'other'],
    ['${X:?say it}', { X: '1' }, '1'],
    ['$$X and $${X}', { X: '1' }, '$X and ${X}'],
    ['$X', { X: '1' }, '$X'],
  ])('%s with %j is %j', (text, env, value) => {
    expect(envOf(text, env)).toEqual({ name: 'A', secret: false, value });
  });

  test('what is missing is refused, with the words that the file has for it', () => {
    expect(envOf('${X}')).toEqual(['environment variable X is required']);
    expect(envOf('${X:?ask Ada for it}')).toEqual(['environment variable X: ask Ada for it']);
    expect(envOf('${X:?}', { X: '' })).toEqual(['environment variable X: it is required']);
  });

  test('are nothing of that kind in exactly agent-compose’s language', () => {
    const text = 'agents:\n  dev:\n    env: {A: "${X:-d} $$"}\n';
    const { spec } = parseCompose(text, { directoryName: 'shop', env: () => undefined, exact: true });
    expect(spec?.agents[0]?.env).toEqual([{ name: 'A', secret: false, value: '${X:-d} $$' }]);
  });
});

describe('merge keys, aliases and own fields', () => {
  const text = [
    'x-base: &base {provider: claude, env: {APP_A: one}}',
    'x-more: &more {model: opus, timeout: 1h}',
    'agents:',
    '  dev:',
    '    <<: [*base, *more]',
    '    model: haiku',
    '    x-note: [anything, {at: all}]',
    '  twin: *base',
    '',
  ].join('\n');

  test('are read: own fields first, then the bases in their order', () => {
    const { spec, diagnostics } = read(text);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(spec?.agents).toMatchObject([
      { name: 'dev', provider: 'claude', model: 'haiku', timeoutMs: 3_600_000 },
      { name: 'twin', provider: 'claude', env: [{ name: 'APP_A', value: 'one' }] },
    ]);
  });

  test('a problem in what is merged is told at the field, where it is written', () => {
    const broken = 'x-base: &base {provider: claude, concurrency: many}\nagents:\n  dev:\n    <<: *base\n';
    const [problem] = read(broken).diagnostics;
    expect(problem).toMatchObject({ path: 'agents.dev.concurrency', range: { start: { line: 1 } } });
  });

  test('what cannot be merged, an unknown anchor and a bomb are refused', () => {
    expect(errorsOf('agents:\n  dev:\n    <<: text\n')).toEqual(['agents.dev.<<: unknown field']);
    expect(errorsOf('services:\n  web: {image: nginx}\n')).toContainEqual(
      expect.stringMatching(/^services: .*Docker Compose/),
    );
    expect(errorsOf('agents:\n  dev: *nowhere\n').length).toBeGreaterThan(0);
    const levels = Array.from({ length: 12 }, (_, n) => `x-${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}, *a${n}]`);
    expect(errorsOf(['x-0: &a0 [x]', ...levels, 'agents: {}', ''].join('\n')).join()).toContain(
      'more than 50000 values',
    );
    expect(errorsOf('agents: &a\n  dev: *a\n').length).toBeGreaterThan(0);
  });

  test('are completed and explained', () => {
    const at = (needle: string): number => text.indexOf(needle) + 1;
    const source = readSource(text);
    const say = (needle: string): string => hover(source, at(needle), { env: () => undefined, now: 0 })?.markdown ?? '';
    expect(say('<<:')).toContain('`*base`');
    expect(say('x-note')).toContain('a field of your own');
    expect(say('*base\n')).toContain('anchor');
    const unfinished = `${text}  next:\n    `;
    expect(completions(readSource(unfinished), unfinished.length).map(({ label }) => label)).toContain('<<');
    const value = `${text}  next: `;
    expect(completions(readSource(value), value.length).map(({ label }) => label)).toContain('*base');
  });

  test('a variable with a default is explained', () => {
    const file = 'agents:\n  dev:\n    env: {A: "${X:-d}"}\n';
    const told = hover(readSource(file), file.indexOf('X:-'), { env: () => undefined, now: 0 });
    expect(told?.markdown).toBe('**X** is not set.\n\nWithout it, what follows is taken.');
  });
});
