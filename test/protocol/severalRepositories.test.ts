import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** The agent changes a file in each of its repositories, and says what it was told of them. */
const work =
  'cat > told.txt; echo "$MUSTER_REPOS" >> told.txt; echo server > server.txt; echo client > "$MUSTER_REPO_WEB/client.txt"';

type Setting = ReturnType<typeof setting>;

function setting({ command = work, more = '', verify = 'true' } = {}) {
  const home = testHome(programs);
  const other = testRepository({ 'package.json': '{}\n' });
  const shop = testRepository({ 'README.md': 'Shop\n' });
  const path = relative(shop, other);
  writeFileSync(
    join(shop, 'agent-compose.yml'),
    `name: shop
providers:
  shell: {command: sh, args: ["-c", ${JSON.stringify(command)}], input: stdin, output: {format: text}}
agents:
  dev:
    provider: shell
    workspace:
      repos:
        - path: ${path}
          as: web
          verify: ${JSON.stringify(verify)}
${more}`,
  );
  const gitIn =
    (cwd: string) =>
    (...args: readonly string[]): string =>
      execFileSync('git', args, { cwd, env: { ...process.env, ...home.env }, encoding: 'utf8' }).trim();
  gitIn(shop)('add', '--all');
  gitIn(shop)('commit', '--quiet', '--message', 'Compose');
  const at = { cwd: shop };
  return {
    home,
    shop,
    other,
    path,
    inShop: gitIn(shop),
    inWeb: gitIn(other),
    muster: (...args: readonly string[]) => home.muster(args, at),
    json: async <T>(...args: readonly string[]): Promise<T> => (await home.musterJson(args, at)) as T,
  };
}

interface Row {
  readonly thread_id: string;
  readonly path: string;
  readonly branch: string;
}

const idOf = (stdout: string): string => stdout.split(' ')[0] ?? '';

test('a thread works in a worktree of each of its repositories, and shows what it changed in all of them', async () => {
  const { muster, json, inShop, inWeb } = setting();
  expect((await muster('up', '--yes')).stdout + (await muster('up', '--yes')).stderr).not.toContain('error');
  const dispatched = await muster('dispatch', 'dev', 'Both sides', '--wait');
  expect(dispatched).toMatchObject({ status: 0 });
  const id = idOf(dispatched.stdout);

  const { worktrees } = await json<{ worktrees: Row[] }>('worktrees');
  const [own, web] = worktrees.toSorted((a, b) => Number(a.path.endsWith('/web')) - Number(b.path.endsWith('/web')));
  expect(dirname(web?.path ?? '')).toBe(dirname(own?.path ?? ''));
  expect(basename(web?.path ?? '')).toBe('web');
  expect(web?.branch).toBe(own?.branch);
  const told = readFileSync(join(own?.path ?? '', 'told.txt'), 'utf8');
  expect(told).toContain(`- web: ${web?.path}`);
  expect(told).toMatch(/Both sides\nweb\n$|Both sides.*web\n$/s);

  // Both are committed, each on its branch, and the checkouts are as they were.
  expect(inShop('show', '--name-only', '--format=', own?.branch ?? '').split('\n')).toEqual(['server.txt', 'told.txt']);
  expect(inWeb('show', '--name-only', '--format=', web?.branch ?? '')).toBe('client.txt');
  expect(inWeb('status', '--porcelain')).toBe('');

  expect((await muster('diff', id, '--stat')).stdout).toMatch(/A +server\.txt[^]*A +web:client\.txt/);
  const whole = (await muster('diff', id)).stdout;
  expect(whole).toContain('+server');
  expect(whole).toContain('# Repository web');
  expect(whole).toContain('+client');
  expect((await muster('diff', `${id}/web`)).stdout).not.toContain('+server');
  expect((await muster('review', 'files', id)).stdout).toContain('web:client.txt');
  const { threads } = await json<{ threads: { thread_id: string; files_changed: number }[] }>('ps', '--all');
  expect(threads).toMatchObject([{ files_changed: 3 }]);
});

