import { describe, expect, test } from 'vitest';
import type { Provider } from '../../../src/core/agents/provider.js';
import type { Run } from '../../../src/core/runs/run.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, runNow, type CoreWorld } from '../../support/coreHost.ts';
import { fakeCommand } from '../../support/fakes/fakeSandbox.ts';
import { specOf } from '../../support/projectSpecs.ts';

/** Claude Code as the fake program: what it says decides how it fails. */
const decorate = (provider: Provider): Provider => ({
  ...provider,
  command: () => ({ argv: [fakeCommand, '[{"wait":true}]'], env: {}, stdin: 'none' }),
});

const world = (retries?: object): CoreWorld =>
  coreWorld(specOf(JSON.stringify({ agents: { dev: { provider: 'claude', ...(retries ? { retries } : {}) } } })));

function runsOf({ store }: CoreWorld, { threadId }: Pick<Run, 'threadId'>): readonly Run[] {
  return store.read(stores => stores.runs.ofThread(threadId));
}

function lastOf(of: CoreWorld, run: Run): Run {
  const last = runsOf(of, run).at(-1);
  if (!last) throw new Error('No run');
  return last;
}

async function fails(of: CoreWorld, run: Run, status: number): Promise<void> {
  const error = { type: 'assistant', error: 'x', api_error_status: status, message: { content: [] } };
  of.sandbox.write(run.id, `${JSON.stringify(error)}\n`);
  of.sandbox.exit(run.id, { code: 1 });
  await settle();
}

async function succeeds(of: CoreWorld, run: Run): Promise<void> {
  of.sandbox.write(run.id, `${JSON.stringify({ type: 'result', subtype: 'success', result: 'Done.' })}\n`);
  of.sandbox.exit(run.id, { code: 0 });
  await settle();
}

describe('a run that fails', () => {
  test('for a reason that passes is tried again after a pause that doubles, and says nothing meanwhile', async () => {
    const of = world({ max: 2, backoff: '30s' });
    const host = coreHost(of, { decorate });
    const { run, thread } = await host.dispatch();
    await fails(of, run, 503);
    expect(await host.threads.get(thread.id)).toMatchObject({ status: 'queued', delay: { reason: 'retry' } });
    await of.clock.advance(29_000);
    expect(runsOf(of, run).map(({ status }) => status)).toEqual(['failed', 'queued']);
    await of.clock.advance(2_000);
    const second = lastOf(of, run);
    expect(second).toMatchObject({ status: 'running', messageId: run.messageId });
    await fails(of, second, 503);
    await of.clock.advance(59_000);
    expect(lastOf(of, run).status).toBe('queued');
    await of.clock.advance(2_000);
    await fails(of, lastOf(of, run), 503);
    expect(runsOf(of, run)).toHaveLength(3);
    expect(await host.threads.get(thread.id)).toMatchObject({ status: 'needs_you' });
    const messages = of.store.read(stores => stores.messages.ofThread(thread.id));
    expect(messages.map(({ intent }) => intent)).toEqual(['dispatch', 'error']);
  });

  test('waits four times as long for a rate limit', async () => {
    const of = world({ max: 1, backoff: '30s' });
    const { run } = await coreHost(of, { decorate }).dispatch();
    await fails(of, run, 429);
    await of.clock.advance(119_000);
    expect(lastOf(of, run).status).toBe('queued');
    await of.clock.advance(2_000);
    expect(lastOf(of, run).status).toBe('running');
  });

  test.each([
    ['a login', 401],
    ['a quota', 402],
    ['a model', 404],
    ['a bad request', 400],
  ])('for %s is not tried again, however many retries there are', async (_, status) => {
    const of = world({ max: 9 });
    const { run } = await coreHost(of, { decorate }).dispatch();
    await fails(of, run, status);
    expect(runsOf(of, run)).toHaveLength(1);
  });

  test('without retries is not tried again', async () => {
    const of = world();
    const { run } = await coreHost(of, { decorate }).dispatch();
    await fails(of, run, 503);
    expect(runsOf(of, run)).toHaveLength(1);
  });

  test('because its conversation is gone gets one fresh start, then it is an error', async () => {
    const of = world();
    const host = coreHost(of, { decorate });
    const { run } = await host.dispatch();
    const gone = async (one: Run): Promise<void> => {
      of.sandbox.write(
        one.id,
        `${JSON.stringify({ type: 'result', is_error: true, errors: ['No conversation found'] })}\n`,
      );
      of.sandbox.exit(one.id, { code: 1 });
      await settle();
      await of.clock.advance(1_000);
    };
    await gone(run);
    const second = lastOf(of, run);
    expect(second).toMatchObject({ status: 'running', messageId: run.messageId });
    await gone(second);
    expect(runsOf(of, run)).toHaveLength(2);
    expect(lastOf(of, run)).toMatchObject({ status: 'failed', error: { code: 'conversation_missing' } });
  });

  test('is tried again with what its message asked: nothing is handed on when that was so', async () => {
    const handoff = { on_response: 'reviewer' };
    const of = coreWorld(
      specOf(
        JSON.stringify({
          agents: {
            dev: { provider: 'claude', retries: { max: 1, backoff: '1s' }, handoff },
            reviewer: { provider: 'claude' },
          },
        }),
      ),
    );
    const { run } = await coreHost(of, { decorate }).dispatch({ skipHandoff: true });
    await fails(of, run, 503);
    await of.clock.advance(2_000);
    await succeeds(of, lastOf(of, run));
    await of.clock.advance(1_000);
    expect(runsOf(of, run).map(({ agent, status }) => `${agent} ${status}`)).toEqual(['dev failed', 'dev succeeded']);
  });

  test('is tried again by the next host too, and at the time that was said', async () => {
    const of = world({ max: 1, backoff: '30s' });
    const host = coreHost(of, { decorate });
    const { run } = await host.dispatch();
    await fails(of, run, 503);
    await host.end();
    await of.clock.advance(10_000);
    await coreHost(of, { decorate }).takeUp();
    expect(lastOf(of, run).status).toBe('queued');
    await of.clock.advance(21_000);
    expect(lastOf(of, run).status).toBe('running');
  });

  test('is not tried again on a thread that was closed, and not on top of what a person says next', async () => {
    const of = world({ max: 3, backoff: '30s' });
    const host = coreHost(of, { decorate });
    const { run, thread } = await host.dispatch();
    await fails(of, run, 503);
    await host.dispatch({ thread: thread.id, prompt: 'Do it otherwise' });
    await of.clock.advance(60_000);
    expect(runsOf(of, run).map(({ status }) => status)).toEqual(['failed', 'cancelled', 'running']);
    await host.threads.close(thread.id, { stop: true, outcome: 'failed' });
    await of.clock.advance(600_000);
    expect(runsOf(of, run).at(-1)?.status).toBe('cancelled');
  });
});

