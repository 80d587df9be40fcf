import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

/** Of a call whose parentheses stand in no text: what is between them. */
function argumentsAt(text: string, start: number): string {
  let depth = 1;
  let end = start;
  for (; depth > 0 && end < text.length; end++) depth += text[end] === '(' ? 1 : text[end] === ')' ? -1 : 0;
  return text.slice(start, end - 1);
}

test('no wait of a test ends after the second that Vitest gives it: a busy machine needs longer to start a process', async () => {
  const files = (await listFiles('test')).filter(file => file.endsWith('.ts') && !file.endsWith('waits.test.ts'));
  const brief: string[] = [];
  for (const file of files) {
    const text = await readFile(inRepository(file), 'utf8');
    for (const { index, 0: call } of text.matchAll(/\bvi\.wait(?:For|Until)\(/g)) {
      const given = argumentsAt(text, index + call.length);
      if (!/\b(?:timeout: |waiting$|waiting,?\s*$)/.test(given))
        brief.push(`${file}:${text.slice(0, index).split('\n').length}`);
    }
  }
  expect(files.length).toBeGreaterThan(300);
  expect(brief).toEqual([]);
});
