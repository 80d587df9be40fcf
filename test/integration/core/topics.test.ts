import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import { deliveryOf, eventState } from '../../../src/core/topics/delivery.js';
import type { TopicEvent } from '../../../src/core/topics/topicEvent.js';
import { settle } from '../../support/clock.ts';
import type { CoreWorld } from '../../support/coreHost.ts';
import { finishAll, firesOf, minute, runs, schedule, worldWith, type Scheduled } from '../../support/schedules.ts';

const listening = (topic: string, more: object = {}, trigger: object = {}) => ({
  overlap: 'parallel',
  triggers: [{ name: 'on', event: { topic, ...more }, ...trigger }],
});

async function publish(host: Scheduled, topic: string, payload: unknown = {}, key?: string): Promise<TopicEvent> {
  const { event } = host.topics.publish({
    topic,
    source: 'person',
    payload: JSON.stringify(payload),
    idempotencyKey: key,
  });
  await settle();
  return event;
}

/** `dev started`, in the order of the history. */
const told = (world: CoreWorld): readonly string[] => firesOf(world).map(({ agent, outcome }) => `${agent} ${outcome}`);

const promptOf = (world: CoreWorld, thread: string | undefined): string =>
  world.store.read(stores => stores.messages.ofThread(stores.threads.withPrefix(thread ?? '')[0]!))[0]!.body;

function stateOf(world: CoreWorld, event: TopicEvent): string {
  return world.store.read(stores =>
    eventState(stores.schedules.ofEvent(event.id).map(fire => deliveryOf(stores, fire))),
  );
}

describe('an event', () => {
  test.each([
    ['external.orders', 'external.orders', true],
    ['external.orders', 'external.*', true],
    ['external.orders', '*', true],
    ['external.orders', 'external.order', false],
    ['external.orders', 'webhook.*', false],
  ])('%s is heard by a trigger for %s: %s', async (topic, pattern, heard) => {
    const world = worldWith(listening(pattern));
    await publish(await schedule(world), topic);
    expect(runs(world)).toBe(heard ? 1 : 0);
  });

  test.each([
    [{ action: 'opened' }, { action: 'opened' }, true],
    [{ action: 'closed' }, { action: ['opened', 'closed'] }, true],
    [{ action: 'closed' }, { action: 'opened' }, false],
    [{ ref: 'refs/heads/main' }, { ref: 'refs/heads/*' }, true],
    [{ pull: { base: { ref: 'main' } }, draft: false }, { 'pull.base.ref': 'main', 'draft': 'false' }, true],
    [{ labels: ['bug', 'ui'] }, { labels: 'ui' }, true],
    [{ items: [{ id: 7 }] }, { 'items[0].id': '7' }, true],
    [{}, { __proto__: undefined, constructor: '*' }, false],
  ])('with the payload %j fits where %j: %s', async (payload, where, fits) => {
    const world = worldWith(listening('external.a', { where }));
    await publish(await schedule(world), 'external.a', payload);
    expect(runs(world)).toBe(fits ? 1 : 0);
  });

  test('fills its payload into the prompt, whatever is in it, and nothing twice', async () => {
    const prompt =
      'Look at ${{ event.payload.title }} by ${{event.payload.user.name}}: ${{ event.payload.labels }}${{ event.payload.none }}';
    const world = worldWith(listening('external.a', {}, { prompt }));
    const title = '$(rm -rf ~) ${{ event.topic }} `x`';
    await publish(await schedule(world), 'external.a', { title, user: { name: 'ann' }, labels: ['ui'] });
    expect(promptOf(world, firesOf(world)[0]?.threadId)).toBe(`Look at ${title} by ann: [\n  "ui"\n]`);
  });

  test('published twice under one key is one; with another payload it is refused', async () => {
    const world = worldWith(listening('external.a'));
    const host = await schedule(world);
    const first = await publish(host, 'external.a', { n: 1 }, 'key');
    const second = await publish(host, 'external.a', { n: 1 }, 'key');
    expect(second.id).toBe(first.id);
    expect(runs(world)).toBe(1);
    await expect(publish(host, 'external.a', { n: 2 }, 'key')).rejects.toMatchObject({ code: 'event.mismatch' });
  });

  test('that nobody hears says so', async () => {
    const world = worldWith(listening('external.a'));
    const host = await schedule(world);
    expect(stateOf(world, await publish(host, 'external.b'))).toBe('no_subscriber');
  });

  test.each([
    ['muster.run.completed', 'person'],
    ['webhook.github.push', 'script'],
    ['external.a', 'webhook'],
    ['anything', 'run'],
    ['a b', 'person'],
    ['', 'person'],
    ['x'.repeat(129), 'person'],
  ] as const)('%s may not be published by a %s', async (topic, source) => {
    const host = await schedule(worldWith(listening('*')));
    expect(() => host.topics.publish({ topic, source, payload: '{}' })).toThrow(
      expect.objectContaining({ code: 'topic.invalid' }),
    );
  });

  test('whose payload is no JSON is refused', async () => {
    const host = await schedule(worldWith(listening('*')));
    expect(() => host.topics.publish({ topic: 'external.a', source: 'person', payload: '{' })).toThrow(
      expect.objectContaining({ code: 'payload.invalid' }),
    );
  });

  test('waits while the schedule is at work unless the file says otherwise, and starts under the next host', async () => {
    const world = worldWith({ triggers: [{ event: { topic: 'external.a' }, prompt: 'Do ${{ event.payload.n }}' }] });
    const first = await schedule(world);
    const events = [await publish(first, 'external.a', { n: 1 }), await publish(first, 'external.a', { n: 2 })];
    expect(told(world)).toEqual(['dev started', 'dev waiting']);
    expect(events.map(event => stateOf(world, event))).toEqual(['delivered', 'pending']);
    await first.end();
    const second = await schedule(world);
    await second.core.takeUp();
    await finishAll(world);
    expect(told(world)).toEqual(['dev started', 'dev started']);
    expect(runs(world)).toBe(2);
  });

  test('that a killed host had delivered but not recorded makes no second run', async () => {
    const world = worldWith(listening('external.a'));
    const host = await schedule(world);
    await publish(host, 'external.a');
    await host.end();
    const [fire] = world.store.read(stores => stores.schedules.fires({ projectId: world.project.id, limit: 1 }));
    world.store.transact(stores => stores.schedules.amend({ ...fire!, outcome: 'waiting' }));
    await schedule(world);
    expect(told(world)).toEqual(['dev started']);
    expect(runs(world)).toBe(1);
  });

  test('whose run cannot be queued is tried again, given up, and replayed by a person', async () => {
    const world = worldWith(listening('external.a'));
    const host = await schedule(world);
    const { dispatcher } = host.core;
    const dispatch = dispatcher.dispatch.bind(dispatcher);
    dispatcher.dispatch = async () => {
      throw new AppError('queue.full', 'The queue is full.', { limit: 1 });
    };
    const event = await publish(host, 'external.a');
    expect(stateOf(world, event)).toBe('retrying');
    await world.clock.advance(20 * minute);
    expect(stateOf(world, event)).toBe('dead_letter');
    expect(firesOf(world)).toMatchObject([{ outcome: 'failed', attempts: 4, reason: 'The queue is full.' }]);
    dispatcher.dispatch = dispatch;
    host.fires.replay(event.id);
    await settle();
    expect(stateOf(world, event)).toBe('delivered');
  });

  test('does not reach a trigger that is off, spent or over', async () => {
    const world = worldWith({
      overlap: 'parallel',
      triggers: [
        { name: 'off', event: { topic: 'external.*' } },
        { name: 'once', event: { topic: 'external.*' }, max_runs: 1 },
        { name: 'over', event: { topic: 'external.*' }, until: '2029-01-01' },
      ],
    });
    const host = await schedule(world);
    host.service.enable(world.project, { agent: 'dev', name: 'off' }, false);
    await publish(host, 'external.a');
    await publish(host, 'external.b');
    expect(firesOf(world).map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['once started']);
  });
});

