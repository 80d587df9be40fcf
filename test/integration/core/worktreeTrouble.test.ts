import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import { settle } from '../../support/clock.ts';
import { specOf } from '../../support/projectSpecs.ts';
import { coreHost, coreWorld, finishRun } from '../../support/coreHost.ts';

const replaced = new AppError('worktree.replaced', 'The agent replaced .git.', { path: '/w', what: 'it is missing' });

describe('work that could not be committed at the end of a run', () => {
  test('needs a person, whatever the run came to, and keeps its reason over a restart', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    world.worktrees.failSnapshots = replaced;
    await finishRun(world, task);
    await host.settler.settled(task.thread.id);
    const expected = { status: 'needs_you', needs: replaced.message, thread: { trouble: { kind: 'replaced' } } };
    expect(await host.threads.get(task.thread.id)).toMatchObject(expected);
    await host.end();
    expect(await coreHost(world).threads.get(task.thread.id)).toMatchObject(expected);
  });

  test('names the files with conflicts, and refuses to approve or merge them', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    const data = { path: '/w', operation: 'a merge is in progress in it', files: ['a.txt', 'b.txt'] };
    world.worktrees.failSnapshots = new AppError('worktree.unfinished', 'A merge is in progress.', data);
    await finishRun(world, task);
    await host.settler.settled(task.thread.id);
    const view = await host.threads.get(task.thread.id);
    expect(view).toMatchObject({ status: 'needs_you', thread: { trouble: { files: ['a.txt', 'b.txt'] } } });
    const refused = { code: 'worktree.unfinished' };
    await expect(host.reviews.approve(task.thread.id)).rejects.toMatchObject(refused);
    await expect(host.merges.request({ thread: task.thread.id })).rejects.toMatchObject(refused);
  });

  test('is committed, and the thread ready, once the worktree is repaired', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    world.worktrees.failSnapshots = replaced;
    await finishRun(world, task);
    await host.settler.settled(task.thread.id);
    const { view } = await host.threads.repairWorktree(task.thread.id);
    expect(view).toMatchObject({ status: 'ready', needs: '' });
    expect(view.thread.trouble).toBeUndefined();
  });
});

describe('settings of an agent’s CLI that the agent changed', () => {
  const changedBy = async (agent: string, path: string) => {
    const world = coreWorld(specOf(`agents: { dev: ${agent} }`));
    const host = coreHost(world);
    const task = await host.dispatch();
    await settle();
    const { worktree = '' } = (await host.threads.get(task.thread.id)).thread;
    world.git.write(`${worktree}/${path}`, '{"permissions": {"allow": ["Bash(*)"]}}');
    // The same look as at the end of a run, without a CLI that would have to be there.
    await host.reviews.approve(task.thread.id);
    return (await host.threads.get(task.thread.id)).thread.trouble;
  };

  test.each([
    '.claude/settings.json',
    'tools/.mcp.json',
    'opencode.json',
    '.gemini/settings.json',
    '.codex/config.toml',
  ])('%s are looked at by a person before its next run has them', async path => {
    expect(await changedBy('{provider: claude}', path)).toMatchObject({ files: [path] });
  });

  test('say nothing where the agent may do everything anyway, and other files are none', async () => {
    expect(await changedBy('{provider: claude, permissions: auto}', '.claude/settings.json')).toBeUndefined();
    expect(await changedBy('{provider: claude}', 'src/settings.json')).toBeUndefined();
  });
});

test('how git knows a worktree, and what to know of it, is kept with the thread when it is made', async () => {
  const world = coreWorld();
  const host = coreHost(world);
  world.worktrees.notes = ['main is 3 commits behind origin/main.'];
  const { thread } = await host.dispatch();
  expect((await host.threads.get(thread.id)).thread).toMatchObject({
    commonDir: '/shop/.git',
    registeredAs: expect.stringMatching(/^fix-1-/),
    notes: ['main is 3 commits behind origin/main.'],
  });
});

test('what a run did to the stash of the person is told, and what can be undone is', async () => {
  const world = coreWorld();
  const host = coreHost(world);
  const task = await host.dispatch();
  const { id } = task.thread;
  world.worktrees.sharedLoss = [
    { kind: 'stash', commit: 'a'.repeat(40), message: 'WIP on main' },
    { kind: 'ref', ref: 'refs/heads/main', before: 'b'.repeat(40), now: 'c'.repeat(40) },
  ];
  await finishRun(world, task);
  await host.settler.settled(id);
  expect((await host.threads.get(id)).thread.notes).toEqual([
    expect.stringMatching(/your stash lost "WIP on main"; branch main was moved.*`muster worktrees put-back/),
  ]);
  expect(await host.threads.putBackShared(id)).toEqual({
    done: ['your stash lost "WIP on main"'],
    left: ['branch main was moved back or aside'],
  });
  expect((await host.threads.get(id)).thread.notes ?? []).toEqual([]);
});

test('hooks and kept work are told and offered to be put back over a restart; what the host let go of is not', async () => {
  const world = coreWorld();
  const host = coreHost(world);
  const removed = await host.dispatch();
  await finishRun(world, removed);
  const { thread: abandoned } = await host.threads.abandon(removed.thread.id);
  const rescue = world.store.read(stores => stores.rescues.ofThread(abandoned.id))[0];
  const task = await host.dispatch();
  const hook = { path: '/shop/.git/hooks/pre-commit', mode: 0o755, digest: 'd1', content: 'IyEvYmluL3NoCg==' };
  const kept = { kind: 'ref', ref: rescue?.ref ?? '', before: rescue?.commit ?? '', now: undefined } as const;
  world.worktrees.sharedLoss = [
    { kind: 'hook', path: hook.path, before: hook, now: 'd2' },
    kept,
    { ...kept, ref: 'refs/muster/rescue/let-go-of' },
  ];
  await finishRun(world, task);
  await host.settler.settled(task.thread.id);
  const name = kept.ref.slice('refs/muster/rescue/'.length);
  expect((await host.threads.get(task.thread.id)).thread.notes).toEqual([
    expect.stringContaining(`the hook ${hook.path} was changed; the kept work ${name} was deleted. \`muster`),
  ]);
  expect(world.store.read(stores => stores.shared.changes(task.thread.id))).toEqual(
    world.worktrees.sharedLoss.slice(0, 2),
  );
});
