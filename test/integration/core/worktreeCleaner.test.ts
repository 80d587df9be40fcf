import { describe, expect, test } from 'vitest';
import { WorktreeCleaner, type CleanWorktrees } from '../../../src/core/threads/worktreeCleaner.js';
import { WorktreeLooks } from '../../../src/core/threads/worktreeLooks.js';
import type { WorktreeProcess } from '../../../src/core/workspaces/worktreeProcesses.js';
import { coreHost, coreWorld, finishRun, type CoreHost, type CoreWorld } from '../../support/coreHost.ts';

const never = new AbortController().signal;
const dayMs = 24 * 60 * 60 * 1000;

interface Setting {
  readonly world: CoreWorld;
  readonly host: CoreHost;
  /** Who works in a worktree, by its path. */
  readonly inside: Map<string, readonly WorktreeProcess[]>;
  /** What a clean-up came to, by the words of the tasks. */
  clean(request?: Partial<CleanWorktrees>): Promise<Readonly<Record<string, string>>>;
}

function setting(): Setting {
  const world = coreWorld();
  const host = coreHost(world);
  const inside = new Map<string, readonly WorktreeProcess[]>();
  const { store, clock, worktrees: driver } = world;
  const processes = { inside: async (folders: readonly string[]) => folders.map(folder => inside.get(folder) ?? []) };
  const looks = new WorktreeLooks({ store, driver, processes });
  const cleaner = new WorktreeCleaner({ store, clock, looks, threads: host.threads });
  return {
    world,
    host,
    inside,
    async clean(request = {}) {
      const all = { threads: [], olderThanMs: 0, unmerged: false, force: true, ...request };
      const cleaned = await cleaner.clean(all, never);
      return Object.fromEntries(
        cleaned.map(({ look, state, reason }) => [look.thread.summary, reason === '' ? state : reason]),
      );
    },
  };
}

async function ready({ world, host }: Setting, prompt: string) {
  const task = await host.dispatch({ prompt });
  await finishRun(world, task, `${prompt}\n`);
  return task.thread.id;
}

async function merged(at: Setting, prompt: string) {
  const id = await ready(at, prompt);
  const merge = await at.host.merges.request({ thread: id });
  expect((await at.host.merges.wait(merge.id, never)).status).toBe('merged');
  return id;
}

function worktreeOf({ world }: Setting, id: string): string | undefined {
  return world.store.read(stores => stores.threads.page({ limit: 9 }).threads).find(({ thread }) => thread.id === id)
    ?.thread.worktree;
}

describe('cleaning up worktrees', () => {
  test('removes what is merged, and neither work that no target has nor what is at work', async () => {
    const at = setting();
    const gone = await merged(at, 'Merged');
    const left = await ready(at, 'Ready');
    await at.host.dispatch({ prompt: 'Working' });
    expect(await at.clean()).toEqual({
      Merged: 'removed',
      Ready: 'it has work that was not merged',
      Working: 'its thread is at work',
    });
    expect([worktreeOf(at, gone), worktreeOf(at, left)]).toEqual([undefined, expect.any(String)]);
  });

  test('work that is not merged goes when that was asked for, and comes back with a restore', async () => {
    const at = setting();
    const id = await ready(at, 'Ready');
    const before = worktreeOf(at, id);
    expect(await at.clean({ unmerged: true })).toEqual({ Ready: 'removed' });
    expect(worktreeOf(at, id)).toBeUndefined();
    const { thread } = await at.host.threads.restore(id);
    expect(thread).toMatchObject({ worktree: before, outcome: 'open' });
    expect(at.world.git.checkouts.get(before ?? '')?.files.get('readme.md')).toBe('Ready\n');
  });

  test('what somebody left uncommitted in a merged one is work that was not merged', async () => {
    const at = setting();
    const path = worktreeOf(at, await merged(at, 'Merged')) ?? '';
    at.world.git.checkouts.get(path)?.files.set('notes.txt', 'not committed\n');
    expect(await at.clean()).toEqual({ Merged: 'it has work that was not merged' });
  });

  test('one whose merge was taken back is not merged', async () => {
    const at = setting();
    const id = await merged(at, 'Merged');
    at.world.store.transact(stores => {
      const merge = stores.threads.view(id)?.latestMerge;
      if (merge)
        stores.undos.save({ merge: merge.id, kind: 'reverted', commit: 'f'.repeat(40), at: at.world.clock.now() });
    });
    expect(await at.clean()).toEqual({ Merged: 'it has work that was not merged' });
  });

  test('takes only what nothing has happened to for so long', async () => {
    const at = setting();
    await merged(at, 'Old');
    await at.world.clock.advance(10 * dayMs);
    await merged(at, 'Young');
    expect(await at.clean({ olderThanMs: 14 * dayMs })).toEqual({});
    expect(await at.clean({ olderThanMs: 7 * dayMs })).toEqual({ Old: 'removed' });
  });

  test('leaves one in which a program works, and names it', async () => {
    const at = setting();
    const path = worktreeOf(at, await merged(at, 'Merged')) ?? '';
    at.inside.set(path, [
      { pid: 7, name: 'zsh' },
      { pid: 8, name: 'node' },
    ]);
    expect(await at.clean({ unmerged: true })).toEqual({ Merged: 'zsh (7) and 1 more work in it' });
  });

  test('without force it tells what would go and removes nothing', async () => {
    const at = setting();
    const id = await merged(at, 'Merged');
    expect(await at.clean({ force: false })).toEqual({ Merged: 'would_remove' });
    expect(worktreeOf(at, id)).toBeDefined();
  });

  test('takes only those that were named', async () => {
    const at = setting();
    const id = await merged(at, 'One');
    await merged(at, 'Two');
    expect(await at.clean({ threads: [id] })).toEqual({ One: 'removed' });
  });
});
