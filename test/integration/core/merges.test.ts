import { describe, expect, test } from 'vitest';
import { deferred, type Deferred } from '../../../src/base/async.js';
import type { CommandShell } from '../../../src/core/commands/commandShell.js';
import type { MergeDriver } from '../../../src/core/merges/mergeDriver.js';
import { settle } from '../../support/clock.js';
import { specOf } from '../../support/projectSpecs.js';
import { coreHost, coreWorld, finishRun, waitingAgent, type CoreWorld } from '../../support/coreHost.ts';
import { driverWith, readyThread } from './mergingWorld.ts';

const never = new AbortController().signal;

/** A merge driver that waits for the gate, and lets go of it when aborted. */
function gated(world: CoreWorld, gate: Deferred<void>): MergeDriver {
  return driverWith(world, {
    async compute(request, signal) {
      const aborted = deferred<void>();
      signal.addEventListener('abort', () => aborted.resolve());
      await Promise.race([gate.promise, aborted.promise]);
      return await world.merging.compute(request, signal);
    },
  });
}

describe('merging', () => {
  test('brings the reviewed commit to the target and completes the thread', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const { head } = (await host.threads.get(thread.id)).thread;
    const merge = await host.merges.request({ thread: thread.id, expect: head });
    expect(await host.merges.wait(merge.id, never)).toMatchObject({ status: 'merged', target: 'main', expect: head });
    expect((await host.threads.get(thread.id)).status).toBe('merged');
    expect(world.git.read('/shop/readme.md')).toBe('two\n');
  });

  test('is refused while the agent works, also when it was given work during the request', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await host.dispatch();
    await expect(host.merges.request({ thread: thread.id })).rejects.toMatchObject({ code: 'thread.busy' });

    const other = await readyThread(world, host);
    const snapshot = world.worktrees.snapshot.bind(world.worktrees);
    world.worktrees.snapshot = async (ref, message) => {
      const made = await snapshot(ref, message);
      await host.dispatch({ thread: other.id });
      return made;
    };
    await expect(host.merges.request({ thread: other.id })).rejects.toMatchObject({ code: 'thread.busy' });
  });

  test('two requests at once are one merge', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const [a, b] = await Promise.all([1, 2].map(() => host.merges.request({ thread: thread.id })));
    expect(a?.id).toBe(b?.id);
    await host.merges.wait(a?.id ?? '', never);
  });

  test('asking again for what was merged says so and leaves the thread merged', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const first = await host.merges.request({ thread: thread.id });
    const { commit } = await host.merges.wait(first.id, never);
    const again = await host.merges.request({ thread: thread.id });
    expect(await host.merges.wait(again.id, never)).toMatchObject({ status: 'merged', commit });
    expect((await host.threads.get(thread.id)).status).toBe('merged');
  });

  test('a thread that did not start from a branch needs a target', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch({ base: world.git.branches.get('main') ?? '' });
    await finishRun(world, task);
    await expect(host.merges.request({ thread: task.thread.id })).rejects.toMatchObject({ code: 'merge.refused' });
    const merge = await host.merges.request({ thread: task.thread.id, target: 'main' });
    expect((await host.merges.wait(merge.id, never)).status).toBe('merged');
  });

  test('a thread without work of its own is blocked, not merged', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    world.sandbox.exit(task.run.id, { code: 0 });
    await settle();
    const merge = await host.merges.request({ thread: task.thread.id });
    expect(await host.merges.wait(merge.id, never)).toMatchObject({ status: 'blocked', reason: 'no_commits' });
  });

  test('broken machinery fails the merge with its reason, and the next in the queue goes on', async () => {
    const world = coreWorld();
    let calls = 0;
    const host = coreHost(world, {
      merging: driverWith(world, {
        compute: (request, signal) =>
          ++calls === 1 ? Promise.reject(new Error('git is gone')) : world.merging.compute(request, signal),
      }),
    });
    const first = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const second = await host.merges.request({ thread: (await readyThread(world, host, 'other\n')).id });
    expect(await host.merges.wait(first.id, never)).toMatchObject({ status: 'failed', message: 'git is gone' });
    expect((await host.merges.wait(second.id, never)).status).toBe('merged');
  });

  test('waiting stops when nobody waits any more', async () => {
    const world = coreWorld();
    const host = coreHost(world, { merging: gated(world, deferred()) });
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const stop = new AbortController();
    const waiting = host.merges.wait(merge.id, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await host.end();
  });
});

