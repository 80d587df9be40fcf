import { describe, expect, test } from 'vitest';
import type { BatchTask } from '../../../src/core/batches/batchService.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, finishRun, runNow, waitingAgent, type CoreWorld } from '../../support/coreHost.ts';
import { specOf } from '../../support/projectSpecs.ts';

const task = ({ project }: CoreWorld, key: string, dependsOn: readonly string[] = [], agent = 'dev'): BatchTask => ({
  key,
  dependsOn,
  dispatch: { project, agent, prompt: `Do ${key}`, context: [], environment: {} },
});

describe('a batch', () => {
  test('starts each task when those that it depends on are completed, and not when they are only ready', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const made = await host.batches.create('release', [
      task(world, 'b', ['a']),
      task(world, 'a'),
      task(world, 'c', ['a', 'b']),
    ]);
    await settle();
    const of = (key: string) => {
      const found = made.get(key);
      if (!found) throw new Error(key);
      return found;
    };
    const status = (key: string) => runNow(world, of(key).run).status;
    expect(['a', 'b', 'c'].map(status)).toEqual(['running', 'queued', 'queued']);
    expect(await host.threads.get(of('b').thread.id)).toMatchObject({
      status: 'queued',
      batch: 'release',
      awaited: [{ threadId: of('a').thread.id }],
    });
    await finishRun(world, of('a'));
    host.runs.queued();
    expect(status('b')).toBe('queued');
    await host.threads.close(of('a').thread.id);
    host.runs.queued();
    expect(['a', 'b', 'c'].map(status)).toEqual(['succeeded', expect.stringMatching(/starting|running/), 'queued']);
  });

  test('says of a task that its dependency was abandoned, so that it does not wait for ever unseen', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const made = await host.batches.create('x', [task(world, 'a'), task(world, 'b', ['a'])]);
    await host.threads.abandon(made.get('a')?.thread.id ?? '');
    expect(await host.threads.get(made.get('b')?.thread.id ?? '')).toMatchObject({
      status: 'needs_you',
      needs: expect.stringMatching(/^It waits for thread \w+, which is abandoned\.$/) as string,
    });
  });

  test.each([
    [
      'a circle',
      [
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ],
      /a → b → c → a/,
    ],
    ['itself', [['a', ['a']]], /a → a/],
    ['a task that is not there', [['a', ['z']]], /depends on "z"/],
    [
      'a name twice',
      [
        ['a', []],
        ['a', []],
      ],
      /Two tasks are called "a"/,
    ],
    ['nothing', [], /no tasks/],
  ] as const)('with %s is refused and leaves nothing', async (_, tasks, reason) => {
    const world = coreWorld();
    const host = coreHost(world);
    const given = tasks.map(([key, dependsOn]) => task(world, key, dependsOn));
    await expect(host.batches.create('x', given)).rejects.toThrow(reason);
    expect(world.store.read(stores => stores.threads.page({ limit: 5 }).threads)).toEqual([]);
  });

  test('with one impossible task gives none', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const tasks = [task(world, 'a'), task(world, 'b', [], 'nobody')];
    await expect(host.batches.create('x', tasks)).rejects.toMatchObject({ code: 'agent.unknown' });
    expect(world.store.read(stores => stores.threads.page({ limit: 5 }).threads)).toEqual([]);
  });

  test('asked for again gives nothing twice; abandoned, all of it that is open goes', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const tasks = [task(world, 'a'), task(world, 'b', ['a'])];
    const first = await host.batches.create('x', tasks);
    const again = await host.batches.create('x', tasks);
    expect([...again.values()].map(({ run }) => run.id)).toEqual([...first.values()].map(({ run }) => run.id));
    expect(host.batches.threads('x')).toHaveLength(2);
    expect((await host.batches.abandon('x')).abandoned).toHaveLength(2);
    expect(host.batches.threads('x').map(({ status }) => status)).toEqual(['abandoned', 'abandoned']);
    expect((await host.batches.abandon('x')).abandoned).toEqual([]);
    expect(() => host.batches.threads('y')).toThrow(/no batch "y".*x/);
  });

  test('threads that would wait for each other by follow-ups are refused', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const one = await host.dispatch();
    const two = await host.dispatch({ dependsOn: [one.thread.id] });
    await expect(host.dispatch({ thread: one.thread.id, dependsOn: [two.thread.id] })).rejects.toThrow(/circle/);
    await expect(host.dispatch({ thread: one.thread.id, dependsOn: [one.thread.id] })).rejects.toThrow(/circle/);
  });

  test('a queue that is full says what it is full of', async () => {
    const text = JSON.parse(waitingAgent) as object;
    const world = coreWorld(specOf(JSON.stringify({ ...text, limits: { queued: 1, concurrency: 1 } })));
    const host = coreHost(world);
    await host.dispatch();
    const waiting = await host.dispatch();
    await expect(host.dispatch()).rejects.toThrow(new RegExp(`dev on ${waiting.thread.id}`));
  });
});

