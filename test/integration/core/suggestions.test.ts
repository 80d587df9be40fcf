import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommentService } from '../../../src/core/reviews/commentService.ts';
import { suggestionIn, suggestionPatch } from '../../../src/core/reviews/suggestion.ts';
import { SuggestionService } from '../../../src/core/reviews/suggestionService.ts';
import { coreHost, coreWorld, finishRun } from '../../support/coreHost.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const fence = '```';
const suggesting = (code: string): string => `Shorter:\n\n${fence}suggestion\n${code}${fence}\n\nWhat do you think?`;

describe('a suggestion in a comment', () => {
  test('is the block that says so', () => {
    expect(suggestionIn(suggesting('a\n  b\n'))).toEqual(['a', '  b']);
    expect(suggestionIn(suggesting(''))).toEqual([]);
    expect(suggestionIn(suggesting('\n'))).toEqual(['']);
    expect(suggestionIn(`${fence}ts\na\n${fence}`)).toBeUndefined();
    expect(suggestionIn('`suggestion`')).toBeUndefined();
    expect(suggestionIn(`${fence}\`suggestion\n${fence}js\n${fence}\n${fence}\`\n`)).toEqual([`${fence}js`, fence]);
    expect(suggestionIn(`${fence}suggestion\r\na\r\n${fence}`)).toEqual(['a']);
  });

  const cases: readonly (readonly [string, string, readonly [number, number], readonly string[], string])[] = [
    ['one line', 'a\nb\nc\n', [2, 2], ['B'], 'a\nB\nc\n'],
    ['several for one', 'a\nb\nc\n', [2, 2], ['B', 'B2'], 'a\nB\nB2\nc\n'],
    ['one for several', 'a\nb\nc\n', [1, 3], ['all'], 'all\n'],
    ['nothing', 'a\nb\nc\n', [2, 3], [], 'a\n'],
    ['nothing at the top', 'a\nb\n', [1, 1], [], 'b\n'],
    ['an empty line', 'a\nb\n', [2, 2], [''], 'a\n\n'],
    ['the last line of a file without an end', 'a\nb', [2, 2], ['B'], 'a\nB'],
    ['lines that end as on Windows', 'a\r\nb\r\nc\r\n', [2, 2], ['B', 'B2'], 'a\r\nB\r\nB2\r\nc\r\n'],
    ['what stands elsewhere too', 'x\nx\nx\n', [2, 2], ['y'], 'x\ny\nx\n'],
  ];
  test.for(cases)('git puts %s in place', ([, text, [start, end], suggested, expected]) => {
    const folder = tempDirectory();
    const name = 'ä "file".txt';
    writeFileSync(join(folder, name), text);
    execFileSync('git', ['init', '--quiet'], { cwd: folder });
    const patch = suggestionPatch(name, { text: text.split('\n'), lines: { start, end }, suggested });
    const args = ['apply', '--reverse', '--unidiff-zero', '--whitespace=nowarn', '-'];
    execFileSync('git', args, { cwd: folder, input: patch });
    expect(readFileSync(join(folder, name), 'utf8')).toBe(expected);
  });

  test('is a commit on the thread’s branch, and resolves what was said', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    await finishRun(world, task, 'two\n');
    const { id } = task.thread;
    await host.settler.settled(id);
    const decode = (content: Uint8Array): string => new TextDecoder().decode(content);
    const comments = new CommentService({ ...world, driver: world.worktrees, decode });
    const patches: string[] = [];
    const driver = {
      show: world.worktrees.show.bind(world.worktrees),
      takeBack: async (worktree: { readonly path: string }, { patch }: { readonly patch: string }) => {
        patches.push(patch);
        world.git.write(`${worktree.path}/readme.md`, 'better\n');
      },
    };
    const suggestions = new SuggestionService({ ...world, driver, settler: host.settler, comments, decode });
    const target = { path: 'readme.md', side: 'changed', lines: { start: 1, end: 1 } } as const;
    const draft = await comments.add(id, target, suggesting('better\n'));
    const plain = await comments.add(id, target, 'Why?');
    const before = world.store.read(stores => stores.threads.get(id))?.head;
    const head = await suggestions.apply(id, draft.id);
    expect(patches[0]).toContain('-better\n+two\n');
    expect(head).not.toBe(before);
    expect(world.git.commit(head).message).toContain('A suggestion by you, taken in review.');
    expect((await comments.list(id)).map(({ comment }) => comment.id)).toEqual([plain.id]);
    await expect(suggestions.apply(id, plain.id)).rejects.toMatchObject({ code: 'request.invalid' });
    const gone = await comments.add(id, target, suggesting('again\n'));
    world.git.write(
      `${world.store.read(stores => stores.threads.get(id))?.worktree ?? ''}/readme.md`,
      'something else altogether\n',
    );
    await expect(suggestions.apply(id, gone.id)).rejects.toMatchObject({ code: 'request.invalid' });
  });
});
