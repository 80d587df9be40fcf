import { describe, expect, onTestFinished, test } from 'vitest';
import { deferred, untilAborted } from '../../../src/base/async.js';
import type { CommandShell } from '../../../src/core/commands/commandShell.js';
import type { Merge } from '../../../src/core/merges/merge.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, finishRun, waitingAgent, type CoreHost, type CoreWorld } from '../../support/coreHost.ts';
import { specOf } from '../../support/projectSpecs.ts';
import { driverWith } from './mergingWorld.ts';

const never = new AbortController().signal;
const spec = (batch: number) =>
  specOf(JSON.stringify({ ...(JSON.parse(waitingAgent) as object), merge: { verify: ['test'], batch } }));

/** A thread whose agent has made a file of its own. */
async function threadWith(world: CoreWorld, host: CoreHost, name: string) {
  const task = await host.dispatch();
  const worktree = world.store.read(stores => stores.threads.get(task.thread.id))?.worktree ?? '';
  world.git.write(`${worktree}/${name}.md`, `${name}\n`);
  await finishRun(world, task, 'one\n');
  return task.thread;
}

/** Fails where the result has one of these files; the first command is held until `go`. */
function shellThatMinds(world: () => CoreWorld, ...bad: readonly string[]) {
  const ran: string[][] = [];
  const gate = deferred<void>();
  const shell: CommandShell = {
    endLeftovers: async () => undefined,
    async run({ cwd }, signal) {
      const commit = world().git.commit(cwd.split('/').at(-1) ?? '');
      const files = [...commit.files.keys()].filter(name => name !== 'readme.md').map(name => name.slice(0, 1));
      ran.push(files.toSorted());
      await untilAborted(gate.promise, signal ?? never);
      const exitCode = files.some(file => bad.includes(file)) ? 1 : 0;
      return { exitCode, output: exitCode === 0 ? 'ok\n' : 'a test failed\n', truncated: false };
    },
  };
  return { shell, ran, go: () => gate.resolve() };
}

/** Merges of threads a, b, c, …; the first is at work alone, because nothing else waited when it came. */
async function queued(names: string, { batch = 5, bad = [] as readonly string[] } = {}) {
  const world = coreWorld(spec(batch));
  const { shell, ran, go } = shellThatMinds(() => world, ...bad);
  const host = coreHost(world, { shell });
  const merges: Merge[] = [];
  for (const name of names) {
    merges.push(await host.merges.request({ thread: (await threadWith(world, host, name)).id }));
    await settle();
  }
  onTestFinished(() => host.end());
  const ends = async () => {
    go();
    return await Promise.all(merges.map(({ id }) => host.merges.wait(id, never)));
  };
  const landed = () => Object.keys(Object.fromEntries(world.git.commit(world.git.branches.get('main') ?? '').files));
  return { world, host, merges, ran, ends, landed };
}

