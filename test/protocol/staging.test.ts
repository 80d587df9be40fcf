import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

interface Dispatched {
  readonly thread_id: string;
}

/** The one branch of an agent. */
function branchOf(repository: string): string {
  const args = ['for-each-ref', '--format=%(refname:short)', 'refs/heads/muster'];
  return execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim();
}

const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);
/** Changes three places of one file, two of a file that it renames, adds one and deletes one. */
const work = [
  `sed -i -e '2s/.*/first/' -e '15s/.*/second/' -e '28s/.*/third/' a.txt`,
  `git mv b.txt c.txt`,
  `sed -i -e '3s/.*/upper/' -e '20s/.*/lower/' c.txt`,
  `echo new > new.txt`,
  `git rm -q gone.txt`,
].join('; ');
const file = `name: shop
providers:
  author: {command: sh, args: ["-c", ${JSON.stringify(`cat > /dev/null; ${work}`)}]}
agents:
  dev: {provider: author}
`;

test('a person takes part of what an agent did: what is staged is committed, and that is what lands', async () => {
  const home = testHome(programs);
  const text = `${lines.join('\n')}\n`;
  const repository = testRepository({ 'agent-compose.yml': file, 'a.txt': text, 'b.txt': text, 'gone.txt': 'here\n' });
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: repository, encoding: 'utf8' });
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  const json = (...args: readonly string[]) => home.musterJson([...args], { cwd: repository });
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });
  const { thread_id: id } = (await json('dispatch', 'dev', 'Change', '--wait')) as Dispatched;
  const branch = branchOf(repository);

  expect((await run('review', 'files', id, '--pieces')).stdout).toMatch(/^ +a\.txt:15 +\+1 −1 +-line 15$/m);
  expect(await run('review', 'commit', id)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Nothing of the thread’s changes is staged'),
  });
  expect(await run('review', 'stage', id, 'a.txt:16')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('begin at: 2, 15, 28'),
  });
  expect((await run('review', 'stage', id, 'a.txt:2', 'a.txt:15', 'c.txt:20', 'new.txt')).stdout).toBe(
    '4 of 7 changes staged\n',
  );
  expect((await run('review', 'unstage', id, 'a.txt:2')).stdout).toBe('3 of 7 changes staged\n');

  // Neither all of it nor what is staged can be meant by an approval.
  for (const command of ['approve', 'merge']) {
    expect(await run(command, id)).toMatchObject({ stderr: expect.stringContaining('3 changes are staged in thread') });
  }
  expect(await run('daemon', 'stop')).toMatchObject({ status: 0 });
  expect(await json('review', 'files', id)).toMatchObject({
    files: [
      { path: 'a.txt', pieces: [{ line: 2, staged: false }, { staged: true, reviewed: true }, { staged: false }] },
      { path: 'c.txt', old_path: 'b.txt', pieces: [{ staged: false }, { line: 20, staged: true }] },
      { path: 'gone.txt', pieces: [{ staged: false }] },
      { path: 'new.txt', pieces: [{ staged: true }] },
    ],
  });

  const before = git('rev-parse', branch).trim();
  expect(await json('review', 'commit', id, '-m', 'What was wanted')).toMatchObject({ kept: 3, left_out: 4 });
  expect(git('log', '-1', '--format=%s', branch)).toBe('What was wanted\n');
  expect(git('rev-parse', `${branch}^`).trim()).toBe(before);
  expect(await json('review', 'files', id)).toMatchObject({
    files: [
      { path: 'a.txt', pieces: [{ line: 15, staged: false }] },
      { path: 'c.txt', old_path: 'b.txt', pieces: [{ line: 20, staged: false }] },
      { path: 'new.txt', pieces: [{ staged: false }] },
    ],
  });
  expect(await run('merge', id, '--strategy', 'squash')).toMatchObject({ status: 0 });
  const landed = (path: string): string => git('show', `HEAD:${path}`);
  expect(landed('a.txt')).toBe(`${lines.with(14, 'second').join('\n')}\n`);
  expect(landed('c.txt')).toBe(`${lines.with(19, 'lower').join('\n')}\n`);
  expect([landed('new.txt'), landed('gone.txt')]).toEqual(['new\n', 'here\n']);
  expect(await run('review', 'stage', id, 'a.txt:15')).not.toMatchObject({ status: 0 });
});

test('one place of a renamed file is taken back without the rest of it', async () => {
  const home = testHome(programs);
  const text = `${lines.join('\n')}\n`;
  const repository = testRepository({ 'agent-compose.yml': file, 'a.txt': text, 'b.txt': text, 'gone.txt': 'here\n' });
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });
  const dispatched = await home.musterJson(['dispatch', 'dev', 'Change', '--wait'], { cwd: repository });
  const { thread_id: id } = dispatched as Dispatched;
  const branch = branchOf(repository);
  expect(await run('review', 'files', id, '--revert', 'c.txt:3')).toMatchObject({ status: 0 });
  const show = execFileSync('git', ['show', `${branch}:c.txt`], { cwd: repository, encoding: 'utf8' });
  expect(show).toBe(`${lines.with(19, 'lower').join('\n')}\n`);
});