describe('verifying', () => {
  const verified = JSON.parse(waitingAgent) as object;
  const spec = () => specOf(JSON.stringify({ ...verified, merge: { verify: ['build', 'test'] } }));

  /** Answers with these exit statuses, one after the other; keeps what ran where. */
  function shellWith(...statuses: readonly number[]) {
    const ran: string[] = [];
    const shell: CommandShell = {
      endLeftovers: async () => undefined,
      async run({ command, cwd }) {
        ran.push(`${command} in ${cwd}`);
        const exitCode = statuses[ran.length - 1] ?? 0;
        return { exitCode, output: exitCode === 0 ? 'ok\n' : 'first\n1 test failed\n', truncated: false };
      },
    };
    return { shell, ran };
  }

  test('green: what was verified is what lands', async () => {
    const world = coreWorld(spec());
    const { shell, ran } = shellWith();
    const host = coreHost(world, { shell });
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const { status, commit, message } = await host.merges.wait(merge.id, never);
    expect({ status, message }).toEqual({ status: 'merged', message: '' });
    expect(ran).toEqual([`build in /verify/${commit}`, `test in /verify/${commit}`]);
    expect(host.merges.checks(merge.id)).toMatchObject([
      { command: 'build', exitCode: 0, output: 'ok\n', attempt: 1 },
      { command: 'test', exitCode: 0 },
    ]);
  });

  test('red twice: nothing lands, and the person reads why', async () => {
    const world = coreWorld(spec());
    const main = world.git.branches.get('main');
    const { shell, ran } = shellWith(0, 1, 0, 1);
    const host = coreHost(world, { shell });
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    expect(await host.merges.wait(merge.id, never)).toMatchObject({
      status: 'blocked',
      reason: 'verify_failed',
      message: '`test` ended with status 1 on what would be merged, twice. It said last: 1 test failed',
    });
    expect(world.git.branches.get('main')).toBe(main);
    expect(ran).toHaveLength(4);
    expect(host.merges.checks(merge.id).map(({ attempt }) => attempt)).toEqual([1, 1, 2, 2]);
  });

  test('red once: it lands and is called flaky', async () => {
    const world = coreWorld(spec());
    const host = coreHost(world, { shell: shellWith(1).shell });
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    expect(await host.merges.wait(merge.id, never)).toMatchObject({
      status: 'merged',
      message: '`build` failed once and passed on the second try: it is flaky.',
    });
  });

  test('when the target moves meanwhile, the new result is verified too', async () => {
    const world = coreWorld(spec());
    let moved = false;
    const { shell, ran } = shellWith();
    const moving: CommandShell = {
      ...shell,
      run: async (command, signal) => {
        if (!moved) world.git.commitOn('main', { 'other.md': 'theirs\n' });
        moved = true;
        return await shell.run(command, signal);
      },
    };
    const host = coreHost(world, { shell: moving });
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const { status, commit } = await host.merges.wait(merge.id, never);
    expect(status).toBe('merged');
    expect(ran.at(-1)).toBe(`test in /verify/${commit}`);
    expect(ran).toHaveLength(4);
    expect(world.git.read('/shop/other.md')).toBe('theirs\n');
  });
});

describe('bringing a thread up to its target', () => {
  test('commits what is there, then has both; conflicts change nothing', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    await finishRun(world, task);
    const { id } = task.thread;
    expect((await host.updates.update(id, never)).updated).toBe(false);
    world.git.commitOn('main', { 'other.md': 'theirs\n' });
    const { view, updated } = await host.updates.update(id, never);
    expect(updated).toBe(true);
    const worktree = view.thread.worktree ?? '';
    expect(world.git.read(`${worktree}/other.md`)).toBe('theirs\n');
    expect(world.git.read(`${worktree}/readme.md`)).toBe('two\n');
    expect(view.thread.head).toBe(world.git.branches.get(view.thread.branch ?? ''));
    expect(view.status).toBe('ready');
    world.git.commitOn('main', { 'readme.md': 'theirs\n' });
    await expect(host.updates.update(id, never)).rejects.toMatchObject({
      code: 'git.conflict',
      data: { files: ['readme.md'] },
    });
    expect(world.git.read(`${worktree}/readme.md`)).toBe('two\n');
  });

  test('a merged thread stays merged when it is brought up and its merge is asked for again', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { id } = await readyThread(world, host);
    const first = await host.merges.request({ thread: id });
    const { commit } = await host.merges.wait(first.id, never);
    world.git.commitOn('main', { 'other.md': 'theirs\n' });
    expect((await host.updates.update(id, never)).updated).toBe(true);
    const again = await host.merges.request({ thread: id });
    expect(await host.merges.wait(again.id, never)).toMatchObject({ status: 'merged', commit });
    expect((await host.threads.get(id)).status).toBe('merged');
  });

  test('is refused while the agent works', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { thread } = await host.dispatch();
    await expect(host.updates.update(thread.id, never)).rejects.toMatchObject({ code: 'thread.busy' });
  });
});