test('comments on files of every repository go to the agent together', async () => {
  const { muster, json } = setting();
  await muster('up', '--yes');
  const id = idOf((await muster('dispatch', 'dev', 'Both sides', '--wait')).stdout);
  expect(await muster('review', 'comment', id, '--at', 'server.txt:1', 'Louder')).toMatchObject({ status: 0 });
  expect(await muster('review', 'comment', `${id}/web`, '--at', 'client.txt:1', 'Quieter')).toMatchObject({
    status: 0,
  });
  expect((await muster('review', id)).stdout).toContain('web:client.txt:1');
  expect(await muster('review', 'request-changes', id)).toMatchObject({ status: 0 });
  expect(await muster('wait', id)).toMatchObject({ status: 0 });
  const { worktrees } = await json<{ worktrees: Row[] }>('worktrees');
  const own = worktrees.find(({ path }) => !path.endsWith('/web'))?.path ?? '';
  const told = readFileSync(join(own, 'told.txt'), 'utf8');
  expect(told).toContain('server.txt, line 1');
  expect(told).toContain('web:client.txt, line 1');
});

test('what a run did to the other repository itself is told of the thread, and put back there', async () => {
  const own = '$(git -C "$MUSTER_REPO_WEB" rev-parse --path-format=absolute --git-common-dir)/..';
  const harm = [
    `cat > /dev/null; cd "${own}"; git checkout --quiet --force other; git tag --delete v1`,
    'git config core.pager evil; printf "#!/bin/sh\\n" > .git/hooks/pre-push; chmod +x .git/hooks/pre-push',
  ];
  const { muster, other, inWeb, inShop } = setting({ command: harm.join('; ') });
  inWeb('branch', 'other');
  inWeb('tag', 'v1');
  const before = inWeb('symbolic-ref', 'HEAD');
  writeFileSync(join(other, 'package.json'), '{"mine": true}\n');
  await muster('up', '--yes');
  const dispatched = await muster('dispatch', 'dev', 'Harm', '--wait');
  const id = idOf(dispatched.stdout);
  expect(dispatched.stderr).toMatch(/web: During a run, in your repository: .*your edits of package\.json are gone/);
  expect(dispatched.stderr).toContain(`\`muster worktrees put-back ${id}`);
  expect(inWeb('config', 'core.pager')).toBe('evil');

  const back = await muster('worktrees', 'put-back', id);
  expect(back.stdout).toContain('undone: web: tag v1 was deleted');
  expect(back.status).toBe(0);
  expect([inWeb('symbolic-ref', 'HEAD'), inWeb('tag', '--list')]).toEqual([before, 'v1']);
  expect(readFileSync(join(other, 'package.json'), 'utf8')).toBe('{"mine": true}\n');
  expect(() => inWeb('config', 'core.pager')).toThrow();
  expect(existsSync(join(other, '.git/hooks/pre-push'))).toBe(false);
  expect(inShop('status', '--porcelain')).toBe('');
  expect((await muster('ps')).stdout).not.toContain('note:');
  expect((await muster('worktrees', 'put-back', id)).stdout).toContain('Nothing was changed');
});

test('pieces are staged in all repositories, and what is committed of them is what lands', async () => {
  const two = `${work}; echo more > more.txt; echo more > "$MUSTER_REPO_WEB/more.txt"`;
  const { muster, json, shop, other, inWeb } = setting({ command: two });
  await muster('up', '--yes');
  const id = idOf((await muster('dispatch', 'dev', 'Both sides', '--wait')).stdout);
  expect((await muster('review', 'stage', id, 'server.txt', 'web:client.txt')).stdout).toBe('2 of 5 changes staged\n');
  expect((await muster('review', 'stage', `${id}/web`, 'more.txt')).stdout).toBe('2 of 2 changes staged\n');
  expect((await muster('review', 'unstage', id, 'web:more.txt')).stdout).toBe('2 of 5 changes staged\n');
  expect((await muster('approve', id)).stderr).toContain('2 changes are staged in thread');
  expect(await muster('daemon', 'stop')).toMatchObject({ status: 0 });

  const tip = inWeb('for-each-ref', '--format=%(objectname)', 'refs/heads/muster');
  expect(await json('review', 'commit', id, '-m', 'Only this')).toMatchObject({ kept: 2, left_out: 3 });
  expect(inWeb('for-each-ref', '--format=%(contents:subject)', 'refs/heads/muster')).toBe('Only this');
  expect(inWeb('rev-parse', `${inWeb('for-each-ref', '--format=%(refname)', 'refs/heads/muster')}^`)).toBe(tip);
  const { files } = await json<{ files: { path: string }[] }>('review', 'files', id);
  expect(files.map(file => file.path)).toEqual(['server.txt', 'web:client.txt']);
  expect(await muster('review', 'commit', id)).toMatchObject({ status: 2 });
  expect(await muster('merge', id)).toMatchObject({ status: 0 });
  const landed = (at: string): readonly boolean[] =>
    ['server.txt', 'client.txt', 'more.txt', 'told.txt'].map(name => existsSync(join(at, name)));
  expect([landed(shop), landed(other)]).toEqual([
    [true, false, false, false],
    [false, true, false, false],
  ]);
});

