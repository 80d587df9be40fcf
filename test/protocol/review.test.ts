import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** Does what a review asks for, and says of each point that it is done. */
const file = `name: shop
providers:
  author:
    command: sh
    args: ["-c", "if grep -q 'Say hello' \\"$1\\"; then echo hello > greeting.txt; grep -o '^DONE: .*' \\"$1\\"; else printf 'one\\\\nhi\\\\nthree\\\\n' > greeting.txt; fi", "sh", "{{prompt_file}}"]
    input: file
agents:
  dev: {provider: author}
`;

test('a review in a terminal: comments, a request for changes, an answer that resolves them, an approval', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  const json = (...args: readonly string[]) => home.musterJson([...args], { cwd: repository });
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });
  const { thread_id: id } = (await json('dispatch', 'dev', 'Greet', '--wait')) as { thread_id: string };

  const { comment } = (await json('review', 'comment', id, '--at', 'greeting.txt:2', 'Say hello')) as {
    comment: { comment_id: string };
  };
  expect(comment).toMatchObject({ line: 2, code: ['hi'], state: 'draft', author: 'you' });
  expect((await run('review', id)).stdout).toMatch(/greeting\.txt:2 {2}you {2}draft\n {4}│ hi\n {4}Say hello\n/);
  expect(await run('review', 'comment', id, '--at', 'greeting.txt', 'x')).toMatchObject({ status: 2 });
  expect(await run('review', 'comment', id, '--at', 'none.txt:1', 'x')).not.toMatchObject({ status: 0 });
  expect(await run('review', 'comment', id, '--at', 'greeting.txt:4', 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('greeting.txt has 3 lines; there is no line 4 in it'),
  });
  expect((await run('approve', id)).stderr).toContain(`muster review request-changes ${id}`);

  expect(await json('review', 'files', id, '--mark', 'greeting.txt')).toMatchObject({
    files: [{ path: 'greeting.txt', hunks: 1, reviewed_hunks: 1 }],
  });
  expect(await json('review', 'files', id, '--revert', 'greeting.txt')).toMatchObject({ files: [] });
  expect(await run('dispatch', 'dev', 'Greet again', '--thread', id, '--wait')).toMatchObject({ status: 0 });
  expect(await run('review', 'files', id, '--mark', 'none.txt')).toMatchObject({ status: 2 });
  expect(await run('review', 'approve', id)).toMatchObject({ status: 0 });

  expect(await run('review', 'request-changes', id)).toMatchObject({ status: 0 });
  expect(await run('wait', id)).toMatchObject({ status: 0 });
  expect(await json('review', id)).toMatchObject({ comments: [] });
  expect(await json('review', id, '--all')).toMatchObject({
    comments: [{ comment_id: comment.comment_id, state: 'resolved', resolved_by: 'dev', outdated: true, line: null }],
  });
  expect(await json('review', 'files', id)).toMatchObject({ files: [{ hunks: 1, reviewed_hunks: 0 }] });
  expect((await run('diff', id, '--since-review')).stdout).toMatch(/^-hi$/m);
  expect((await run('diff', id)).stdout).not.toMatch(/^-hi$/m);
  expect((await run('review', 'resolve', id, comment.comment_id.slice(0, 6), '--reopen')).stdout).toMatch(/open/);
  expect((await run('review', 'approve', id)).stdout).toMatch(/^[0-9a-f]{40}\n$/);
  expect(await run('merge', id)).toMatchObject({ status: 0 });
});
