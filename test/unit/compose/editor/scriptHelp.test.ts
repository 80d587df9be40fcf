import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inRepository } from '../../../../src/build/paths.ts';
import { completions } from '../../../../src/compose/editor/completions.js';
import { readSource } from '../../../../src/compose/editor/composeSource.js';
import { hover } from '../../../../src/compose/editor/hover.js';
import { scriptPlace } from '../../../../src/compose/editor/scriptPlace.js';
import { schedulerDeclarations, scriptMembers } from '../../../../src/compose/script/schedulerApi.js';
import { prelude } from '../../../../src/drivers/quickjs/prelude.js';

const file = (script: string): string =>
  `agents:\n  dev:\n    provider: claude\n    scheduler:\n      script: |\n${script
    .split('\n')
    .map(line => `        ${line}`)
    .join('\n')}\n`;

/** Labels proposed at the bar. */
function proposed(script: string): readonly string[] {
  const text = file(script);
  const offset = text.indexOf('|', text.indexOf('script: |') + 9);
  return completions(readSource(text.slice(0, offset) + text.slice(offset + 1)), offset).map(({ label }) => label);
}

describe('inside a script', () => {
  test('what follows scheduler. is proposed', () => {
    expect(proposed('scheduler.|')).toEqual(expect.arrayContaining(['agent', 'cron', 'state', 'z', 'event']));
    expect(proposed('const a = scheduler.st|;')).toContain('state');
    expect(proposed('scheduler.state.|')).toEqual(['get', 'set', 'delete']);
  });

  test('nothing of the compose language is', () => {
    expect(proposed('pro|')).toEqual([]);
  });

  test('a call is explained', () => {
    const text = file(`scheduler.agent('x');`);
    const found = hover(readSource(text), text.indexOf('agent(') + 2, { env: () => undefined, now: 0 });
    expect(found?.markdown).toMatch(/scheduler\.agent\(prompt: string.*\n```\nGives an agent a task/);
    expect(
      hover(readSource(text), text.indexOf("'x'"), { env: () => undefined, now: 0 })?.markdown ?? '',
    ).not.toContain('scheduler.agent(');
  });

  test.each([
    ['const a = 1;\nconst = 2;', { line: 2, column: 7 }, { line: 7, column: 15 }],
    ['\n\n  nothing();', { line: 1, column: 1 }, { line: 8, column: 11 }],
  ])('a place in %j is found in the file', (script, place, inFile) => {
    expect(scriptPlace(file(script), 'dev', place)).toEqual(inFile);
  });
});

test('everything in the table is there for a script, and the types are those of the table', () => {
  for (const { path } of scriptMembers) expect(prelude).toContain(path.split('.').at(-1));
  expect(readFileSync(inRepository('media/scheduler.d.ts'), 'utf8')).toBe(schedulerDeclarations());
});
