import { expect, test } from 'vitest';
import { MergePusher } from '../../../src/core/merges/mergePusher.ts';
import type { Push, RemotePlace } from '../../../src/core/merges/pullRequestService.ts';
import { coreHost, coreWorld, finishRun, waitingAgent } from '../../support/coreHost.ts';
import { specOf } from '../../support/projectSpecs.ts';

const address = '/srv/shop.git';

/** What has landed and is due, without a host that pushes it: an earlier one was killed in between. */
async function landed() {
  const world = coreWorld({ ...specOf(waitingAgent), merge: { ...specOf(waitingAgent).merge, push: address } });
  const host = coreHost(world);
  const land = async (text: string) => {
    const task = await host.dispatch();
    await finishRun(world, task, text);
    await host.settler.settled(task.thread.id);
    const { id } = await host.merges.request({ thread: task.thread.id });
    const merge = await host.merges.wait(id, new AbortController().signal);
    expect(merge).toMatchObject({ status: 'merged', push: { state: 'due', address } });
    return merge;
  };
  const pushed: (Push & RemotePlace)[] = [];
  const pusher = (fails?: string) =>
    new MergePusher({
      ...world,
      driver: {
        pushApart: async (place, push) => {
          if (fails !== undefined) throw new Error(fails);
          pushed.push({ ...place, ...push });
        },
      },
    });
  const pushOf = (id: Awaited<ReturnType<typeof land>>['id']) =>
    world.store.read(stores => stores.merges.get(id)?.push);
  return { world, land, pusher, pushed, pushOf };
}

test('what a killed host had not pushed the next one pushes, in the order of the landings', async () => {
  const { land, pusher, pushed, pushOf } = await landed();
  const [first, second] = [await land('two\n'), await land('three\n')];
  const next = pusher();
  next.resume();
  await next.dispose();
  // It was ending before it had begun: nothing is lost by that.
  expect([pushOf(first.id)?.state, pushOf(second.id)?.state]).toEqual(['due', 'due']);
  const third = pusher();
  await third.again(second.threadId);
  expect(pushed.map(({ commit, branch, url }) => ({ commit, branch, url }))).toEqual([
    { commit: first.commit, branch: 'main', url: address },
    { commit: second.commit, branch: 'main', url: address },
  ]);
  expect([pushOf(first.id), pushOf(second.id)]).toEqual([
    { state: 'pushed', address },
    { state: 'pushed', address },
  ]);
  await third.dispose();
});

test('what was taken back meanwhile, or is agreed to no more, is not pushed; a failure leaves what has landed', async () => {
  const { world, land, pusher, pushed, pushOf } = await landed();
  const undone = await land('two\n');
  const undo = { merge: undone.id, kind: 'reverted' as const, commit: undone.expect, at: 1 };
  world.store.transact(stores => stores.undos.save(undo));
  const refused = await land('three\n');
  const next = pusher('The remote is not there.');
  await next.again(refused.threadId);
  expect(pushOf(undone.id)).toMatchObject({ state: 'failed', problem: expect.stringContaining('taken back') });
  expect(pushOf(refused.id)).toMatchObject({ state: 'failed', problem: 'The remote is not there.' });
  expect(world.store.read(stores => stores.merges.get(refused.id)?.status)).toBe('merged');
  await next.dispose();
  const { consent: _, ...withoutConsent } = world.project;
  world.store.transact(stores => stores.projects.save(withoutConsent));
  const last = pusher();
  await expect(last.again(refused.threadId)).rejects.toMatchObject({ code: 'merge.refused' });
  await last.dispose();
  expect(pushed).toEqual([]);
});

test('a thread that landed in other repositories alone has nothing to push in its own', async () => {
  const { world, land, pusher, pushed } = await landed();
  const { id, threadId } = await land('two\n');
  // Its commit is the thread's, which the target may have in another form.
  const own = { merge: id, name: '', verify: [], undo: world.ids.next<'merge'>(), landed: false };
  world.store.transact(stores => stores.mergeSets.save({ id, step: 'done', members: [own] }));
  const next = pusher();
  next.resume();
  await expect(next.again(threadId)).rejects.toMatchObject({ code: 'merge.refused' });
  await next.dispose();
  expect(pushed).toEqual([]);
});
