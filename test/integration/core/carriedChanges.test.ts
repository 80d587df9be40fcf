import { expect, test } from 'vitest';
import { coreHost, coreWorld, finishRun } from '../../support/coreHost.ts';

const never = new AbortController().signal;

/** A world whose person has written something and not committed it. */
function worldWithChanges() {
  const world = coreWorld();
  world.git.write(`${world.git.root}/mine.txt`, 'mine\n');
  return world;
}

test('a thread begins with what the person had not committed when it was dispatched, and lands without it', async () => {
  const world = worldWithChanges();
  const host = coreHost(world);
  const task = await host.dispatch({ withChanges: true });
  // Written after the task was given: not what the person meant.
  world.git.write(`${world.git.root}/mine.txt`, 'later\n');
  await finishRun(world, task, 'two\n');
  const { id } = task.thread;
  await host.settler.settled(id);
  const { thread } = await host.threads.get(id);
  expect(world.git.read(`${thread.worktree}/mine.txt`)).toBe('mine\n');
  expect(thread).toMatchObject({ baseRef: 'main', baseCommit: thread.carried, filesChanged: 1 });
  expect(thread.notes?.join()).toContain('Your uncommitted changes were taken along');
  const merge = await host.merges.request({ thread: id });
  expect(await host.merges.wait(merge.id, never)).toMatchObject({ status: 'merged' });
  const landed = world.git.commit(world.git.branches.get('main') ?? '');
  expect(landed.files.has('mine.txt')).toBe(false);
  expect([...landed.files.values()]).toContain('two\n');
  expect(world.git.read(`${world.git.root}/mine.txt`)).toBe('later\n');
});

test('without the wish, or without changes, a thread begins as ever', async () => {
  const world = worldWithChanges();
  const host = coreHost(world);
  const plain = await host.dispatch();
  world.git.write(`${world.git.root}/mine.txt`, undefined);
  const clean = await host.dispatch({ withChanges: true });
  expect(plain.thread.carried).toBeUndefined();
  expect(clean.thread.carried).toBeUndefined();
});

test('only a person’s new thread takes changes along', async () => {
  const world = worldWithChanges();
  const host = coreHost(world);
  const task = await host.dispatch();
  await finishRun(world, task, 'two\n');
  const refused = { code: 'request.invalid', data: { field: 'with_changes' } };
  await expect(host.dispatch({ withChanges: true, thread: task.thread.id })).rejects.toMatchObject(refused);
  await expect(host.dispatch({ withChanges: true, byRun: task.run.id })).rejects.toMatchObject(refused);
  await expect(host.dispatch({ withChanges: true, base: '0'.repeat(40) })).rejects.toMatchObject(refused);
});