describe('attempts at the same task', () => {
  const attempt = (world: CoreWorld, key: string): BatchTask => {
    const made = task(world, key);
    return { ...made, dispatch: { ...made.dispatch, prompt: 'Fix the login', summary: key } };
  };

  test('one is kept, and the others are abandoned with their work, at work or not; what landed and other tasks stay', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const made = await host.batches.create('best-of-4', [
      ...['kept', 'ready', 'working', 'merged'].map(key => attempt(world, key)),
      task(world, 'other'),
    ]);
    await settle();
    const idOf = (key: string) => made.get(key)?.thread.id ?? '';
    for (const key of ['kept', 'ready', 'merged']) {
      const dispatched = made.get(key);
      if (dispatched) await finishRun(world, dispatched, `${key}\n`);
    }
    const merge = await host.merges.request({ thread: idOf('merged') });
    await host.merges.wait(merge.id, new AbortController().signal);

    const { kept, abandoned, failed } = await host.batches.keep(idOf('kept'));
    expect(kept.thread.id).toBe(idOf('kept'));
    expect(abandoned.toSorted()).toEqual([idOf('ready'), idOf('working')].toSorted());
    expect(failed).toEqual([]);
    const outcomes = world.store.read(stores =>
      Object.fromEntries([...made].map(([key, { thread }]) => [key, stores.threads.get(thread.id)?.outcome])),
    );
    const attempts = host.batches.threads('best-of-4').map(view => view.attempt);
    expect(attempts).toEqual([...[1, 2, 3, 4].map(place => ({ place, of: 4 })), undefined]);
    expect(outcomes).toEqual({
      kept: 'open',
      ready: 'abandoned',
      working: 'abandoned',
      merged: 'completed',
      other: 'open',
    });
    const { thread } = await host.threads.restore(idOf('ready'));
    expect(world.git.checkouts.get(thread.worktree ?? '')?.files.get('readme.md')).toBe('ready\n');
  });

  test('a thread without other attempts is not kept from anything', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const alone = await host.dispatch();
    await expect(host.batches.keep(alone.thread.id)).rejects.toThrow(/only attempt/);
    const made = await host.batches.create('night', [task(world, 'a'), task(world, 'b')]);
    expect(host.batches.threads('night').map(view => view.attempt)).toEqual([undefined, undefined]);
    await expect(host.batches.keep(made.get('a')?.thread.id ?? '')).rejects.toMatchObject({ code: 'request.invalid' });
    expect(world.store.read(stores => stores.threads.get(made.get('b')?.thread.id ?? alone.thread.id)?.outcome)).toBe(
      'open',
    );
  });

  test('one that cannot be abandoned is told, and the others go', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const made = await host.batches.create(
      'best',
      ['a', 'b', 'c'].map(key => attempt(world, key)),
    );
    await settle();
    for (const each of made.values()) await finishRun(world, each, 'x\n');
    const stuck = made.get('b')?.thread.id ?? '';
    world.rescuing.failNextKeep = new Error('the disk is full');
    const { abandoned, failed } = await host.batches.keep(made.get('a')?.thread.id ?? '');
    expect(failed).toEqual([{ threadId: stuck, reason: 'the disk is full' }]);
    expect(abandoned).toEqual([made.get('c')?.thread.id]);
  });
});
