import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { containerHost, git } from '../support/containerHost.ts';
import { dockerUnderTest } from '../support/docker.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

const docker = dockerUnderTest();

/** Everything of a repository by which git runs a program, set to one that leaves a mark on this machine. */
function plants(mark: string): string {
  const run = `touch ${mark}`;
  return `
for key in core.fsmonitor core.sshCommand core.pager core.editor diff.external gpg.program credential.helper \\
  uploadpack.packObjectsHook filter.evil.clean filter.evil.smudge filter.evil.process merge.evil.driver diff.evil.textconv; do
  git config "$key" "${run}"
done
git config filter.evil.required true
git config commit.gpgsign true
for name in status add commit diff log fetch rev-parse merge-base; do git config "alias.$name" "!${run}"; done
git config core.hooksPath /workspace/hooks
mkdir -p /workspace/hooks /muster/git/hooks
for hook in pre-commit post-commit post-index-change reference-transaction post-checkout post-merge pre-auto-gc fsmonitor-watchman; do
  printf '#!/bin/sh\\n${run}\\n' >/workspace/hooks/$hook
  chmod +x /workspace/hooks/$hook
  cp /workspace/hooks/$hook /muster/git/hooks/$hook
done
printf '* filter=evil diff=evil merge=evil\\n' >/workspace/.gitattributes
printf '[include]\\n\\tpath = /workspace/evil.config\\n' >>/muster/git/config
git config --file /workspace/evil.config core.fsmonitor "${run}"
git init -q /workspace/nested && git -C /workspace/nested config core.fsmonitor "${run}"
echo inner >/workspace/nested/file
`;
}

describe.runIf(docker.kind === 'there')('the git directory of a guest', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

  test('holds nothing that runs on this machine, whatever is planted in it', async () => {
    const mark = join(tempDirectory('muster-mark'), 'ran');
    const commit = 'git -c core.fsmonitor=false -c core.hooksPath=/dev/null -c commit.gpgsign=false';
    const script = `echo work >work.txt
${commit} add work.txt && ${commit} commit -qm "Planted"
echo more >more.txt
${plants(mark)}`;
    const { home, repository, run } = await containerHost({ host, image, script });
    const id = await run('Plant');
    expect((await home.muster(['diff', id], { cwd: repository })).stdout).toContain('+work');
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'log', '--format=%s', `main..${head}`).split('\n')).toContain('Planted');
    const merged = await home.musterJson(['merge', id, '--expect', head], { cwd: repository });
    expect(merged).toMatchObject({ status: 'merged' });
    expect(existsSync(join(repository, 'more.txt'))).toBe(true);
    expect(existsSync(mark)).toBe(false);
  });

  test('cannot make the host read objects of another repository', async () => {
    const secret = join(tempDirectory('muster-secret'), 'vault');
    mkdirSync(secret);
    git(secret, 'init', '-q', '-b', 'main');
    writeFileSync(join(secret, 'key.txt'), 'the key\n');
    git(secret, 'add', '.');
    git(secret, '-c', 'user.name=V', '-c', 'user.email=v@example.com', 'commit', '-qm', 'Vault');
    const commit = git(secret, 'rev-parse', 'HEAD');
    const fans = readdirSync(join(secret, '.git/objects')).filter(name => /^[0-9a-f]{2}$/.test(name));
    const script = `
echo ${secret}/.git/objects >>/muster/git/objects/info/alternates
echo ${commit} >/muster/git/HEAD
rm -rf /muster/git/objects/pack && ln -s ${secret}/.git/objects/pack /muster/git/objects/pack
for fan in ${fans.join(' ')}; do rm -rf /muster/git/objects/$fan; ln -s ${secret}/.git/objects/$fan /muster/git/objects/$fan; done
echo mine >mine.txt`;
    const { home, repository, run } = await containerHost({ host, image, script });
    const id = await run('Borrow');
    expect(() => git(repository, 'cat-file', '-e', commit)).toThrow();
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'show', '--stat', '--format=', head)).toContain('mine.txt');
    expect((await home.muster(['ps', '--json'], { cwd: repository })).stdout).toContain('were not taken over');
  });

  test('is the only one that a guest sees', async () => {
    const script =
      'cat .git; git rev-parse --absolute-git-dir; git remote -v; (echo x >.git) 2>&1; mv .git x 2>&1; cat /muster/git/config';
    const { home, repository, run } = await containerHost({ host, image, script });
    git(repository, 'remote', 'add', 'origin', 'https://token@example.com/shop.git');
    const id = await run('Look');
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    expect(said).toMatch(/^gitdir: \/muster\/git\n\/muster\/git\n/);
    expect(said).toMatch(/Read-only file system[\s\S]*Device or resource busy/);
    expect(said).not.toContain('example.com/shop');
    expect(said).toContain('name = "Person"');
  });
});
