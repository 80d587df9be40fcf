import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { agentsContent } from '../../../src/pages/board/tabs/agentsTab.js';
import { batchesContent } from '../../../src/pages/board/tabs/batchesTab.js';
import { chainView } from '../../../src/pages/board/tabs/chainsTab.js';
import { queueContent } from '../../../src/pages/board/tabs/queueTab.js';
import { schedulesContent } from '../../../src/pages/board/tabs/schedulesTab.js';
import { timelineContent } from '../../../src/pages/board/tabs/timelineTab.js';
import { QueuedMergeSchema } from '../../../src/protocol/gen/muster/v1/merges_pb.js';
import { ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunSchema, UsageSchema } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { GetThreadResponseSchema } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { TopicEventSchema } from '../../../src/protocol/gen/muster/v1/topics_pb.js';
import { tabContentSchema } from '../../../src/protocol/webview/boardTabs/boardTab.js';
import { timelineLanes, timelineTicks } from '../../../webview/board/tabs/timelineLanes.js';
import { wireThread } from './fakeLive.js';

const minute = 60_000;

describe('the queue tab', () => {
  const queued = (
    id: string,
    threadId: string,
    changes: { target?: string; status?: string; position?: number } = {},
  ) =>
    create(QueuedMergeSchema, {
      merge: { id, threadId, target: changes.target ?? 'main', status: changes.status ?? 'queued' },
      repository: '/r/shop',
      position: changes.position ?? 1,
    });

  test('merges may change places with those that wait for the same target, and not with one at work', () => {
    const threads = ['a', 'b', 'c', 'd'].map(id => wireThread({ id }));
    const queue = [
      queued('m1', 'a', { status: 'merging' }),
      queued('m2', 'b'),
      queued('m3', 'c'),
      queued('m4', 'd', { target: 'next' }),
    ];
    const content = queueContent({ queue, threads, now: 0 });
    expect(tabContentSchema.parse(content)).toEqual(content);
    expect(content.queue.map(({ id, earlier, later }) => [id, earlier, later])).toEqual([
      ['m1', undefined, undefined],
      ['m2', undefined, 'm3'],
      ['m3', 'm2', undefined],
      ['m4', undefined, undefined],
    ]);
    expect(content.queue[0]?.repository).toBe('shop');
  });

  test('a merge of a thread that the board does not show is left out, and yet has its turn', () => {
    const content = queueContent({
      queue: [queued('m1', 'elsewhere'), queued('m2', 'b', { position: 2 })],
      threads: [wireThread({ id: 'b' })],
      now: 0,
    });
    expect(content.queue).toMatchObject([{ id: 'm2', position: 2, earlier: 'm1' }]);
  });

  test('what ended lately is told: failures for a day, merges for ten minutes, and not after a new run', () => {
    const now = 48 * 60 * minute;
    const ended = (id: string, status: string, minutes: number, queuedAt = 0) =>
      wireThread({
        id,
        latestMerge: { status, createdAt: 5n, endedAt: BigInt(now - minutes * minute) },
        latestRun: { queuedAt: BigInt(queuedAt) },
      });
    const threads = [
      ended('failed', 'conflicted', 23 * 60),
      ended('old', 'failed', 25 * 60),
      ended('merged', 'merged', 9),
      ended('mergedEarlier', 'merged', 11),
      ended('again', 'failed', 5, 6),
    ];
    expect(queueContent({ queue: [], threads, now }).ended.map(({ threadId }) => threadId)).toEqual([
      'merged',
      'failed',
    ]);
    const undone = wireThread({
      id: 'undone',
      latestMerge: { status: 'merged', undone: 'rewound', createdAt: 5n, endedAt: BigInt(now - minute) },
    });
    expect(queueContent({ queue: [], threads: [undone], now }).ended).toMatchObject([{ status: 'undone' }]);
  });
});

