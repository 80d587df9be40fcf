import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.js';
import { tempDirectory } from '../support/tempDirectory.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const compose = [
  'name: bad',
  'providers: {sh: {command: sh, args: [-c, "cat > task.txt"], output: {format: text}, permissions: auto}}',
  'agents: {dev: {provider: sh}, nobase: {provider: sh, workspace: {base: nosuch}}, missing: {provider: claude}}',
  '',
].join('\n');

function emptyFolder(name: string, setUp: readonly (readonly string[])[]): string {
  const folder = join(tempDirectory(), name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'agent-compose.yml'), compose);
  for (const args of setUp) execFileSync('git', args, { cwd: folder });
  return folder;
}

/** What `dispatch` says, or what the thread says when the problem shows only at work. */
async function outcomeOf(home: TestHome, cwd: string, args: readonly string[]): Promise<string> {
  const applied = await home.muster(['up', '--yes'], { cwd });
  expect(applied, applied.stderr).toMatchObject({ status: 0 });
  const sent = await home.muster(['dispatch', ...args, '--wait'], { cwd });
  expect(sent.status).not.toBe(0);
  expect(sent.stderr).not.toMatch(/\n\s+at |undefined|\[object/);
  const listed = await home.muster(['ps', '--json'], { cwd });
  return `${sent.stderr}\n${listed.stdout}`;
}

describe('what a person may get wrong is said, with what to do', () => {
  it.each<[string, () => string, readonly string[], RegExp]>([
    ['a folder outside of git', () => emptyFolder('plain', []), ['dev', 'hi'], /not inside a git repository.*git init/],
    [
      'a repository without a commit',
      () => emptyFolder('empty', [['init', '-q']]),
      ['dev', 'hi'],
      /no commit yet.*Commit something/,
    ],
    [
      'an unknown agent',
      () => testRepository({ 'agent-compose.yml': compose }),
      ['nobody', 'hi'],
      /no agent "nobody".*Known agents: dev/,
    ],
    ['an empty task', () => testRepository({ 'agent-compose.yml': compose }), ['dev', '  '], /task is empty/],
    [
      'a base that is not there',
      () => testRepository({ 'agent-compose.yml': compose }),
      ['nobase', 'hi'],
      /no branch, tag or commit.*nosuch/,
    ],
    [
      'a CLI that is not installed',
      () => testRepository({ 'agent-compose.yml': compose }),
      ['missing', 'hi'],
      /claude.*was not found\. .*[Ii]nstall.* Searched: the PATH /s,
    ],
  ])('%s', async (_name, folder, args, said) => {
    const home = testHome(programs);
    // Nothing but the system: an agent CLI of the machine that runs the tests must not be found.
    const env = { PATH: '/usr/bin:/bin', SHELL: '/bin/sh' };
    const isolated: TestHome = {
      ...home,
      muster: (line, call = {}) => home.muster(line, { ...call, env: { ...env, ...call.env } }),
    };
    expect(await outcomeOf(isolated, folder(), args)).toMatch(said);
  });

  it('a detached HEAD is started from, and only the merge asks for a branch', async () => {
    const home = testHome(programs);
    const cwd = testRepository({ 'agent-compose.yml': compose });
    execFileSync('git', ['checkout', '-q', '--detach'], { cwd });
    expect(await home.muster(['up', '--yes'], { cwd })).toMatchObject({ status: 0 });
    const sent = await home.muster(['dispatch', 'dev', 'hi', '--wait', '--json'], { cwd });
    expect(sent, sent.stderr).toMatchObject({ status: 0 });
    const id = /"thread_id": "([0-9a-z]{12})"/.exec(sent.stdout)?.[1] ?? '';
    const merge = await home.muster(['merge', id], { cwd });
    expect(merge.status).not.toBe(0);
    expect(merge.stderr).toMatch(/branch/);
  });

  it('a compose file that cannot be read or is no compose file names file, place and problem', async () => {
    const home = testHome(programs);
    const cwd = tempDirectory();
    writeFileSync(join(cwd, 'bad.yml'), 'agents:\n  dev: {provider: claude, modle: x}\n');
    const bad = await home.muster(['-f', join(cwd, 'bad.yml'), 'up'], { cwd });
    expect(bad.status).toBe(2);
    expect(bad.stderr).toMatch(/bad\.yml:2:27: .*agents\.dev\.modle.*unknown field \(did you mean "model"\?\)/);
    const gone = await home.muster(['-f', join(cwd, 'gone.yml'), 'up'], { cwd });
    expect(gone.status).toBe(2);
    expect(gone.stderr).toMatch(/gone\.yml.*cannot be read/);
  });

  it('a task of one megabyte, or one that begins with a dash, arrives as it is', async () => {
    const home = testHome(programs);
    const repository = testRepository({ 'agent-compose.yml': compose });
    await home.muster(['up', '--yes'], { cwd: repository });
    for (const task of ['--not-an-option', `${'long '.repeat(200_000)}end`]) {
      const sent = await home.musterJson(['dispatch', 'dev', '--prompt-file', '-', '--summary', 'Long', '--wait'], {
        cwd: repository,
        input: task,
      });
      const { thread_id } = sent as { thread_id: string };
      const diff = await home.muster(['diff', thread_id], { cwd: repository });
      expect(diff.stdout.includes(task)).toBe(true);
    }
  });

  it('a state directory that cannot be made is said at once', async () => {
    const home = testHome(programs);
    for (const stateDir of ['/proc/muster', '/dev/null/muster']) {
      const result = await home.muster(['ps'], { env: { MUSTER_HOME: stateDir } });
      expect(result.status).not.toBe(0);
      expect(result.stderr).toContain(stateDir);
    }
  });
});
