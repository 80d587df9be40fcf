import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import type { MergeStrategy } from '../../../src/core/merges/mergeDriver.js';
import { coreHost, coreWorld, finishRun, type CoreHost, type CoreWorld } from '../../support/coreHost.ts';
import { readyThread } from './mergingWorld.ts';

const never = new AbortController().signal;

async function merged(world: CoreWorld, host: CoreHost, strategy: MergeStrategy = 'merge') {
  const { id } = await readyThread(world, host);
  await host.merges.wait((await host.merges.request({ thread: id, strategy })).id, never);
  const { thread } = await host.threads.get(id);
  return { id, head: thread.head ?? '', worktree: thread.worktree ?? '', branch: thread.branch ?? '' };
}

describe('a task for a thread that is merged', () => {
  test.each(['merge', 'squash', 'rebase'] as const)(
    'begins at the target as it is now, and has its new work alone (%s)',
    async strategy => {
      const world = coreWorld();
      const host = coreHost(world);
      const { id, head, worktree, branch } = await merged(world, host, strategy);
      world.git.commitOn('main', { 'other.md': 'theirs\n' });
      const tip = world.git.branches.get('main') ?? '';
      const more = await host.dispatch({ thread: id });
      expect(world.git.branches.get(branch)).toBe(tip);
      expect(world.git.read(`${worktree}/other.md`)).toBe('theirs\n');
      // Its own commits are nowhere else once they were squashed.
      expect(world.git.branches.get(`refs/muster/aside/${more.run.id}-${id}`)).toBe(head);
      const begun = (await host.threads.get(id)).thread;
      expect(begun).toMatchObject({ baseRef: 'main', baseCommit: tip, head: tip, filesChanged: 0 });
      expect(begun.notes?.at(-1)).toBe(
        `What it had done is in main, so it began again from there, at ${tip.slice(0, 8)}.`,
      );

      world.git.write(`${worktree}/new.md`, 'new\n');
      await finishRun(world, more, 'two\n');
      expect(await host.threads.get(id)).toMatchObject({ status: 'ready', thread: { filesChanged: 1 } });
      await host.merges.wait((await host.merges.request({ thread: id, strategy })).id, never);
      expect((await host.threads.get(id)).status).toBe('merged');
      expect(world.git.read('/shop/new.md')).toBe('new\n');
      expect(world.git.read('/shop/other.md')).toBe('theirs\n');
    },
  );

  test('that comes to nothing goes on from there when it is tried again', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { id } = await merged(world, host);
    const first = await host.dispatch({ thread: id });
    await finishRun(world, first, 'two\n');
    expect(await host.threads.get(id)).toMatchObject({ status: 'ready', thread: { filesChanged: 0 } });
    world.git.commitOn('main', { 'other.md': 'theirs\n' });
    await host.dispatch({ thread: id });
    expect((await host.threads.get(id)).thread.notes).toHaveLength(1);
  });

  test('takes nothing away that was written there since', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { id, worktree } = await merged(world, host);
    world.git.write(`${worktree}/mine.md`, 'mine\n');
    world.git.commitOn('main', { 'other.md': 'theirs\n' });
    await host.dispatch({ thread: id });
    expect(world.git.read(`${worktree}/mine.md`)).toBe('mine\n');
    expect(world.git.read(`${worktree}/other.md`)).toBeUndefined();
  });

  test('says why it goes on where it was', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { id, worktree } = await merged(world, host);
    world.git.commitOn('main', { 'other.md': 'theirs\n' });
    const reason = 'other.md is an ignored file here, and a tracked one there';
    world.worktrees.renew = () => Promise.reject(new AppError('worktree.failed', reason, { path: worktree, reason }));
    await host.dispatch({ thread: id });
    const view = await host.threads.get(id);
    expect(view.status).toBe('working');
    expect(view.thread.notes).toEqual([`It goes on from its own branch, not from main as it is now: ${reason}`]);
  });

  test('leaves it alone when it is a command that looks at what is there', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { id, head, branch } = await merged(world, host);
    await host.dispatch({ thread: id, command: true, prompt: 'ls' });
    expect(world.git.branches.get(branch)).toBe(head);
  });
});
