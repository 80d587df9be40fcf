import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "echo done > done.txt; echo 'Done @octocat'"], output: {format: text}}
agents:
  dev: {provider: shell}
`;

/** A repository whose remote is a bare one on this disk. */
async function setting() {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const remote = join(tempDirectory(), 'shop.git');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: repository, env: { ...process.env, ...home.env }, encoding: 'utf8' }).trim();
  execFileSync('git', ['init', '--quiet', '--bare', remote]);
  git('remote', 'add', 'origin', remote);
  const tools = join(tempDirectory(), 'tools');
  mkdirSync(tools);
  const env = { PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` };
  const muster = (...args: readonly string[]) => home.muster(args, { cwd: repository, env });
  await muster('up', '--yes');
  const [id = ''] = (await muster('dispatch', 'dev', 'Fix the login', '--wait')).stdout.split(' ');
  const refs = (): string =>
    execFileSync('git', ['-C', remote, 'for-each-ref', '--format=%(refname) %(objectname)'], { encoding: 'utf8' });
  return { home, muster, git, id, remote, refs, tools };
}

test('a thread is pushed only when that is asked for, to where it was shown, and never by force', async () => {
  const { muster, git, id, remote, refs } = await setting();
  const shown = JSON.parse((await muster('pr', id, '--dry-run', '--json')).stdout) as Record<string, string>;
  expect(shown).toMatchObject({ remote: 'origin', url: remote, title: 'Fix the login', pushed: false });
  expect(shown['body']).toMatch(/^Fix the login\n\ndev said:\n\n```text\nDone @octocat\n```\n$/);
  expect(refs()).toBe('');

  const pushed = await muster('pr', id);
  expect(pushed).toMatchObject({ status: 0, stdout: '', stderr: expect.stringContaining('not at GitHub') as string });
  expect(refs()).toBe(`refs/heads/${shown['branch']} ${shown['head']}\n`);

  // Somebody else has pushed to that branch meanwhile.
  const other = git('commit-tree', '-m', 'Other', 'HEAD^{tree}');
  git('push', '--quiet', '--force', 'origin', `${other}:refs/heads/${shown['branch']}`);
  const refused = await muster('pr', id);
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toContain('was not pushed');
  expect(refs()).toContain(other);

  git('config', `url.${join(tempDirectory(), 'elsewhere')}.pushInsteadOf`, remote);
  git('config', 'remote.origin.pushurl', remote);
  expect((await muster('pr', id)).stderr).toContain('insteadOf');
  git('config', 'remote.origin.pushurl', 'ext::sh -c touch% owned');
  expect((await muster('pr', id)).stderr).toContain('is no address that is pushed to');
  git('remote', 'remove', 'origin');
  const alone = (await muster('pr', id)).stderr;
  expect(alone).toMatch(/^.*has no remote to push to.*`git remote add origin <address>`/);
  expect(alone).not.toContain(id);
  expect((await muster('pr', id, '--remote', 'fork')).stderr).toContain('has no remote called "fork"');
});

test('the pull request is opened by gh where that is logged in; without it the page to open it on is named', async () => {
  const { home, muster, git, id, remote, refs, tools } = await setting();
  // Git takes this remote for GitHub; what is pushed arrives in the bare repository all the same.
  git('config', 'remote.origin.pushurl', 'git@github.com:ada/shop.git');
  git('config', 'core.sshCommand', `sh -c 'exec git-receive-pack ${remote}' --`);
  const compare = await muster('pr', id, '--json');
  expect(JSON.parse(compare.stdout)).toMatchObject({
    pushed: true,
    compare: expect.stringMatching(
      /^https:\/\/github\.com\/ada\/shop\/compare\/\w+\.\.\.muster%2Ffix-the-login/,
    ) as string,
    problem: expect.stringContaining('gh') as string,
  });
  expect(refs()).toContain('refs/heads/muster/fix-the-login');

  const said = join(tools, 'said');
  const gh = `#!/bin/sh\nif [ "$1" = auth ]; then exit 0; fi\nprintf '%s\\n' "$PWD" "$@" >'${said}'\ncat >>'${said}'\necho 'Creating pull request'\necho https://github.com/ada/shop/pull/7\n`;
  writeFileSync(join(tools, 'gh'), gh, { mode: 0o755 });
  expect(await muster('pr', id, '--title', 'Mine')).toMatchObject({
    status: 0,
    stdout: 'https://github.com/ada/shop/pull/7\n',
  });
  const [folder, ...words] = readFileSync(said, 'utf8').split('\n');
  // Outside the repository, where nothing of an agent's steers it.
  expect(folder).toBe(home.env['HOME']);
  expect(words.slice(0, 7)).toEqual([
    'pr',
    'create',
    '--repo',
    'github.com/ada/shop',
    expect.stringMatching(/^--head=muster\/fix-the-login/),
    expect.stringMatching(/^--base=/),
    '--title=Mine',
  ]);
  expect(words.slice(7).join('\n')).toContain('--body-file=-\nFix the login\n\ndev said:');
});