test('batches are told with the threads that wait, costs summed where some are known', () => {
  const attempt = {
    model: 'fast',
    filesChanged: 2,
    additions: 5,
    deletions: 1,
    latestRun: {
      tests: [
        { command: 'npm test', result: 'passed' },
        { command: 'npm run e2e', result: 'failed' },
      ],
    },
  };
  const threads = [
    wireThread({ id: 'b', batch: 'zod', summary: 'Second', createdAt: 2n, updatedAt: 9n, waitsFor: ['a', 'gone'] }),
    wireThread({ id: 'a', batch: 'zod', summary: 'First', createdAt: 1n, updatedAt: 3n, costUsd: 0.5, ...attempt }),
    wireThread({ id: 'c', batch: 'other', updatedAt: 20n }),
    wireThread({ id: 'd' }),
  ];
  const content = batchesContent(threads, new Map());
  expect(tabContentSchema.parse(content)).toEqual(content);
  expect(content.batches.map(({ name }) => name)).toEqual(['other', 'zod']);
  expect(content.batches[1]).toMatchObject({
    threads: [
      { id: 'a', model: 'fast', files: 2, additions: 5, deletions: 1, tests: 'failed', costUsd: 0.5 },
      { id: 'b', waitsFor: ['First', 'gone'] },
    ],
    costUsd: 0.5,
    updatedAt: 9,
  });
});

test('agents have their sums of today and of all days; those of other projects are not counted', () => {
  const projects = [
    create(ProjectSchema, { id: 'p', name: 'shop', agents: [{ name: 'dev', circuit: 'open', circuitFailures: 3 }] }),
    create(ProjectSchema, { id: 'gone', name: 'old', removed: true, agents: [{ name: 'dev' }] }),
  ];
  const usage = [
    {
      projectId: 'p',
      projectName: 'shop',
      agent: 'dev',
      day: '2026-11-26',
      runs: 2,
      failed: 1,
      costUsd: 1.5,
      cacheReadTokens: 7n,
    },
    { projectId: 'p', projectName: 'shop', agent: 'dev', day: '2026-11-25', runs: 1, inputTokens: 10n },
    { projectId: 'gone', projectName: 'old', agent: 'dev', day: '2026-11-26', runs: 9, costUsd: 9 },
  ].map(sum => create(UsageSchema, sum));
  const content = agentsContent({ projects, usage, days: ['2026-11-25', '2026-11-26'] });
  expect(tabContentSchema.parse(content)).toEqual(content);
  expect(content.agents).toMatchObject([
    {
      name: 'dev',
      circuit: 'open',
      failuresInARow: 3,
      today: { runs: 2, failed: 1, costUsd: 1.5, cacheReadTokens: 7 },
      lately: { runs: 3, failed: 1, costUsd: 1.5, inputTokens: 10 },
    },
  ]);
  expect(content.days).toEqual([
    { day: '2026-11-25', costs: [] },
    { day: '2026-11-26', costs: [{ agent: 'dev', costUsd: 1.5 }] },
  ]);
});

test('a chain has a step for each message that made an agent work, with its last run and that run’s verdict', () => {
  const [view] = chainView(
    create(GetThreadResponseSchema, {
      thread: { id: 't', status: 'ready', chain: { state: 'approved', depth: 1 } },
      messages: [
        { id: 'm1', from: 'you', to: 'dev', intent: 'dispatch' },
        { id: 'm2', from: 'dev', to: 'you', intent: 'response' },
        { id: 'm3', from: 'dev', to: 'reviewer', intent: 'handoff' },
      ],
      runs: [
        { id: 'r1', messageId: 'm1', status: 'failed', queuedAt: 1n },
        { id: 'r2', messageId: 'm1', status: 'succeeded', queuedAt: 2n, costUsd: 1 },
        { id: 'r3', messageId: 'm3', status: 'succeeded', queuedAt: 3n, costUsd: 2 },
      ],
      verdicts: [{ runId: 'r3', verdict: 'approve' }],
    }),
    new Map(),
  );
  expect(view).toMatchObject({
    state: 'approved',
    costUsd: 3,
    steps: [
      { from: 'you', to: 'dev', status: 'succeeded', costUsd: 1 },
      { from: 'dev', to: 'reviewer', verdict: 'approve' },
    ],
  });
  expect(chainView(create(GetThreadResponseSchema, { thread: { id: 't' } }), new Map())).toEqual([]);
});

