import { describe, expect, test } from 'vitest';
import { readWorkflow } from '../../../../src/compose/script/workflowMeta.js';

describe('the first statement of a script', () => {
  test('that is a literal called meta makes it a workflow', () => {
    const text = `// A comment\n/* and another */\nexport const meta = {\n  name: 'audit', "description": \`Looks\\n around \\u0041\`,\n  phases: [{ title: "Scan", detail: 'x' }, 'Mend'], whenToUse: "rarely", budget: 50_000, // tokens\n};\nreturn 1;`;
    expect(readWorkflow(text)).toEqual({
      kind: 'workflow',
      meta: {
        name: 'audit',
        description: 'Looks\n around A',
        budget: 50_000,
      },
    });
  });

  test.each(['const meta = {};', 'scheduler.on("export const meta = {}", f)', '', 'export const metadata = {}'])(
    'that is something else leaves it a script: %j',
    text => expect(readWorkflow(text)).toEqual({ kind: 'script' }),
  );

  test.each([
    ['export const meta = make();', /only texts, numbers/, 1, 21],
    ['export const meta = {\n  name: process.env.X };', /only texts, numbers/, 2, 9],
    ['export const meta = { name: `a${1}` };', /put together/, 1, 31],
    ["export const meta = { name: 'a", /no end/, 1, 31],
    ["export const meta = { name: 'a' 'b' }", /"," is missing/, 1, 33],
    ["export const meta = { name: 'a' }", /description must be a text/, 1, 34],
    ["export const meta = { name: 'a', description: 'b', budget: -1 }", /budget must be/, 1, expect.any(Number)],
    ["export const meta = { name: 'a', description: 'b', phases: [1] }", /phases must be/, 1, expect.any(Number)],
    ['export const meta = [];', /must be an object/, 1, 23],
  ])('that cannot be read says where: %j', (text, message, line, column) => {
    expect(readWorkflow(text)).toEqual({
      kind: 'fault',
      fault: { message: expect.stringMatching(message), line, column },
    });
  });
});