describe('a provider that fails three times in a row', () => {
  async function broken(of: CoreWorld) {
    const host = coreHost(of, { decorate });
    for (let count = 0; count < 3; count++) {
      const { run } = await host.dispatch();
      await fails(of, run, 503);
    }
    return host;
  }

  test('is left alone for a minute, then one run is tried, and its success lets the others go on', async () => {
    const of = world();
    const host = await broken(of);
    const { run: first } = await host.dispatch();
    const { run: second } = await host.dispatch();
    expect(runNow(of, first).status).toBe('queued');
    await of.clock.advance(61_000);
    expect([runNow(of, first).status, runNow(of, second).status]).toEqual(['running', 'queued']);
    await succeeds(of, first);
    expect(runNow(of, second).status).toBe('running');
  });

  test('is left alone again when the one that was tried fails, by the next host too', async () => {
    const of = world({ max: 5, backoff: '1s' });
    const host = await broken(of);
    await host.end();
    const next = coreHost(of, { decorate });
    await next.takeUp();
    const running = () => of.store.read(stores => stores.runs.active()).map(({ run }) => run);
    expect(running()).toEqual([]);
    await of.clock.advance(61_000);
    expect(running()).toHaveLength(1);
    // A failure that is tried again, which must not leave anything stuck.
    for (const probe of running()) await fails(of, probe, 503);
    expect(running()).toEqual([]);
    await of.clock.advance(61_000);
    expect(running()).toHaveLength(1);
  });

  test('is tried again when the run that was to show it was cancelled', async () => {
    const of = world();
    const host = await broken(of);
    const { thread } = await host.dispatch();
    const { run: second } = await host.dispatch();
    await of.clock.advance(61_000);
    await host.threads.abandon(thread.id);
    await settle();
    expect(runNow(of, second).status).toBe('running');
    expect(of.store.read(stores => stores.breakers.of('claude'))?.failures).toBe(3);
  });
});

describe('a dispatch for later', () => {
  test('starts when it is time, and not because others end', async () => {
    const of = world();
    const host = coreHost(of, { decorate });
    const dueAt = of.clock.now() + 3_600_000;
    const { run, thread } = await host.dispatch({ dueAt });
    const { run: other } = await host.dispatch();
    await succeeds(of, other);
    expect(await host.threads.get(thread.id)).toMatchObject({
      status: 'queued',
      delay: { dueAt, reason: 'scheduled' },
    });
    await of.clock.advance(3_601_000);
    expect(runNow(of, run).status).toBe('running');
  });

  test('in the past is refused and leaves nothing', async () => {
    const of = world();
    const host = coreHost(of, { decorate });
    await expect(host.dispatch({ dueAt: of.clock.now() - 1 })).rejects.toThrow(/is over; it is 20/);
    expect(of.store.read(stores => stores.threads.page({ limit: 5 }).threads)).toEqual([]);
  });

  test('is cancelled with its thread', async () => {
    const of = world();
    const host = coreHost(of, { decorate });
    const { run, thread } = await host.dispatch({ dueAt: of.clock.now() + 60_000 });
    await host.threads.abandon(thread.id);
    await of.clock.advance(120_000);
    expect(runNow(of, run).status).toBe('cancelled');
  });
});