describe('taking a merge back', () => {
  test('opens the thread again, once, and it can be merged again', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const before = world.git.branches.get('main');
    const merge = await host.merges.request({ thread: thread.id });
    await host.merges.wait(merge.id, never);
    world.store.transact(stores =>
      stores.landings.save({
        ...{ merge: merge.id, step: 'done', commonDir: '/shop/.git', target: 'main', at: 1 },
        from: before ?? '',
        to: world.git.branches.get('main') ?? '',
      }),
    );
    await host.reviews.approve(thread.id);
    const { view, undo } = await host.undos.undo(thread.id, never);
    expect(undo).toMatchObject({ kind: 'restored', commit: before });
    // What was taken back is not approved: it does not land with the next *merge all approved*.
    expect(view.approved).toBeUndefined();
    expect(await host.merges.requestApproved()).toEqual([]);
    expect(view.status).toBe('ready');
    expect((await host.undos.undo(thread.id, never)).undo).toEqual(undo);
    expect(world.git.branches.get('main')).toBe(before);
    await world.clock.advance(1);
    const again = await host.merges.request({ thread: thread.id });
    expect((await host.merges.wait(again.id, never)).status).toBe('merged');
    expect((await host.threads.get(thread.id)).status).toBe('merged');
  });

  test('takes back what landed when it was asked for once more afterwards', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const before = world.git.branches.get('main');
    const merge = await host.merges.request({ thread: thread.id });
    await host.merges.wait(merge.id, never);
    world.store.transact(stores =>
      stores.landings.save({
        ...{ merge: merge.id, step: 'done', commonDir: '/shop/.git', target: 'main', at: 1 },
        from: before ?? '',
        to: world.git.branches.get('main') ?? '',
      }),
    );
    const again = await host.merges.request({ thread: thread.id });
    expect(await host.merges.wait(again.id, never)).toMatchObject({
      status: 'merged',
      message: 'It was merged already.',
    });
    const { view, undo } = await host.undos.undo(thread.id, never);
    expect(undo).toMatchObject({ kind: 'restored', commit: before, merge: merge.id });
    expect(view.status).toBe('ready');
    expect((await host.undos.undo(thread.id, never)).undo).toEqual(undo);
  });

  test('is refused in words of its own where something is in the way, and names the thread as people know it', async () => {
    const world = coreWorld();
    const message = 'main is checked out in /shop, where a.txt is edited. Commit it, then merge again.';
    const inTheWay = async () => ({
      kind: 'blocked' as const,
      reason: 'target_has_edits' as const,
      message,
      files: [],
    });
    const host = coreHost(world, { merging: driverWith(world, { undo: inTheWay }) });
    const thread = await readyThread(world, host);
    const merge = await host.merges.request({ thread: thread.id });
    await host.merges.wait(merge.id, never);
    const from = '1'.repeat(40);
    world.store.transact(stores =>
      stores.landings.save({
        ...{ merge: merge.id, step: 'done', commonDir: '/shop/.git', target: 'main', at: 1, from, to: '2'.repeat(40) },
      }),
    );
    await expect(host.undos.undo(thread.id, never)).rejects.toMatchObject({
      message: `The merge of "${thread.summary}" was not taken back: ${message.replace('merge again.', 'undo the merge again.')}`,
    });
  });

  test('is refused for a thread that was not merged', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    await expect(host.undos.undo(thread.id, never)).rejects.toMatchObject({ code: 'merge.refused' });
  });
});

describe('cancelling a merge', () => {
  test('one in the queue ends at once, one at work when git lets go', async () => {
    const world = coreWorld();
    const host = coreHost(world, { merging: gated(world, deferred()) });
    const first = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const second = await host.merges.request({ thread: (await readyThread(world, host, 'other\n')).id });
    await settle();
    expect(host.merges.cancel(second.id).status).toBe('cancelled');
    host.merges.cancel(first.id);
    expect((await host.merges.wait(first.id, never)).status).toBe('cancelled');
    expect(world.git.read('/shop/readme.md')).toBe('one\n');
  });

  test('one that has ended stays as it is', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    await host.merges.wait(merge.id, never);
    expect(host.merges.cancel(merge.id).status).toBe('merged');
  });
});

describe('when the host goes', () => {
  test('in the middle, the next one finishes the merges in their order', async () => {
    const world = coreWorld();
    const host = coreHost(world, { merging: gated(world, deferred()) });
    const first = await host.merges.request({ thread: (await readyThread(world, host)).id });
    const second = await host.merges.request({ thread: (await readyThread(world, host, 'two\n')).id });
    await settle();
    await host.end();
    expect([first, second].map(({ id }) => host.merges.get(id).status)).toEqual(['checking', 'queued']);
    const next = coreHost(world);
    await next.takeUp();
    expect((await next.merges.wait(first.id, never)).status).toBe('merged');
    expect(await next.merges.wait(second.id, never)).toMatchObject({ status: 'blocked', reason: 'nothing_to_merge' });
  });

  test('after the branch moved and before that was written, the merge is done once', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const thread = await readyThread(world, host);
    const merge = await host.merges.request({ thread: thread.id });
    await host.merges.wait(merge.id, never);
    const main = world.git.branches.get('main');
    world.store.transact(stores => {
      stores.merges.update({ ...merge, status: 'checking' });
    });
    const next = coreHost(world);
    await next.takeUp();
    expect((await next.merges.wait(merge.id, never)).status).toBe('merged');
    expect(world.git.branches.get('main')).toBe(main);
  });

  test('a git that never lets go does not keep it', async () => {
    const world = coreWorld();
    const stuck = driverWith(world, { compute: () => new Promise(() => undefined) });
    const host = coreHost(world, { merging: stuck });
    const merge = await host.merges.request({ thread: (await readyThread(world, host)).id });
    await settle();
    const ending = host.end();
    await world.clock.advance(30_000);
    await ending;
    expect(host.merges.get(merge.id).status).toBe('checking');
  });
});
