import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BoardController } from '../../../src/pages/board/boardController.js';
import { costSince } from '../../../src/pages/board/boardStrip.js';
import { ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { toBoardSchema, type ToBoard } from '../../../src/protocol/webview/boardMessages.js';
import type { PlaceRoom } from '../../../src/protocol/webview/placeRoom.js';
import { FakeLive, FakeTabs, wireThread } from './fakeLive.js';

function setUp() {
  const live = new FakeLive();
  const tabs = new FakeTabs();
  const called: string[] = [];
  const posted: ToBoard[] = [];
  const asked: (readonly string[])[] = [];
  const rooms: { told: readonly PlaceRoom[] } = { told: [] };
  const controller = new BoardController({
    services: {
      live,
      async act(action, threadId) {
        called.push(`${action} ${threadId}`);
        if (action === 'merge') throw new Error('Refused.');
      },
      tabs: {
        timeline: tabs.source('timeline', () => ({ tab: 'timeline', runs: [] })),
        chains: tabs.source('chains', () => ({ tab: 'chains', chains: [], older: 0, several: false })),
        agents: tabs.source('agents', () => ({ tab: 'agents', agents: [], days: [] })),
        queue: tabs.source('queue', () => ({ tab: 'queue', queue: [], ended: [] })),
        schedules: tabs.source('schedules', () => ({ tab: 'schedules', now: 1, days: [], triggers: [], events: [] })),
        batches: tabs.source('batches', () => ({ tab: 'batches', batches: [] })),
      },
      async dispatch() {
        called.push('dispatch');
      },
      async startHost() {
        called.push('startHost');
      },
      async rooms(projectIds) {
        asked.push(projectIds);
        return rooms.told;
      },
    },
    strings: {},
    post: message => posted.push(toBoardSchema.parse(JSON.parse(JSON.stringify(message)))),
  });
  const types = (): readonly string[] => posted.map(message => message.type);
  return { live, tabs, called, posted, controller, types, asked, rooms };
}

const until = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(() => expect(check()).toBeTruthy(), { interval: 5, timeout: 30_000 });

describe("the board's extension side", () => {
  test('a tab that is asked for comes to the front: when the page is ready, or now, and once', () => {
    const { posted, controller } = setUp();
    const shown = () => posted.flatMap(message => (message.type === 'show' ? [message.tab] : []));
    controller.show('schedules');
    expect(shown()).toEqual([]);
    controller.receive({ type: 'ready' });
    expect(shown()).toEqual(['schedules']);
    controller.show('queue');
    expect(shown()).toEqual(['schedules', 'queue']);
    controller.pause();
    controller.receive({ type: 'ready' });
    expect(shown()).toEqual(['schedules', 'queue']);
    controller.dispose();
  });

  test('everything at first, then only what changed, many changes in one message', async () => {
    const { live, posted, controller, types } = setUp();
    live.known.set('a', wireThread({ id: 'a' }));
    controller.receive({ type: 'ready' });
    expect(types()).toEqual(['init', 'connection', 'snapshot', 'strip']);
    for (let i = 0; i < 50; i++) live.change(wireThread({ id: 'a', costUsd: i }), wireThread({ id: 'b' }));
    live.remove('b');
    await until(() => types().includes('changes'));
    const changes = posted.filter(message => message.type === 'changes');
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({ threads: [{ id: 'a', costUsd: 49 }], removed: ['b'] });
    controller.dispose();
    await until(() => live.listeners === 0);
  });

  test('the strip is sent again only when it says something else', async () => {
    const { live, posted, controller, types } = setUp();
    live.listed = [
      create(ProjectSchema, { id: 'p', name: 'shop', agents: [{ name: 'dev', active: 1, queued: 2, concurrency: 3 }] }),
    ];
    controller.receive({ type: 'ready' });
    live.change(wireThread({ id: 'a' }));
    await until(() => types().includes('changes'));
    expect(posted.filter(message => message.type === 'strip')).toHaveLength(1);
    expect(posted.find(message => message.type === 'strip')).toMatchObject({
      queued: 2,
      agents: [{ projectName: 'shop', name: 'dev', active: 1 }],
    });
    controller.dispose();
  });

  test('before the host has answered nothing is claimed to be empty', () => {
    const { live, controller, types } = setUp();
    live.connection = 'connecting';
    controller.receive({ type: 'ready' });
    expect(types()).toEqual(['init', 'connection']);
    live.connect('online');
    expect(types()).toEqual(['init', 'connection', 'connection', 'snapshot', 'strip']);
    controller.dispose();
  });

  test('buttons reach their command, failures the board, anything else nothing', async () => {
    const { called, posted, controller, types } = setUp();
    controller.receive({ type: 'act', threadId: 'a', action: 'open' });
    controller.receive({ type: 'dispatch' });
    controller.receive({ type: 'act', threadId: 'a', action: 'merge' });
    controller.receive({ type: 'act', threadId: '', action: 'open' });
    controller.receive({ type: 'eval', code: '1' });
    await until(() => types().includes('failed'));
    expect(called).toEqual(['open a', 'dispatch', 'merge a']);
    expect(posted).toEqual([{ type: 'failed', message: 'Refused.' }]);
  });
});

describe('the tab in front', () => {
  test('is read when it is shown and after every change, and another one no more', async () => {
    const { live, tabs, posted, controller } = setUp();
    controller.receive({ type: 'ready' });
    live.change(wireThread({ id: 'a' }));
    controller.receive({ type: 'show', tab: 'queue' });
    await until(() => posted.some(message => message.type === 'tab' && message.content.tab === 'queue'));
    expect(tabs.read).toEqual(['queue']);
    live.change(wireThread({ id: 'b' }));
    await until(() => tabs.read.length === 2);
    controller.receive({ type: 'show', tab: 'batches' });
    live.change(wireThread({ id: 'c' }));
    await until(() => tabs.read.length === 4);
    expect(tabs.read).toEqual(['queue', 'queue', 'batches', 'batches']);
    controller.dispose();
  });

  test('a change during a read leads to one more, and what comes after another tab was shown is dropped', async () => {
    const { live, tabs, posted, controller } = setUp();
    controller.receive({ type: 'ready' });
    const slow = tabs.hold();
    controller.receive({ type: 'show', tab: 'queue' });
    await until(() => tabs.read.length === 1);
    live.change(wireThread({ id: 'a' }));
    controller.receive({ type: 'show', tab: 'batches' });
    await until(() => posted.some(message => message.type === 'tab'));
    slow.resolve();
    await until(() => tabs.finished === 2);
    expect(posted.filter(message => message.type === 'tab').map(message => message.content.tab)).toEqual(['batches']);
    controller.dispose();
  });

  test('starts no host, and is read when one is there', async () => {
    const { live, tabs, controller } = setUp();
    live.connection = 'offline';
    controller.receive({ type: 'ready' });
    controller.receive({ type: 'show', tab: 'queue' });
    expect(tabs.read).toEqual([]);
    live.connect('online');
    await until(() => tabs.read.length === 1);
    controller.dispose();
  });

  test('its actions reach its own side, and a refusal the board', async () => {
    const { tabs, posted, controller, types } = setUp();
    const action = { tab: 'queue', action: { kind: 'move', mergeId: 'b', before: 'a' } };
    controller.receive({ type: 'tabAct', action });
    await until(() => tabs.acted.length === 1);
    expect(tabs.acted).toEqual([action]);
    tabs.refuse = true;
    controller.receive({ type: 'tabAct', action });
    controller.receive({ type: 'tabAct', action: { tab: 'queue', action: { kind: 'drop' } } });
    await until(() => types().includes('failed'));
    expect(posted).toEqual([{ type: 'failed', message: 'Refused.' }]);
    expect(tabs.acted).toHaveLength(2);
  });
});

describe('the room where agents run', () => {
  const place: PlaceRoom = {
    driver: 'kubernetes',
    name: 'build/agents',
    agents: ['dev'],
    machines: { ready: 2, all: 3 },
    atWork: 1,
    waiting: 0,
    waitsFor: '',
    unknown: '',
  };
  const inCluster = create(ProjectSchema, { id: 'p', name: 'shop', agents: [{ name: 'dev', driver: 'kubernetes' }] });
  const here = create(ProjectSchema, { id: 'q', name: 'tool', agents: [{ name: 'dev', driver: 'process' }] });
  afterEach(() => void vi.useRealTimers());

  test('is asked for every ten seconds while the board is seen and a host answers, and then no more', async () => {
    vi.useFakeTimers();
    const { live, posted, controller, asked, rooms } = setUp();
    const strips = () => posted.flatMap(message => (message.type === 'strip' ? [message.places] : []));
    live.listed = [inCluster, here];
    rooms.told = [place];
    live.connection = 'connecting';
    controller.receive({ type: 'ready' });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toEqual([]);
    live.connect('online');
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual([['p']]);
    expect(strips()).toEqual([undefined, [place]]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(2);
    // The same is not sent twice.
    expect(strips()).toHaveLength(2);
    rooms.told = [{ ...place, waiting: 4 }];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(strips().at(-1)).toMatchObject([{ waiting: 4 }]);
    controller.pause();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(3);
  });

  test('is not asked for where all agents run on the machine of the host', async () => {
    vi.useFakeTimers();
    const { live, controller, asked } = setUp();
    live.listed = [here];
    controller.receive({ type: 'ready' });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toEqual([]);
    controller.dispose();
  });
});

test("today's cost is that of threads begun today and of today's runs of older ones", () => {
  const threads = [
    wireThread({ createdAt: 150n, costUsd: 1 }),
    wireThread({ createdAt: 50n, costUsd: 10, latestRun: { queuedAt: 120n, costUsd: 2 } }),
    wireThread({ createdAt: 50n, costUsd: 10, latestRun: { queuedAt: 60n, costUsd: 4 } }),
    wireThread({ createdAt: 150n }),
  ];
  expect(costSince(threads, 100)).toBe(3);
  expect(costSince([wireThread({ createdAt: 150n })], 100)).toBeUndefined();
});
