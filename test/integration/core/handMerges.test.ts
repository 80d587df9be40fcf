import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { HandMergeService } from '../../../src/core/merges/handMergeService.js';
import type { HandMerge, HandMergeDriver } from '../../../src/core/merges/handMerge.js';
import { coreHost, coreWorld } from '../../support/coreHost.ts';
import { readyThread } from './mergingWorld.ts';

const never = new AbortController().signal;
const conflict: HandMerge = { theirs: 'b', ours: 'a', base: 'c', files: ['readme.md'], others: [] };

/** A thread in whose worktree a person can merge; git's part is a flag. */
async function scene(
  kind: 'conflict' | 'no conflict' | 'git fails' = 'conflict',
  meanwhile: (host: ReturnType<typeof coreHost>, id: string) => Promise<void> = async () => undefined,
) {
  const world = coreWorld();
  const host = coreHost(world);
  const { id } = await readyThread(world, host);
  let underWay = false;
  const driver: HandMergeDriver = {
    isUnderWay: async () => underWay,
    async begin() {
      await meanwhile(host, id);
      if (kind === 'git fails') throw new Error('git is not well');
      underWay = kind === 'conflict';
      return underWay ? conflict : undefined;
    },
    async finish() {
      underWay = false;
      return 'd';
    },
    async abandon() {
      underWay = false;
    },
  };
  const { store, clock } = world;
  const service = new HandMergeService({
    store,
    clock,
    log: silentLog,
    driver,
    settler: host.settler,
    workspaces: { exclusive: async (_, work) => await work() },
  });
  return {
    world,
    host,
    id,
    service,
    endInTerminal: () => (underWay = false),
    view: () => host.threads.get(id),
  };
}

describe('a merge that a person has begun in a worktree', () => {
  test('is what the thread needs them for, until it is completed', async () => {
    const { service, id, view } = await scene();
    await service.begin(id);
    expect(await view()).toMatchObject({ status: 'needs_you', handMerge: { target: 'main' } });
    expect((await view()).needs).toBe(
      'You are merging main into this thread by hand. Complete that merge, or give it up.',
    );
    await service.finish(id);
    expect(await view()).toMatchObject({ status: 'ready', needs: '' });
    expect((await view()).handMerge).toBeUndefined();
    const { thread } = await view();
    expect(thread.notes?.at(-1)).toBe(`You merged main into it by hand, at ${thread.head?.slice(0, 8)}.`);
  });

  test('given up, the thread is what it was', async () => {
    const { service, id, view } = await scene();
    await service.begin(id);
    await service.abandon(id);
    expect(await view()).toMatchObject({ status: 'ready', needs: '' });
  });

  test('without a conflict there is none', async () => {
    const { service, id, view } = await scene('no conflict');
    expect((await service.begin(id)).merge).toBeUndefined();
    expect(await view()).toMatchObject({ status: 'ready' });
  });

  test('nobody is let in while git begins, nor by the host that follows one which was killed then', async () => {
    const refused = { code: 'merge.byHand' };
    const { service, id, view } = await scene('conflict', async (host, thread) => {
      await expect(host.dispatch({ thread })).rejects.toMatchObject(refused);
      expect((await host.threads.get(thread)).handMerge).toMatchObject({ target: 'main' });
    });
    expect((await service.begin(id)).merge).toEqual(conflict);
    expect(await view()).toMatchObject({ status: 'needs_you', handMerge: { target: 'main' } });
  });

  test('that git could not begin is none', async () => {
    const { service, host, id, view } = await scene('git fails');
    await expect(service.begin(id)).rejects.toThrow('git is not well');
    expect((await view()).handMerge).toBeUndefined();
    await host.dispatch({ thread: id });
  });

  test('nobody works there meanwhile: no agent, no merge, no update, no approval', async () => {
    const { service, host, id } = await scene();
    await service.begin(id);
    const refused = { code: 'merge.byHand', data: { thread: id, target: 'main' } };
    await expect(host.dispatch({ thread: id })).rejects.toMatchObject(refused);
    await expect(host.merges.request({ thread: id })).rejects.toMatchObject(refused);
    await expect(host.updates.update(id, never)).rejects.toMatchObject(refused);
    await expect(host.reviews.approve(id)).rejects.toMatchObject(refused);
    // Looking at it does not make its half merged files a trouble that somebody left.
    await host.reviews.show(id);
    expect((await host.threads.get(id)).thread.trouble).toBeUndefined();
    await service.finish(id);
    await host.dispatch({ thread: id });
    expect((await host.threads.get(id)).status).toBe('working');
  });

  test('a closed thread keeps it, and is not given to an agent either', async () => {
    const { service, host, id } = await scene();
    await service.begin(id);
    await host.threads.close(id);
    await expect(host.dispatch({ thread: id })).rejects.toMatchObject({ code: 'merge.byHand' });
    expect((await host.threads.reopen(id)).status).toBe('needs_you');
  });

  test('ended in a terminal it is over for whoever looks, and can be ended here all the same', async () => {
    const { service, id, view, endInTerminal } = await scene();
    await service.begin(id);
    await service.lookedAt(id);
    expect((await view()).status).toBe('needs_you');
    endInTerminal();
    await service.lookedAt(id);
    expect((await view()).status).toBe('ready');
    await service.begin(id);
    endInTerminal();
    await service.finish(id);
    expect((await view()).handMerge).toBeUndefined();
  });

  test('goes with the worktree', async () => {
    const { service, host, id } = await scene();
    await service.begin(id);
    await host.threads.abandon(id);
    expect((await host.threads.restore(id)).status).toBe('ready');
  });
});
