import { describe, expect, test } from 'vitest';
import { deferred, type Deferred } from '../../../src/base/async.js';
import { CellService } from '../../../src/core/notebooks/cellService.js';
import type { CellRequest, CellSignals, ExecutedCell } from '../../../src/core/notebooks/notebookServerDriver.js';
import { silentLog } from '../../../src/base/log.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, finishRun } from '../../support/coreHost.ts';
import { fakeCommand } from '../../support/fakes/fakeSandbox.ts';
import { specOf } from '../../support/projectSpecs.ts';

/** Kernels whose cells end when the test says so. */
function kernels() {
  const asked: { readonly cell: CellRequest; readonly signals: CellSignals; readonly end: Deferred<ExecutedCell> }[] =
    [];
  const driver = {
    execute: async (_: unknown, cell: CellRequest, signals: CellSignals): Promise<ExecutedCell> => {
      const end = deferred<ExecutedCell>();
      asked.push({ cell, signals, end });
      for (const signal of [signals.unwanted, signals.letGo])
        signal.addEventListener('abort', () => end.reject(signal.reason));
      return await end.promise;
    },
  };
  const notebooks = {
    start: async (thread: string) => ({ id: 'server', threadId: thread, state: 'ready', startedAt: 1 }) as never,
  };
  return { asked, service: new CellService({ notebooks, driver, log: silentLog }) };
}

const letter = { kind: 'cell', code: 'print(1)', seconds: 5 };
const shown: ExecutedCell = { end: 'ok', count: 1, outputs: [{ kind: 'text', text: '1\n' }] };

describe('a cell of an agent', () => {
  test('is executed in the console of its thread, and answered with what it showed', async () => {
    const world = coreWorld();
    const { asked, service } = kernels();
    const host = coreHost(world, { cells: service });
    const { run } = await host.dispatch();
    const number = world.sandbox.writeLetter(run.id, letter);
    await settle();
    expect(asked).toMatchObject([
      { cell: { message: `${run.id}-${number}`, path: 'muster-exec', code: 'print(1)', limitMs: 5000, again: false } },
    ]);
    host.mail.look(run.id);
    expect(asked).toHaveLength(1);
    asked[0]?.end.resolve(shown);
    await settle();
    expect(world.sandbox.answerTo(run.id, number)).toEqual(shown);
  });

  test('is looked for under its name by the next host, and goes on when a host ends', async () => {
    const world = coreWorld();
    const first = kernels();
    const host = coreHost(world, { cells: first.service });
    const { run } = await host.dispatch();
    const number = world.sandbox.writeLetter(run.id, { ...letter, notebook: 'a/b.ipynb' });
    await settle();
    await host.end();
    expect(first.asked[0]?.signals.unwanted.aborted).toBe(false);
    expect(world.sandbox.answerTo(run.id, number)).toBeUndefined();
    const next = kernels();
    await coreHost(world, { cells: next.service }).takeUp();
    expect(next.asked).toMatchObject([{ cell: { message: `${run.id}-${number}`, path: 'a/b.ipynb', again: true } }]);
  });

  test('is not wanted any more when its run has ended', async () => {
    const world = coreWorld();
    const { asked, service } = kernels();
    const host = coreHost(world, { cells: service });
    const { run } = await host.dispatch();
    world.sandbox.writeLetter(run.id, letter);
    await settle();
    world.sandbox.exit(run.id, { code: 0 });
    await settle();
    expect(asked[0]?.signals.unwanted.aborted).toBe(true);
  });

  test('that is none, or leads out of the worktree, is refused in words', async () => {
    const world = coreWorld();
    const { asked, service } = kernels();
    const host = coreHost(world, { cells: service });
    const { run } = await host.dispatch();
    for (const [body, words] of [
      [{ kind: 'cell', code: ' ' }, /no code/],
      [{ kind: 'cell', code: 'x', notebook: '../other/a.ipynb' }, /inside the worktree/],
      [{ kind: 'cell', code: 'x', notebook: '/etc/passwd' }, /inside the worktree/],
      [{ kind: 'cell', code: 'x'.repeat(300_000) }, /into a file/],
    ] as const) {
      const number = world.sandbox.writeLetter(run.id, body);
      await settle();
      expect(world.sandbox.answerTo(run.id, number)).toMatchObject({ error: expect.stringMatching(words) as string });
    }
    expect(asked).toEqual([]);
  });

  test('waits for its answer where its server does not start, which says why', async () => {
    const world = coreWorld();
    const notebooks = { start: () => Promise.reject(new Error('Jupyter is not there')) };
    const driver = { execute: () => Promise.reject(new Error('No cell was expected')) };
    const host = coreHost(world, { cells: new CellService({ notebooks, driver, log: silentLog }) });
    const { run } = await host.dispatch();
    const number = world.sandbox.writeLetter(run.id, letter);
    await settle();
    expect(world.sandbox.answerTo(run.id, number)).toEqual({ error: 'Jupyter is not there' });
  });

  test('has company of nineteen at most', async () => {
    const world = coreWorld();
    const { asked, service } = kernels();
    const host = coreHost(world, { cells: service });
    const { run } = await host.dispatch();
    const numbers = Array.from({ length: 21 }, () => world.sandbox.writeLetter(run.id, letter));
    await settle();
    expect(asked).toHaveLength(20);
    expect(world.sandbox.answerTo(run.id, numbers.at(-1) ?? 0)).toMatchObject({
      error: expect.stringContaining('20 cells') as string,
    });
  });
});

describe('who may execute code in the kernels of a thread', () => {
  /** What the runs of a world are given, in their order. */
  async function toolsOf(dev: object, reviewer?: object) {
    const seen: (readonly string[])[] = [];
    const spec = {
      providers: { mine: { command: fakeCommand, args: ['[{"wait":true}]'], output: { format: 'text' } } },
      agents: { dev: { provider: 'mine', ...dev }, ...(reviewer && { reviewer: { provider: 'mine', ...reviewer } }) },
    };
    const world = coreWorld(specOf(JSON.stringify(spec)));
    const host = coreHost(world, {
      decorate: provider => ({
        ...provider,
        tools: ['execute', 'verdict'],
        command: request => {
          seen.push(request.tools?.tools ?? []);
          return provider.command(request);
        },
      }),
    });
    await finishRun(world, await host.dispatch());
    await settle();
    return seen;
  }
  const enabled = { jupyter: { enabled: true }, permissions: 'auto' };

  test('is the agent whose thread it is, when it may run commands', async () => {
    expect(await toolsOf(enabled)).toEqual([['execute']]);
    expect(await toolsOf({ permissions: 'auto' })).toEqual([[]]);
    expect(await toolsOf({ ...enabled, permissions: 'confined' })).toEqual([[]]);
  });

  test('is not a reviewer: the kernels have the files and variables of somebody else', async () => {
    const dev = { ...enabled, handoff: { on_response: 'reviewer' } };
    expect(await toolsOf(dev, enabled)).toEqual([['execute'], ['verdict']]);
  });
});
