import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** Writes what its task says; when it is asked to merge, it does, and takes both sides. */
const script = [
  `if grep -q 'resolve the conflicts' "$1"; then`,
  `git -c user.name=A -c user.email=a@b.c merge --quiet main >/dev/null;`,
  `printf 'one\\nboth\\nthree\\n' > greeting.txt; git add -A;`,
  `git -c user.name=A -c user.email=a@b.c commit --quiet -m Resolve;`,
  `else printf 'one\\n%s\\nthree\\n' "$(tail -n 1 "$1")" > greeting.txt; fi`,
].join(' ');
const file = `name: shop
providers:
  author: {command: sh, args: ["-c", ${JSON.stringify(script)}, "sh", "{{prompt_file}}"], input: file}
agents:
  dev: {provider: author}
`;

async function open() {
  const home = testHome(programs);
  const cwd = testRepository({ 'agent-compose.yml': file, 'greeting.txt': 'one\ntwo\nthree\n' });
  const run = (...args: readonly string[]) => home.muster(args, { cwd });
  const json = (...args: readonly string[]) => home.musterJson([...args], { cwd });
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });
  const dispatch = async (text: string): Promise<string> => {
    const sent = (await json('dispatch', 'dev', text, '--wait')) as { thread_id: string };
    return sent.thread_id;
  };
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
  const commit = (text: string): void => {
    writeFileSync(join(cwd, 'greeting.txt'), text);
    git('-c', 'user.name=Me', '-c', 'user.email=me@example.com', 'commit', '--quiet', '-am', 'Mine');
  };
  return { home, cwd, run, json, dispatch, commit };
}

test('a conflict is resolved by hand, and by the agent, after which the merge goes on by itself', async () => {
  const { cwd, run, dispatch, commit } = await open();
  const [first, second] = [await dispatch('hello'), await dispatch('salut')];
  commit('one\nmine\nthree\n');
  expect(await run('merge', first)).toMatchObject({ status: 1, stdout: expect.stringContaining('conflicted') });
  const byHand = await run('update', first, '--by-hand', '--json');
  expect(byHand.status).toBe(1);
  const begun = JSON.parse(byHand.stdout) as { files: string[]; worktree: string };
  expect(begun).toMatchObject({ done: false, files: ['greeting.txt'], others: [] });
  expect(await run('update', first, '--finish')).toMatchObject({ stderr: expect.stringContaining('Not resolved yet') });
  // Whoever opens the editors again has no trouble by that.
  expect(JSON.parse((await run('update', first, '--by-hand', '--json')).stdout)).toMatchObject({
    files: ['greeting.txt'],
  });
  expect((await run('ps', '--json')).stdout).not.toContain('in progress');
  writeFileSync(join(begun.worktree, 'greeting.txt'), 'one\nhello and mine\nthree\n');
  expect(await run('update', first, '--finish')).toMatchObject({ status: 0 });
  expect(await run('merge', first)).toMatchObject({ status: 0 });
  expect(readFileSync(join(cwd, 'greeting.txt'), 'utf8')).toBe('one\nhello and mine\nthree\n');

  expect(await run('merge', second, '--resolve')).not.toMatchObject({ status: 0 });
  expect(await run('merge', second)).toMatchObject({ status: 1 });
  expect(await run('merge', second, '--resolve')).toMatchObject({ status: 0 });
  await vi.waitUntil(() => readFileSync(join(cwd, 'greeting.txt'), 'utf8') === 'one\nboth\nthree\n', {
    timeout: 60_000,
    interval: 200,
  });
});

test('two attempts are compared, and what a comment suggests is put in place', async () => {
  const { json, run, dispatch } = await open();
  const [first, second] = [await dispatch('hello'), await dispatch('salut')];
  const compared = (await run('diff', first, '--with', second)).stdout;
  expect(compared).toMatch(/^-salut$/m);
  expect(compared).toMatch(/^\+hello$/m);
  const words = 'Louder:\n```suggestion\nHELLO\n```';
  const { comment } = (await json('review', 'comment', first, '--at', 'greeting.txt:2', words)) as {
    comment: { comment_id: string };
  };
  expect(await run('review', 'apply', first, comment.comment_id.slice(0, 6))).toMatchObject({ status: 0 });
  expect((await run('diff', first)).stdout).toMatch(/^\+HELLO$/m);
  expect(await json('review', first)).toMatchObject({ comments: [] });
});
