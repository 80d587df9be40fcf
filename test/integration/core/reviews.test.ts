import { describe, expect, test } from 'vitest';
import { coreHost, coreWorld, finishRun, sha256 } from '../../support/coreHost.ts';

/** A thread whose agent has changed `readme.md`, with the functions that a window calls. */
async function readyThread() {
  const world = coreWorld();
  const host = coreHost(world);
  const task = await host.dispatch();
  await finishRun(world, task);
  const { id } = task.thread;
  const { worktree = '' } = world.store.read(stores => stores.threads.get(id)) ?? {};
  const write = (path: string, text: string): void => world.git.write(`${worktree}/${path}`, text);
  const marks = () => world.store.read(stores => stores.reviews.marks(id));
  return { world, host, id, write, marks };
}

describe('opening a review', () => {
  test('shows a commit, although something was not committed, and every window knows which', async () => {
    const { host, id, write, marks } = await readyThread();
    write('readme.md', 'corrected by hand\n');
    const { view, live } = await host.reviews.show(id);
    expect(live).toBe(false);
    expect(view.thread.head).toBeDefined();
    expect(view.shown?.commit).toBe(view.thread.head);
    expect(marks().shown?.commit).toBe(view.thread.head);
    expect((await host.reviews.show(id)).view.thread.head).toBe(view.thread.head);
  });

  test('keeps nothing while an agent may still change what is seen', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await host.dispatch();
    expect(await host.reviews.show(thread.id)).toMatchObject({ live: true });
    expect(world.store.read(stores => stores.reviews.marks(thread.id))).toEqual({});
  });
});

describe('approving what was shown', () => {
  test('takes along what the reviewer wrote since', async () => {
    const { host, id, write, marks } = await readyThread();
    const { view } = await host.reviews.show(id);
    write('readme.md', 'corrected by hand\n');
    const edits = [{ path: 'readme.md', sha256: sha256('corrected by hand\n') }];
    const { head } = await host.reviews.approve(id, { shown: view.thread.head ?? '', edits });
    expect(head).not.toBe(view.thread.head);
    expect(marks()).toMatchObject({ approved: { commit: head }, shown: { commit: head } });
  });

  test.each([
    ['another file', 'other.md', 'agent\n'],
    ['the same file with other contents', 'readme.md', 'agent\n'],
  ])('refuses %s that somebody else wrote meanwhile', async (_, path, text) => {
    const { host, id, write, marks } = await readyThread();
    const { view } = await host.reviews.show(id);
    write('readme.md', 'corrected by hand\n');
    write(path, text);
    const edits = [{ path: 'readme.md', sha256: sha256('corrected by hand\n') }];
    await expect(host.reviews.approve(id, { shown: view.thread.head ?? '', edits })).rejects.toMatchObject({
      code: 'review.outdated',
      data: { files: [path] },
    });
    expect(marks().approved).toBeUndefined();
  });

  test('a follow-up leaves the mark on its commit, which is no longer the head', async () => {
    const { world, host, id } = await readyThread();
    const { head } = await host.reviews.approve(id);
    const next = await host.dispatch({ thread: id });
    await finishRun(world, next, 'three\n');
    await host.settler.settled(id);
    const view = await host.threads.get(id);
    expect(view.approved?.commit).toBe(head);
    expect(view.thread.head).not.toBe(head);
  });

  test('is refused while an agent is at work', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await host.dispatch();
    await expect(host.reviews.approve(thread.id)).rejects.toMatchObject({ code: 'thread.busy' });
  });
});
