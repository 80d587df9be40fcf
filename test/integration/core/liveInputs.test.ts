import { describe, expect, test } from 'vitest';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, finishRun, runNow } from '../../support/coreHost.ts';

const attached = { prompt: 'cat > config.yml', command: true, input: {} };
const abandoned = {
  status: 'failed',
  error: { code: 'request.invalid', message: expect.stringContaining('Run it again.') },
};

describe('a command whose input somebody gives', () => {
  test('does not run with nothing to read when the host that had its input is gone', async () => {
    const world = coreWorld();
    const before = coreHost(world);
    const task = await before.dispatch();
    const { run } = await before.dispatch({ ...attached, thread: task.thread.id });
    expect(runNow(world, run)).toMatchObject({ status: 'queued', liveInput: true });
    await before.end();
    await coreHost(world).takeUp();
    await finishRun(world, task);
    expect(runNow(world, run)).toMatchObject(abandoned);
  });

  test('does not run so either when its host was killed between its claim and its start', async () => {
    const world = coreWorld();
    const before = coreHost(world);
    const task = await before.dispatch();
    const { run } = await before.dispatch({ ...attached, thread: task.thread.id });
    await before.end();
    world.store.transact(({ runs }) => runs.update({ ...runNow(world, run), status: 'starting', generation: 1 }));
    await coreHost(world).takeUp();
    await finishRun(world, task);
    await settle();
    const runs = world.store.read(stores => stores.runs.ofThread(task.thread.id));
    expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'lost', 'failed']);
    expect(runs.at(-1)).toMatchObject(abandoned);
  });

  test('keeps nobody waiting who gives it, when it is cancelled in the queue', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    const { run } = await host.dispatch({ ...attached, thread: task.thread.id });
    const given = host.inputs.of(run.id)?.give({ data: Buffer.from('one'), end: true }, new AbortController().signal);
    await host.threads.cancel(task.thread.id);
    await given;
    expect(runNow(world, run).status).toBe('cancelled');
    expect(host.inputs.of(run.id)).toBeUndefined();
  });

  test('is another thing than one that has none', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const { run } = await host.dispatch({ prompt: 'ls', command: true });
    expect(runNow(world, run)).toMatchObject({ error: { code: 'provider.missing' } });
    expect(runNow(world, run)).not.toHaveProperty('liveInput');
  });
});
