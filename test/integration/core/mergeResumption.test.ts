import { describe, expect, test } from 'vitest';
import { MergeResumer } from '../../../src/core/merges/mergeResumer.js';
import { silentLog } from '../../../src/base/log.js';
import { CommentService } from '../../../src/core/reviews/commentService.js';
import { randomIds } from '../../support/randomIds.ts';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, finishRun } from '../../support/coreHost.ts';
import { readyThread } from './mergingWorld.ts';

const never = new AbortController().signal;

describe('a conflict that its agent is asked to resolve', () => {
  async function conflicted() {
    const world = coreWorld();
    const host = coreHost(world);
    const resumer = new MergeResumer({ store: world.store, clock: world.clock, log: silentLog, merges: host.merges });
    const thread = await readyThread(world, host);
    world.git.commitOn('main', { 'readme.md': 'theirs\n' });
    const { id } = await host.merges.request({ thread: thread.id });
    const merge = await host.merges.wait(id, never);
    expect(merge.status).toBe('conflicted');
    const task = await host.dispatch({ thread: thread.id, prompt: 'Resolve it', thenMerge: merge.id });
    const latest = () => world.store.read(stores => stores.merges.ofThread(thread.id).at(-1));
    return { world, host, resumer, thread, merge, task, latest };
  }

  /** The agent merges the target into its branch, as it was asked to. */
  function resolve({ world, thread }: Pick<Awaited<ReturnType<typeof conflicted>>, 'world' | 'thread'>): void {
    const { worktree = '', branch = '' } = world.store.read(stores => stores.threads.get(thread.id)) ?? thread;
    const [ours = '', theirs = ''] = [world.git.branches.get(branch), world.git.branches.get('main')];
    const files = new Map([['readme.md', 'both\n']]);
    world.git.moveBranch(branch, world.git.addCommit({ parents: [ours, theirs], files, message: 'Resolve' }).id);
    world.git.write(`${worktree}/readme.md`, 'both\n');
  }

  test('the queue goes on with what the agent made of it', async () => {
    const found = await conflicted();
    const { world, host, task, merge, latest } = found;
    resolve(found);
    expect(latest()?.id).toBe(merge.id);
    await finishRun(world, task, 'both\n');
    await settle();
    const again = latest();
    expect(again?.id).not.toBe(merge.id);
    expect((await host.merges.wait(again?.id ?? '', never)).status).toBe('merged');
    expect(world.git.read('/shop/readme.md')).toBe('both\n');
    await found.resumer.dispose();
  });

  test('nothing is merged over what its person wrote meanwhile and has not sent', async () => {
    const found = await conflicted();
    const { world, thread, task, merge, latest } = found;
    resolve(found);
    const decode = (content: Uint8Array): string => new TextDecoder().decode(content);
    const comments = new CommentService({ ...world, ids: randomIds(), driver: world.worktrees, decode });
    const lines = { start: 1, end: 1 };
    await comments.add(thread.id, { path: 'readme.md', side: 'changed', lines }, 'Not like this');
    await finishRun(world, task, 'both\n');
    await settle();
    expect(latest()?.id).toBe(merge.id);
    expect(world.store.read(stores => stores.threads.get(thread.id))?.notes?.at(-1)).toMatch(
      /^A comment that is not sent was written while the conflict was resolved/,
    );
    expect(world.store.read(stores => stores.resumptions.list())).toEqual([]);
    await found.resumer.dispose();
  });

  test('an agent that failed has nothing merged', async () => {
    const { world, task, merge, latest, resumer } = await conflicted();
    world.sandbox.exit(task.run.id, { code: 1 });
    await settle();
    expect(latest()?.id).toBe(merge.id);
    expect(world.store.read(stores => stores.resumptions.list())).toEqual([]);
    await resumer.dispose();
  });

  test('a host that died meanwhile: the next one asks', async () => {
    const found = await conflicted();
    const { world, host, task, merge, latest, resumer } = found;
    await resumer.dispose();
    resolve(found);
    await finishRun(world, task, 'both\n');
    await settle();
    expect(latest()?.id).toBe(merge.id);
    const next = new MergeResumer({ store: world.store, clock: world.clock, log: silentLog, merges: host.merges });
    next.resume();
    await settle();
    expect((await host.merges.wait(latest()?.id ?? '', never)).status).toBe('merged');
    await next.dispose();
  });
});