describe('merges that are verified together', () => {
  test('land in one step when all of them are green, each with its own commit', async () => {
    const { world, host, merges, ran, ends, landed } = await queued('abcd');
    expect((await ends()).map(({ status }) => status)).toEqual(['merged', 'merged', 'merged', 'merged']);
    expect(ran).toEqual([['a'], ['a', 'b', 'c', 'd']]);
    expect(landed().toSorted()).toEqual(['a.md', 'b.md', 'c.md', 'd.md', 'readme.md']);
    const [, b, c, d] = merges.map(({ id }) => host.merges.get(id));
    expect(world.git.commit(d?.commit ?? '').parents[0]).toBe(c?.commit);
    expect(world.git.commit(c?.commit ?? '').parents[0]).toBe(b?.commit);
    expect(c?.message).toBe('Verified and merged together with 2 more.');
    expect(world.store.read(stores => stores.threads.get(c?.threadId ?? merges[0]!.threadId))?.outcome).toBe(
      'completed',
    );
  });

  test('the output that verified them is that of each', async () => {
    const { host, merges, ends } = await queued('abc');
    const ended = await ends();
    expect(host.merges.checks(merges[2]?.id ?? '')).toMatchObject([
      { command: 'test', output: 'ok\n', candidate: ended[2]?.commit },
    ]);
  });

  test('a red one is found by halves; the others land, once, and what landed was verified', async () => {
    const { ran, ends, landed } = await queued('abcde', { bad: ['d'] });
    expect((await ends()).map(({ status }) => status)).toEqual(['merged', 'merged', 'merged', 'blocked', 'merged']);
    expect(landed().toSorted()).toEqual(['a.md', 'b.md', 'c.md', 'e.md', 'readme.md']);
    expect(ran.slice(0, 4)).toEqual([['a'], ['a', 'b', 'c', 'd', 'e'], ['a', 'b', 'c', 'd', 'e'], ['a', 'b', 'c']]);
    expect(ran.at(-1)).toEqual(['a', 'b', 'c', 'e']);
  });

  test('are never more than the file allows, and never of another target', async () => {
    const { ran, ends } = await queued('abcdef', { batch: 2 });
    await ends();
    expect(ran).toEqual([['a'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd', 'e'], ['a', 'b', 'c', 'd', 'e', 'f']]);
  });

  test('without verify commands each lands by itself', async () => {
    const world = coreWorld(specOf(JSON.stringify({ ...(JSON.parse(waitingAgent) as object), merge: { batch: 5 } })));
    const host = coreHost(world);
    const merges = [];
    for (const name of 'abc')
      merges.push(await host.merges.request({ thread: (await threadWith(world, host, name)).id }));
    for (const { id } of merges) expect((await host.merges.wait(id, never)).message).toBe('');
  });

  test('what conflicts with another of them waits for its own turn, and is told then', async () => {
    const world = coreWorld(spec(5));
    const { shell, ran, go } = shellThatMinds(() => world);
    const host = coreHost(world, { shell });
    const merges = [];
    for (const [name, text] of [
      ['a', '1'],
      ['b', '2'],
      ['b', '3'],
      ['c', '4'],
    ] as const) {
      const task = await host.dispatch();
      const worktree = world.store.read(stores => stores.threads.get(task.thread.id))?.worktree ?? '';
      world.git.write(`${worktree}/${name}.md`, text);
      await finishRun(world, task, 'one\n');
      merges.push(await host.merges.request({ thread: task.thread.id }));
      await settle();
    }
    go();
    const ended = await Promise.all(merges.map(({ id }) => host.merges.wait(id, never)));
    expect(ended.map(({ status }) => status)).toEqual(['merged', 'merged', 'conflicted', 'merged']);
    expect(ran).toEqual([['a'], ['a', 'b', 'c']]);
  });

  test('cancelling one leaves the others', async () => {
    const world = coreWorld(spec(5));
    let held = deferred<void>();
    const started: number[] = [];
    const shell: CommandShell = {
      endLeftovers: async () => undefined,
      async run(_, signal) {
        started.push(1);
        await untilAborted(held.promise, signal ?? never);
        return { exitCode: 0, output: '', truncated: false };
      },
    };
    const host = coreHost(world, { shell });
    const merges: Merge[] = [];
    for (const name of 'abcd') {
      merges.push(await host.merges.request({ thread: (await threadWith(world, host, name)).id }));
      await settle();
    }
    held.resolve();
    held = deferred();
    await host.merges.wait(merges[0]?.id ?? '', never);
    await settle();
    expect(merges.map(({ id }) => host.merges.get(id).status)).toEqual(['merged', 'checking', 'checking', 'checking']);
    host.merges.cancel(merges[2]?.id ?? '');
    expect((await host.merges.wait(merges[2]?.id ?? '', never)).status).toBe('cancelled');
    await settle();
    held.resolve();
    const ended = await Promise.all(merges.map(({ id }) => host.merges.wait(id, never)));
    expect(ended.map(({ status }) => status)).toEqual(['merged', 'merged', 'cancelled', 'merged']);
    expect(started).toHaveLength(3);
  });

  test('when the target moves meanwhile they are verified anew on top of it', async () => {
    const world = coreWorld(spec(5));
    const { shell, ran, go } = shellThatMinds(() => world);
    const moving: CommandShell = {
      ...shell,
      async run(command, signal) {
        const end = await shell.run(command, signal);
        if (ran.length === 2) world.git.commitOn('main', { 'x.md': 'mine\n' });
        return end;
      },
    };
    const host = coreHost(world, { shell: moving });
    const merges: Merge[] = [];
    for (const name of 'abc') {
      merges.push(await host.merges.request({ thread: (await threadWith(world, host, name)).id }));
      await settle();
    }
    go();
    const ended = await Promise.all(merges.map(({ id }) => host.merges.wait(id, never)));
    expect(ended.map(({ status }) => status)).toEqual(['merged', 'merged', 'merged']);
    expect(ran.slice(2)).toEqual([
      ['a', 'b', 'x'],
      ['a', 'b', 'c', 'x'],
    ]);
  });

  test('a broken git fails the one that it broke on, and none of the others', async () => {
    const world = coreWorld(spec(5));
    const { shell, go } = shellThatMinds(() => world);
    let broken = '';
    const merging = driverWith(world, {
      compute: async (request, signal) => {
        if (request.id === broken) throw new Error('git is gone');
        return await world.merging.compute(request, signal);
      },
    });
    const host = coreHost(world, { shell, merging });
    const merges: Merge[] = [];
    for (const name of 'abcd') {
      merges.push(await host.merges.request({ thread: (await threadWith(world, host, name)).id }));
      await settle();
    }
    broken = merges[2]?.id ?? '';
    go();
    const ended = await Promise.all(merges.map(({ id }) => host.merges.wait(id, never)));
    expect(ended.map(({ status }) => status)).toEqual(['merged', 'merged', 'failed', 'merged']);
  });
});
