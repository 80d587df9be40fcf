import { expect, test } from 'vitest';
import { parseId } from '../../../../src/base/ids.js';
import { relativeToWorktree } from '../../../../src/core/agents/worktreePaths.js';

const thread = parseId<'thread'>('4b2c9a7d1e0f');
const worktree = `/home/ada lovelace/.muster/worktrees/${thread}/fix-login-4b2c9a`;
const elsewhere = `/private/tmp/state/worktrees/${thread}/fix-login-4b2c9a`;

function shown(title: string, place: { worktree?: string } = { worktree }): string {
  const event = { kind: 'tool_call', callId: '1', tool: 'Edit', category: 'edit', title, input: '' } as const;
  const next = relativeToWorktree({ thread, ...place })(event);
  return next.kind === 'tool_call' ? next.title : '';
}

test.each([
  [`${worktree}/src/a.ts`, 'src/a.ts'],
  [worktree, '.'],
  [`${worktree}/`, './'],
  [`cd ${worktree} && cat ${worktree}/a b/c`, 'cd . && cat a b/c'],
  [`cat "${worktree}/a.ts"`, 'cat "a.ts"'],
  [`--file=${elsewhere}/a.ts:12`, '--file=a.ts:12'],
  [`a ${elsewhere} b ${elsewhere}/x/y`, 'a . b x/y'],
  [`C:\\state\\worktrees\\${thread}\\fix-login-4b2c9a\\src\\a.ts`, 'src\\a.ts'],
  // Another folder, another thread, only the id.
  [`${elsewhere}-old/a.ts`, `${elsewhere}-old/a.ts`],
  ['/home/ada/worktrees/aaaaaaaaaaaa/x-aaaaaa/a.ts', '/home/ada/worktrees/aaaaaaaaaaaa/x-aaaaaa/a.ts'],
  [`muster logs ${thread}`, `muster logs ${thread}`],
])('%s is shown as %s', (title, expected) => {
  expect(shown(title)).toBe(expected);
});

test('a worktree that is gone is known by its thread', () => {
  expect(shown(`${elsewhere}/src/a.ts`, {})).toBe('src/a.ts');
});

test('paths, inputs and results are shortened; what an agent says is its own', () => {
  const shorten = relativeToWorktree({ thread, worktree });
  const call = { kind: 'tool_call', callId: '1', tool: 'Edit', category: 'edit', title: 'x' } as const;
  expect(
    shorten({ ...call, path: `${worktree}/a.ts`, input: JSON.stringify({ file: `${worktree}/a.ts` }) }),
  ).toMatchObject({ path: 'a.ts', input: '{"file":"a.ts"}' });
  expect(shorten({ kind: 'tool_result', callId: '1', ok: true, output: `${elsewhere}/a.ts:1` })).toMatchObject({
    output: 'a.ts:1',
  });
  const text = { kind: 'text', text: `${worktree}/a.ts` } as const;
  expect(shorten(text)).toEqual(text);
});

test('a line that only repeats the id stays as it is', () => {
  const hostile = `/${thread}`.repeat(50_000);
  expect(shown(hostile)).toBe(hostile);
});
