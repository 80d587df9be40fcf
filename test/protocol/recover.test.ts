import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const agent = `
name: shop
providers:
  writer: {command: sh, args: [-c, 'cat > task.txt; echo all done'], output: {format: text}}
agents:
  dev: {provider: writer}
`;

async function damageDatabase(home: TestHome): Promise<void> {
  await home.muster(['daemon', 'stop']);
  for (const suffix of ['-wal', '-shm']) rmSync(join(home.stateDir, `muster.db${suffix}`), { force: true });
  writeFileSync(join(home.stateDir, 'muster.db'), 'nonsense '.repeat(2_000));
}

test('a damaged database is spoken of until its threads are back', { timeout: 180_000 }, async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': agent });
  const at = { cwd: repository };
  expect(await home.muster(['up', '--yes'], at)).toMatchObject({ status: 0 });
  const sent = (await home.musterJson(['dispatch', 'dev', 'Fix the basket', '--wait'], at)) as { thread_id: string };
  await damageDatabase(home);

  const reminder = expect.stringMatching(/muster\.db\.corrupt-.*muster recover/);
  expect(await home.muster(['ps'], at)).toMatchObject({ stderr: reminder });
  // Nobody knows yet which repository it belongs to.
  expect(await home.muster(['recover'])).toMatchObject({ status: 1, stdout: expect.stringContaining('muster up') });
  expect(await home.muster(['up', '--yes'], at)).toMatchObject({ status: 0, stderr: reminder });

  expect(await home.musterJson(['recover'], at)).toMatchObject({ recovered: [sent.thread_id], left: [] });
  expect(readdirSync(home.stateDir).filter(name => name.includes('corrupt'))).toEqual([]);
  expect(await home.muster(['wait', sent.thread_id, '--timeout', '60'], at)).toMatchObject({ status: 0, stderr: '' });
  const { threads } = (await home.musterJson(['ps'], at)) as { threads: readonly Record<string, unknown>[] };
  expect(threads).toMatchObject([
    { thread_id: sent.thread_id, status: 'ready', summary: 'Fix the basket', files_changed: 1, base_ref: 'main' },
  ]);
  expect((await home.muster(['logs', sent.thread_id])).stdout).toMatch(/Fix the basket[^]*all done/);
  expect(await home.muster(['merge', sent.thread_id], at)).toMatchObject({ status: 0 });
  expect(execFileSync('git', ['show', 'main:task.txt'], { cwd: repository, encoding: 'utf8' })).toBe('Fix the basket');
  // Once is enough.
  expect(await home.musterJson(['recover'], at)).toMatchObject({ recovered: [], kept: [] });
});

test('threads whose worktrees were removed come back from what was kept of them', { timeout: 180_000 }, async () => {
  const home = testHome(programs);
  const command = 'cat > task.txt; echo key > .env.local; git add task.txt; echo staged and changed >> task.txt';
  const repository = testRepository({
    'agent-compose.yml': agent.replace(/cat > task.txt; echo all done/, command),
    '.gitignore': '.env.local\n',
  });
  const at = { cwd: repository };
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: repository, encoding: 'utf8', env: { ...process.env, ...home.env } }).trim();
  expect(await home.muster(['up', '--yes'], at)).toMatchObject({ status: 0 });
  const sent = async (task: string) =>
    (await home.musterJson(['dispatch', 'dev', task, '--wait'], at)) as { thread_id: string; branch: string };
  const { thread_id: kept } = await sent('Fix the basket');
  const { thread_id: restoredOnce } = await sent('Sort the shelf');
  for (const thread of [kept, restoredOnce])
    expect(await home.muster(['abandon', thread], at)).toMatchObject({ status: 0 });
  // A second rescue of one thread.
  expect(await home.muster(['restore', restoredOnce], at)).toMatchObject({ status: 0 });
  expect(await home.muster(['abandon', restoredOnce], at)).toMatchObject({ status: 0 });
  const refs = (): readonly string[] => git('for-each-ref', '--format=%(refname)', 'refs/muster/rescue/').split('\n');
  const own = refs().find(ref => ref.includes('fix-the-basket')) ?? '';
  // What an agent could have written: another name for the rescue's commit, and one that speaks of a branch of the person.
  git('update-ref', own.replace('fix-the-basket', 'look-at-this'), git('rev-parse', 'main'));
  const head = git('rev-parse', 'main');
  const path = join(home.stateDir, 'worktrees', '0123456789ab', 'x');
  const said = JSON.stringify({ head, branch: 'main', path, createdAt: 5 });
  const forged = git('commit-tree', '-p', head, '-m', 'Rescue of main', '-m', said, `${head}^{tree}`);
  git('update-ref', 'refs/muster/rescue/a-gift-0123456789ac', forged);
  // One that would hide a true rescue, and have its archive.
  const hiding = JSON.stringify({
    head,
    branch: 'main',
    path: join(home.stateDir, 'worktrees', kept, 'x'),
    createdAt: 9e15,
  });
  const hider = git('commit-tree', '-p', head, '-m', 'Rescue of main', '-m', hiding, `${head}^{tree}`);
  git('update-ref', own.replace('fix-the-basket', 'hide-it'), hider);
  await damageDatabase(home);
  expect(await home.muster(['up', '--yes'], at)).toMatchObject({ status: 0 });

  const { recovered } = (await home.musterJson(['recover'], at)) as { recovered: readonly string[] };
  expect(recovered).toHaveLength(4);
  expect(recovered).toEqual(expect.arrayContaining([kept, restoredOnce, '0123456789ab']));
  const { threads } = (await home.musterJson(['ps', '--all'], at)) as { threads: readonly { thread_id: string }[] };
  expect(threads.find(({ thread_id: id }) => id === kept)).toMatchObject({
    status: 'abandoned',
    summary: 'Fix the basket',
    base_ref: 'main',
  });
  const restored = (await home.musterJson(['restore', kept], at)) as { worktree: string };
  expect(readFileSync(join(restored.worktree, 'task.txt'), 'utf8')).toBe('Fix the basketstaged and changed\n');
  expect(readFileSync(join(restored.worktree, '.env.local'), 'utf8')).toBe('key\n');
  expect(await home.muster(['merge', kept], at)).toMatchObject({ status: 0 });
  expect((await home.muster(['logs', kept])).stdout).toContain('Fix the basket');

  // What was hinted at is brought back on a branch of its own, never on the one that it names.
  const gift = (await home.musterJson(['restore', '0123456789ab'], at)) as { branch: string };
  expect(gift.branch).toBe('muster/a-gift-012345');
  expect(await home.muster(['abandon', '0123456789ab'], at)).toMatchObject({ status: 0 });
  expect(git('rev-parse', '--verify', 'main')).not.toBe('');
  expect(await home.musterJson(['recover'], at)).toMatchObject({ recovered: [], left: [] });
});
