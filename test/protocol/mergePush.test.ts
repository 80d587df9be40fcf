import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

function gitIn(cwd: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** A repository whose file says that what lands is pushed, and where to. */
async function setting() {
  const home = testHome(programs);
  const remote = join(tempDirectory('muster-push'), 'remote.git');
  gitIn('/', 'init', '-q', '--bare', '-b', 'main', remote);
  const file = (push: string): string =>
    [
      'name: shop',
      `merge: {push: ${JSON.stringify(push)}}`,
      'providers: {sh: {command: sh, args: [-c, "cat > work.txt"]}}',
      'agents: {dev: {provider: sh}}',
      '',
    ].join('\n');
  const repository = testRepository({ 'agent-compose.yml': file(remote) });
  gitIn(repository, 'push', '-q', remote, 'HEAD:refs/heads/main');
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  const json = (...args: readonly string[]) => home.musterJson([...args], { cwd: repository });
  const up = await run('up', '--yes');
  expect(up).toMatchObject({ status: 0 });
  const land = async (words: string): Promise<string> => {
    const { thread_id: id } = (await json('dispatch', 'dev', words, '--wait')) as { thread_id: string };
    expect(await run('merge', id)).toMatchObject({ status: 0 });
    return id;
  };
  const ended = async (id: string, state: 'pushed' | 'failed'): Promise<string> => {
    type Status = { readonly latest_merge: { readonly push: string; readonly message: string } };
    return await vi.waitFor(
      async () => {
        const { latest_merge: merge } = (await json('wait', id)) as Status;
        expect(merge.push).toBe(state);
        return merge.message;
      },
      { timeout: 60_000, interval: 100 },
    );
  };
  return { home, remote, repository, run, land, ended, file, up };
}

test('what has landed is pushed; what cannot be pushed stays landed and is pushed when somebody says so', async () => {
  const { remote, repository, run, land, ended } = await setting();
  const first = await land('One');
  expect(await ended(first, 'pushed')).toContain(`Pushed to ${remote}.`);
  expect(gitIn(remote, 'rev-parse', 'main')).toBe(gitIn(repository, 'rev-parse', 'HEAD'));

  // Somebody else has pushed meanwhile: nothing is forced.
  const clone = join(tempDirectory('muster-push'), 'clone');
  gitIn('/', 'clone', '-q', remote, clone);
  writeFileSync(join(clone, 'theirs.txt'), 'theirs\n');
  gitIn(clone, 'add', '-A');
  gitIn(clone, '-c', 'user.name=b', '-c', 'user.email=b@b', 'commit', '-qm', 'Theirs');
  gitIn(clone, 'push', '-q');
  const theirs = gitIn(remote, 'rev-parse', 'main');
  const second = await land('Two');
  expect(await ended(second, 'failed')).toMatch(/^Not pushed to .*rejected/s);
  expect(gitIn(remote, 'rev-parse', 'main')).toBe(theirs);
  expect(gitIn(repository, 'log', '-1', '--format=%s')).toContain('Two');
  expect(await run('push', second)).toMatchObject({ status: 1, stdout: expect.stringContaining('Not pushed') });

  gitIn(remote, 'update-ref', 'refs/heads/main', gitIn(repository, 'rev-parse', 'HEAD^'));
  expect(await run('push', second)).toMatchObject({ status: 0, stdout: expect.stringContaining('Pushed to') });
  expect(gitIn(remote, 'rev-parse', 'main')).toBe(gitIn(repository, 'rev-parse', 'HEAD'));
  // What is there already, below something newer, is pushed.
  expect(await run('push', first)).toMatchObject({ status: 0, stdout: expect.stringContaining('Pushed to') });
  expect(gitIn(remote, 'rev-parse', 'main')).toBe(gitIn(repository, 'rev-parse', 'HEAD'));
});

test('nothing that an agent can write in .git runs with a push, or sends it elsewhere', async () => {
  const { remote, repository, land, ended } = await setting();
  const proof = join(repository, '..', 'ran');
  const hook = join(repository, '.git', 'hooks', 'pre-push');
  writeFileSync(hook, `#!/bin/sh\ntouch "${proof}"\nexit 1\n`, { mode: 0o755 });
  const elsewhere = join(tempDirectory('muster-push'), 'elsewhere.git');
  gitIn('/', 'init', '-q', '--bare', elsewhere);
  gitIn(repository, 'config', `url.${elsewhere}.insteadOf`, remote);
  gitIn(repository, 'config', `url.${elsewhere}.pushInsteadOf`, remote);
  gitIn(repository, 'config', 'core.hooksPath', join(repository, '.git', 'hooks'));
  await ended(await land('One'), 'pushed');
  expect(gitIn(remote, 'rev-parse', 'main')).toBe(gitIn(repository, 'rev-parse', 'HEAD'));
  expect(gitIn(elsewhere, 'for-each-ref')).toBe('');
  expect(existsSync(proof)).toBe(false);
});

test('pushing needs the consent of a person, and another address a new one', async () => {
  const { repository, run, file } = await setting();
  writeFileSync(join(repository, 'agent-compose.yml'), file('git@example.com:acme/shop.git'));
  const refused = await run('up');
  expect(refused.status).not.toBe(0);
  expect(`${refused.stdout}${refused.stderr}`).toContain('pushed to `git@example.com:acme/shop.git`');
  for (const wrong of [
    'origin',
    'ext::sh -c id',
    'https://me:secret@example.com/shop.git',
    '--upload-pack=id',
    'ssh://-x/a',
  ]) {
    writeFileSync(join(repository, 'agent-compose.yml'), file(wrong));
    expect([wrong, (await run('config', '--quiet')).status]).toEqual([wrong, 2]);
  }
});