describe('what happens in the host', () => {
  test('is an event: a run that completed starts the next agent, which knows of it', async () => {
    const world = worldWith(
      { overlap: 'parallel', triggers: [{ event: { topic: 'external.go' } }] },
      {
        scribe: {
          overlap: 'parallel',
          triggers: [
            {
              event: { topic: 'muster.run.completed', where: { agent: 'dev' } },
              prompt: 'Write up ${{ event.payload.thread }} (${{ event.payload.status }})',
            },
          ],
        },
      },
    );
    const host = await schedule(world);
    const cause = await publish(host, 'external.go');
    await finishAll(world);
    expect(told(world)).toEqual(['dev started', 'scribe started']);
    const [dev, scribe] = firesOf(world);
    expect(promptOf(world, scribe?.threadId)).toBe(`Write up ${dev?.threadId} (completed)`);
    const chain = world.store.read(stores => stores.topics.list({ correlationId: cause.correlationId, limit: 10 }));
    expect(chain.map(({ topic }) => topic)).toContain('muster.run.completed');
    expect(chain.find(({ topic }) => topic === 'muster.run.completed')?.parentId).toBe(cause.id);
  });

  test('does not start an agent by its own work for ever', async () => {
    const world = worldWith(listening('muster.run.*'), {
      other: listening('muster.run.*'),
    });
    const host = await schedule(world);
    await host.core.dispatch();
    for (let round = 0; round < 6; round++) await finishAll(world);
    expect(told(world).filter(line => line.endsWith('started'))).toHaveLength(2);
    expect(firesOf(world).at(-1)).toMatchObject({ outcome: 'skipped', reason: expect.stringMatching(/came of a run/) });
  });

  test('is told once, also when the host was killed before it could', async () => {
    const world = worldWith(listening('external.none'));
    const first = await schedule(world);
    await first.core.dispatch();
    await first.end();
    await finishAll(world);
    const second = await schedule(world);
    await second.core.takeUp();
    await finishAll(world);
    await second.end();
    await schedule(world);
    const topics = world.store.read(stores => stores.topics.list({ topic: 'muster.run.*', limit: 10 }));
    expect(topics.map(({ topic }) => topic)).toEqual(['muster.run.completed']);
  });
});