test('the head of a chain says who approved what the thread is now', () => {
  const ofThread = (approvedHead: string, state: string) => {
    const said = [{ agent: 'reviewer', verdict: 'approve', commit: 'c1' }];
    const thread = { id: 't', head: 'c1', approvedHead, chain: { state, said, note: 'Review it yourself.' } };
    return chainView(create(GetThreadResponseSchema, { thread }), new Map())[0];
  };
  expect(ofThread('c1', 'approved')).toMatchObject({ approvedBy: ['you', 'reviewer'], note: '' });
  expect(ofThread('c0', 'approved')?.approvedBy).toEqual(['reviewer']);
  expect(ofThread('c1', 'undecided')).toMatchObject({ approvedBy: ['you'], note: '' });
  expect(ofThread('', 'undecided')).toMatchObject({ approvedBy: [], note: 'Review it yourself.' });
});

describe('the timeline tab', () => {
  const run = (id: string, agent: string, from: number, to?: number) =>
    create(RunSchema, {
      id,
      threadId: 'a',
      agent,
      status: to === undefined ? 'running' : 'succeeded',
      queuedAt: BigInt(from),
      startedAt: BigInt(from),
      endedAt: BigInt(to ?? 0),
    });

  test('runs of one agent that overlap lie in rows, and what is outside the time shown is cut or left out', () => {
    const runs = [run('1', 'dev', 50, 120), run('2', 'dev', 110, 130), run('3', 'dev', 125), run('4', 'dev', 10, 90)];
    const content = timelineContent(
      [...runs, { ...run('5', 'dev', 100), threadId: 'elsewhere' }],
      [wireThread({ id: 'a' })],
      new Map(),
    );
    expect(tabContentSchema.parse(content)).toEqual(content);
    const [lane, ...others] = timelineLanes(content.runs, { from: 100, now: 200 });
    expect(others).toEqual([]);
    expect(lane?.bars.map(({ run: { id }, start, end, row }) => [id, start, end, row])).toEqual([
      ['1', 0, 0.2, 0],
      ['2', 0.1, 0.3, 1],
      ['3', 0.25, 1, 0],
    ]);
    expect(lane?.rows).toBe(2);
  });

  test('the axis has few and round moments, whatever the time shown', () => {
    const now = new Date(2026, 10, 26, 12, 34).getTime();
    for (const hours of [1, 6, 24, 168]) {
      const ticks = timelineTicks({ from: now - hours * 60 * minute, now });
      expect(ticks.length).toBeGreaterThan(3);
      expect(ticks.length).toBeLessThanOrEqual(8);
      expect(ticks.every(at => new Date(at).getMinutes() % 10 === 0)).toBe(true);
    }
  });
});

test('of what Muster says of itself the schedules tab tells what a trigger heard, so that events of others are seen', () => {
  const event = (id: string, source: string, deliveries: object[] = []) =>
    create(TopicEventSchema, { id, topic: `${source}.thing`, source, deliveries });
  const events = [
    event('own', 'muster'),
    event('heard', 'muster', [{ agent: 'dev', trigger: 'after', state: 'delivered' }]),
    event('unheard', 'webhook'),
  ];
  const content = schedulesContent({ now: 0, days: [], triggers: [], events });
  expect(tabContentSchema.parse(content)).toEqual(content);
  expect(content.events.map(({ id }) => id)).toEqual(['heard', 'unheard']);
});
