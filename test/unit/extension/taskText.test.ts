import { describe, expect, it } from 'vitest';
import { parseTask, referenceLine } from '../../../src/extension/dispatch/taskText.js';

describe('a task document', () => {
  it('is the task and the references that stand alone on a line', () => {
    expect(parseTask('Fix the parser.\n\n@src/a.ts:10-20\n@docs/read me.md\r\n@src/b.ts:7\n')).toEqual({
      prompt: 'Fix the parser.',
      context: [
        { path: 'src/a.ts', startLine: 10, endLine: 20 },
        { path: 'docs/read me.md', startLine: 0, endLine: 0 },
        { path: 'src/b.ts', startLine: 7, endLine: 7 },
      ],
    });
  });

  it.each(['Ask @ann about it', 'mail me@example.org', '  @indented', '@ '])('leaves %j in the text', text => {
    expect(parseTask(text)).toEqual({ prompt: text.trim(), context: [] });
  });

  it('keeps what looks like a range but ends before it starts', () => {
    expect(parseTask('@a.ts:9-3').context).toEqual([{ path: 'a.ts', startLine: 9, endLine: 9 }]);
  });

  it.each(['src/a.ts', 'src/a.ts:4', 'src/a b.ts:4-9'])('writes the reference %s as it reads it', place => {
    const { context } = parseTask(`@${place}`);
    expect(context.map(referenceLine)).toEqual([`@${place}`]);
  });
});