test('attempts at a task are compared in each of their repositories', async () => {
  const say = 'word=$(grep -o -E "first|second"); echo "$word" > own.txt; echo "$word" > "$MUSTER_REPO_WEB/client.txt"';
  const { muster } = setting({ command: say });
  await muster('up', '--yes');
  const first = idOf((await muster('dispatch', 'dev', 'first', '--wait')).stdout);
  const second = idOf((await muster('dispatch', 'dev', 'second', '--wait')).stdout);
  const shown = (await muster('diff', second, '--with', first)).stdout;
  expect(shown).toMatch(/^-first\n\+second\n# Repository web\n[^]*^-first\n\+second$/m);
  expect((await muster('diff', second, '--with', first, '--stat')).stdout).toMatch(/M +own\.txt[^]*M +web:client\.txt/);
  expect((await muster('diff', `${second}/web`, '--with', `${first}/web`)).stdout).not.toContain('own.txt');
});

test('worktrees of all repositories are removed, and brought back with what was in them, together', async () => {
  const { muster, json, inWeb } = setting();
  await muster('up', '--yes');
  const id = idOf((await muster('dispatch', 'dev', 'Both sides', '--wait')).stdout);
  const { worktrees } = await json<{ worktrees: Row[] }>('worktrees');
  for (const { path } of worktrees) writeFileSync(join(path, 'draft.txt'), 'not yet\n');
  expect(await muster('abandon', id)).toMatchObject({ status: 0 });
  expect(worktrees.map(({ path }) => existsSync(path))).toEqual([false, false]);
  expect(inWeb('for-each-ref', '--format=%(refname)', 'refs/muster/rescue')).not.toBe('');
  expect(await muster('restore', id)).toMatchObject({ status: 0 });
  expect(worktrees.map(({ path }) => readFileSync(join(path, 'draft.txt'), 'utf8'))).toEqual([
    'not yet\n',
    'not yet\n',
  ]);
});

test('all repositories are verified together and merged together, and taken back together', async () => {
  const { muster, json, shop, other, inShop, inWeb } = setting({
    verify: 'grep -q server "$MUSTER_WORKTREE/server.txt" && grep -q client client.txt',
    more: 'merge:\n  verify: grep -q client "$MUSTER_REPO_WEB/client.txt"\n',
  });
  await muster('up', '--yes');
  const id = idOf((await muster('dispatch', 'dev', 'Both sides', '--wait')).stdout);
  const [before, beforeWeb] = [inShop('rev-parse', 'HEAD'), inWeb('rev-parse', 'HEAD')];
  expect(await muster('merge', id)).toMatchObject({ status: 0 });
  expect(readFileSync(join(shop, 'server.txt'), 'utf8')).toBe('server\n');
  expect(readFileSync(join(other, 'client.txt'), 'utf8')).toBe('client\n');
  const { threads } = await json<{ threads: { status: string; latest_merge: { message: string } }[] }>('ps', '--all');
  expect(threads).toMatchObject([{ status: 'merged' }]);

  expect(await muster('undo', id)).toMatchObject({ status: 0 });
  expect([inShop('rev-parse', 'HEAD'), inWeb('rev-parse', 'HEAD')]).toEqual([before, beforeWeb]);
  expect(inWeb('status', '--porcelain')).toBe('');
});

test.each([
  ['a conflict', ({ other }: Setting) => writeFileSync(join(other, 'client.txt'), 'mine\n'), 'web:client.txt'],
  [
    'a verify command that fails',
    ({ other }: Setting) => writeFileSync(join(other, 'red.txt'), 'red\n'),
    'web: `test ! -e red.txt`',
  ],
])('%s in one repository keeps all of them from being merged', async (_, spoil, words) => {
  const place = setting({ verify: 'test ! -e red.txt' });
  const { muster, inShop, inWeb } = place;
  await muster('up', '--yes');
  const id = idOf((await muster('dispatch', 'dev', 'Both sides', '--wait')).stdout);
  spoil(place);
  inWeb('add', '--all');
  inWeb('commit', '--quiet', '--message', 'Mine');
  const [before, beforeWeb] = [inShop('rev-parse', 'HEAD'), inWeb('rev-parse', 'HEAD')];
  const refused = await muster('merge', id);
  expect(refused.status).toBe(1);
  expect(refused.stdout + refused.stderr).toContain(words);
  expect([inShop('rev-parse', 'HEAD'), inWeb('rev-parse', 'HEAD')]).toEqual([before, beforeWeb]);
});

test('edits in the way in the second repository take the first one back', async () => {
  const { muster, other, shop, inShop, inWeb } = setting();
  await muster('up', '--yes');
  const id = idOf((await muster('dispatch', 'dev', 'Both sides', '--wait')).stdout);
  writeFileSync(join(other, 'client.txt'), 'not committed\n');
  const [before, beforeWeb] = [inShop('rev-parse', 'HEAD'), inWeb('rev-parse', 'HEAD')];
  const refused = await muster('merge', id);
  expect(refused.status).toBe(1);
  expect(refused.stdout + refused.stderr).toContain('web: ');
  expect([inShop('rev-parse', 'HEAD'), inWeb('rev-parse', 'HEAD')]).toEqual([before, beforeWeb]);
  expect(inShop('status', '--porcelain')).toBe('');
  expect(existsSync(join(shop, 'server.txt'))).toBe(false);

  rmSync(join(other, 'client.txt'));
  expect(await muster('merge', id)).toMatchObject({ status: 0 });
  expect(readFileSync(join(other, 'client.txt'), 'utf8')).toBe('client\n');
});

test('what was approved of one repository is merged only while that of the others was seen', async () => {
  const { muster, json } = setting();
  await muster('up', '--yes');
  const id = idOf((await muster('dispatch', 'dev', 'Both sides', '--wait')).stdout);
  const [head = ''] = (await muster('approve', id)).stdout.trim().split('\n');
  const { worktrees } = await json<{ worktrees: Row[] }>('worktrees');
  writeFileSync(join(worktrees.find(({ path }) => path.endsWith('/web'))?.path ?? '', 'late.txt'), 'late\n');
  const refused = await muster('merge', id, '--expect', head);
  expect(refused.status).not.toBe(0);
  expect(refused.stdout + refused.stderr).toContain('web was not reviewed');
  await muster('approve', id);
  expect(await muster('merge', '--all-ready')).toMatchObject({ status: 0 });
});

test('a file that lost a repository gives its threads no further run', async () => {
  const { muster, shop } = setting();
  await muster('up', '--yes');
  const id = idOf((await muster('dispatch', 'dev', 'Both sides', '--wait')).stdout);
  const file = join(shop, 'agent-compose.yml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/ {4}workspace:[^]*$/, ''));
  await muster('up', '--yes');
  const again = await muster('dispatch', 'dev', 'Go on', '--thread', id, '--wait');
  expect(again.status).not.toBe(0);
  expect(again.stdout + again.stderr).toContain('does not name it any more');
});

test('asks before an agent may work in another repository, and names it', async () => {
  const { muster, path } = setting();
  const asked = await muster('up');
  expect(asked.status).not.toBe(0);
  expect(asked.stdout + asked.stderr).toContain(`Agent dev works in the repository \`${path}\` too`);
});

test.each([
  ['nothing there', () => '../nowhere', 'it does not exist'],
  ['the same repository', () => './.', 'repos'],
])('up refuses %s', async (_, path, words) => {
  const { muster, shop, path: before } = setting();
  const file = join(shop, 'agent-compose.yml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(before, path()));
  const refused = await muster('up', '--yes');
  expect(refused.status).not.toBe(0);
  expect(refused.stdout + refused.stderr).toContain(words);
});

test('up refuses a bare repository, one inside of another, and what this version does with one repository only', async () => {
  const { muster, shop, path: before, inShop } = setting();
  const file = join(shop, 'agent-compose.yml');
  const text = readFileSync(file, 'utf8');
  const refusedWith = async (changed: string): Promise<string> => {
    writeFileSync(file, changed);
    const { status, stdout, stderr } = await muster('up', '--yes');
    expect(status).not.toBe(0);
    return stdout + stderr;
  };
  inShop('init', '--quiet', '--bare', 'bare');
  inShop('clone', '--quiet', '.', 'inner');
  expect(await refusedWith(text.replace(before, 'bare'))).toContain('it is a bare repository');
  expect(await refusedWith(text.replace(before, 'inner'))).toContain('lies in the other');
  expect(await refusedWith(`${text}    image: x\n    driver: {docker: {}}\n`)).toContain('not in docker yet');
  expect(await refusedWith(`${text}merge: {auto: true}\n`)).toContain('merge.auto');
});
