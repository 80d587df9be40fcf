import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { TargetWatch } from '../../../src/core/merges/targetWatch.ts';
import { ConflictPredictor } from '../../../src/core/merges/conflictPredictor.ts';
import { coreHost, coreWorld, finishRun } from '../../support/coreHost.ts';

async function predicted() {
  const world = coreWorld();
  const host = coreHost(world);
  const predictor = new ConflictPredictor({ ...world, log: silentLog, driver: world.worktrees });
  onTestFinished(() => predictor.dispose());
  const task = await host.dispatch();
  await finishRun(world, task, 'two\n');
  await host.settler.settled(task.thread.id);
  await predictor.idle();
  const view = () => host.threads.get(task.thread.id);
  return { world, host, predictor, id: task.thread.id, view };
}

test('a thread that would conflict with its target says so before anybody merges, and no longer once it would not', async () => {
  const { world, predictor, id, view } = await predicted();
  expect((await view()).conflict).toBeUndefined();
  world.git.commitOn('main', { 'readme.md': 'other\n' });
  predictor.lookedAt(id);
  await predictor.idle();
  expect((await view()).conflict).toMatchObject({ target: 'main', files: ['readme.md'] });

  world.git.commitOn('main', { 'readme.md': 'one\n' });
  predictor.lookedAt(id);
  await predictor.idle();
  expect((await view()).conflict).toBeUndefined();
});

test('what was found out about another commit says nothing any more', async () => {
  const { world, host, predictor, id, view } = await predicted();
  world.git.commitOn('main', { 'readme.md': 'other\n' });
  predictor.lookedAt(id);
  await predictor.idle();
  expect((await view()).conflict).toBeDefined();
  await finishRun(world, await host.dispatch({ thread: id }), 'other\n');
  await host.settler.settled(id);
  await predictor.idle();
  expect((await view()).conflict).toBeUndefined();
});

test('when a thread lands, those beside it are looked at again', async () => {
  const { world, host, predictor, id } = await predicted();
  const other = await host.dispatch();
  await finishRun(world, other, 'four\n');
  await host.settler.settled(other.thread.id);
  await predictor.idle();
  const merge = await host.merges.request({ thread: id });
  await host.merges.wait(merge.id, new AbortController().signal);
  await predictor.idle();
  expect((await host.threads.get(other.thread.id)).conflict?.files).toEqual(['readme.md']);
});

test('what a person commits to the target by hand is seen by itself, and asked about once', async () => {
  const { world, predictor, view } = await predicted();
  const watch = new TargetWatch({ ...world, log: silentLog, driver: world.worktrees, predictor });
  onTestFinished(() => watch.dispose());
  await watch.look();
  world.git.commitOn('main', { 'readme.md': 'other\n' });
  await watch.look();
  await predictor.idle();
  expect((await view()).conflict).toMatchObject({ target: 'main', files: ['readme.md'] });
  let asked = 0;
  const { worktrees } = world;
  const conflicts = worktrees.conflicts.bind(worktrees);
  worktrees.conflicts = (...args) => (asked++, conflicts(...args));
  await watch.look();
  await predictor.idle();
  expect(asked).toBe(0);
});
