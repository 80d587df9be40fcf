import { busyPlaces } from './placeFixtures.js';
import type { FireOutcomeWord, FireView } from '../../../src/protocol/webview/boardTabs/schedulesTab.js';
import type { BoardAgent, ToBoard } from '../../../src/protocol/webview/boardMessages.js';
import type { TabContent } from '../../../src/protocol/webview/boardTabs/boardTab.js';
import type { QueuedMergeView } from '../../../src/protocol/webview/boardTabs/queueTab.js';
import type { ThreadView } from '../../../src/protocol/webview/threadView.js';
import { webviewStrings } from '../../../src/protocol/webview/webviewStrings.js';
import { agentView, threadView } from './threadFixtures.js';

const minute = 60_000;

export function boardAgent(changes: Partial<BoardAgent> = {}): BoardAgent {
  return { ...agentView(), projectId: 'project00001', projectName: 'shop', ...changes };
}

/** Threads in every state, as a day with six agents leaves them. */
export function busyThreads(): readonly ThreadView[] {
  const now = Date.now();
  const run = (status: string, rest: object = {}) => ({
    status,
    agent: 'dev',
    activity: '',
    queuedAt: now - 3 * minute,
    startedAt: now - 2 * minute,
    ...rest,
  });
  const nothingYet = { filesChanged: undefined, additions: undefined, deletions: undefined };
  return [
    threadView({
      id: 'needs0000001',
      summary: 'Add health check',
      status: 'needs_you',
      needs: 'dev asks to run `npm i fastify`.',
      latestRun: run('waiting'),
      ...nothingYet,
    }),
    threadView({
      id: 'needs0000002',
      summary: 'Rename handlers',
      status: 'needs_you',
      needs: 'The model provider refused the request: rate limited.',
      latestRun: run('failed'),
      updatedAt: now - 3 * minute,
    }),
    threadView({
      id: 'work00000001',
      summary: 'Fix the flaky checkout test that fails about once in forty runs on the slower machines',
      status: 'working',
      latestRun: run('running', { activity: 'Editing src/checkout/basket.test.ts' }),
      costUsd: 0.11,
      additions: 4,
      deletions: 1,
      filesChanged: 1,
    }),
    threadView({
      id: 'work00000002',
      summary: 'Document the config file',
      agent: 'writer',
      status: 'working',
      latestRun: run('running', { activity: 'Reading README.md' }),
      costUsd: undefined,
      ...nothingYet,
    }),
    threadView({
      id: 'queued000001',
      summary: 'Translate the error messages',
      status: 'queued',
      latestRun: run('queued', { queuePosition: 1, startedAt: undefined }),
      costUsd: undefined,
      ...nothingYet,
    }),
    threadView({ id: 'ready0000001', summary: 'Upgrade zod', status: 'ready', updatedAt: now - 40 * minute }),
    threadView({
      id: 'merge0000001',
      summary: 'Speed up start-up',
      status: 'merging',
      costUsd: 1.2,
      updatedAt: now - 5_000,
    }),
    threadView({
      id: 'done00000001',
      summary: 'Remove the old cache',
      status: 'merged',
      updatedAt: now - 3 * 60 * minute,
      costUsd: 0.004,
    }),
    threadView({
      id: 'done00000002',
      summary: 'Try another HTTP client',
      status: 'closed',
      updatedAt: now - 26 * 60 * minute,
    }),
    threadView({
      id: 'done00000003',
      summary: 'Rewrite in Rust',
      status: 'abandoned',
      updatedAt: now - 50 * 60 * minute,
      hasWorktree: false,
      restorable: true,
    }),
  ];
}

/** Everything that a board gets at first. */
export function busyBoard(threads: readonly ThreadView[] = busyThreads()): readonly ToBoard[] {
  return [
    { type: 'init', strings: webviewStrings },
    { type: 'connection', state: 'online' },
    { type: 'snapshot', threads: [...threads] },
    {
      type: 'strip',
      agents: [
        boardAgent({ active: 2, queued: 1 }),
        boardAgent({ name: 'reviewer', provider: 'codex' }),
        boardAgent({
          name: 'writer',
          provider: 'gemini',
          problem: 'The gemini CLI is not logged in. Run `gemini` once.',
        }),
      ],
      queued: 1,
      costTodayUsd: 3.41,
      places: busyPlaces(),
    },
  ];
}

/** A queue for two targets, one merge at work, and what came of the last ones. */
export function busyQueue(): Extract<TabContent, { tab: 'queue' }> {
  const now = Date.now();
  const merge = (changes: Partial<QueuedMergeView>): QueuedMergeView => ({
    id: 'merge0000001',
    threadId: 'ready0000001',
    summary: 'Upgrade zod',
    agent: 'dev',
    repository: 'shop',
    target: 'main',
    strategy: 'merge',
    status: 'queued',
    message: '',
    position: 1,
    priority: 0,
    checks: 0,
    createdAt: now - 2 * minute,
    ...changes,
  });
  return {
    tab: 'queue',
    queue: [
      merge({
        id: 'merge0000001',
        threadId: 'merge0000001',
        summary: 'Speed up start-up',
        status: 'checking',
        message: 'npm test runs on the result for 41 s.',
        checks: 2,
      }),
      merge({ id: 'merge0000002', position: 2, priority: 5, checks: 2, later: 'merge0000003' }),
      merge({
        id: 'merge0000003',
        threadId: 'work00000002',
        summary: 'Document the config file',
        agent: 'writer',
        strategy: 'squash',
        position: 3,
        checks: 1,
        earlier: 'merge0000002',
      }),
      merge({ id: 'merge0000004', summary: 'Backport the fix', target: 'release/2.1' }),
    ],
    ended: [
      {
        threadId: 'needs0000002',
        summary: 'Rename handlers',
        target: 'main',
        status: 'conflicted',
        message: 'Both changed the same places.',
        files: ['src/handlers/basket.ts', 'src/handlers/index.ts'],
        endedAt: now - 8 * minute,
      },
      {
        threadId: 'done00000001',
        summary: 'Remove the old cache',
        target: 'main',
        status: 'merged',
        message: '',
        files: [],
        endedAt: now - 9 * minute,
      },
    ],
  };
}

/** A batch in the middle of its work and one that is done. */
export function twoBatches(): Extract<TabContent, { tab: 'batches' }> {
  const now = Date.now();
  const thread = (id: string, summary: string, status: ThreadView['status'], waitsFor: string[] = []) => ({
    id,
    summary,
    agent: 'dev',
    status,
    waitsFor,
  });
  return {
    tab: 'batches',
    batches: [
      {
        name: 'zod-4',
        projectName: 'shop',
        threads: [
          thread('batch0000001', 'Upgrade the schemas of the basket', 'merged'),
          thread('batch0000002', 'Upgrade the schemas of the catalogue', 'ready'),
          thread('batch0000003', 'Upgrade the forms', 'working'),
          thread('batch0000004', 'Upgrade the error map', 'needs_you'),
          thread('batch0000005', 'Remove the shim', 'queued', ['Upgrade the forms', 'Upgrade the error map']),
        ],
        costUsd: 2.31,
        tokens: 412_000,
        updatedAt: now - minute,
      },
      {
        name: 'licence headers',
        projectName: 'shop',
        threads: [
          {
            ...thread('batch0000006', 'Add headers', 'ready'),
            ...{ model: 'fast', files: 3, additions: 41, deletions: 2, tests: 'passed' as const, costUsd: 0.12 },
          },
          {
            ...thread('batch0000007', 'Add headers', 'ready'),
            ...{ model: 'thorough', files: 9, additions: 212, deletions: 30, tests: 'failed' as const, costUsd: 1.9 },
          },
        ],
        updatedAt: now - 26 * 60 * minute,
      },
    ],
  };
}

/** Two agents with what is due and what came of it, and events of each state. */
export function busySchedules(now = Date.now()): Extract<TabContent, { tab: 'schedules' }> {
  const hour = 60 * minute;
  const day = 24 * hour;
  const none = { started: 0, waiting: 0, skipped: 0, missed: 0, failed: 0 };
  const week = (...counts: readonly Partial<typeof none>[]) => counts.map(each => ({ ...none, ...each }));
  const quiet = week({}, {}, {}, {}, {}, {}, {});
  const fire = (sequence: number, outcome: FireOutcomeWord, more: Partial<FireView> = {}): FireView => ({
    sequence,
    dueAt: now - sequence * hour,
    at: now - sequence * hour,
    by: 'clock',
    outcome,
    missed: 0,
    reason: '',
    ...more,
  });
  const shop = { projectId: 'shop0000001', projectName: 'shop', enabled: true };
  return {
    tab: 'schedules',
    now,
    days: Array.from({ length: 7 }, (_, index) => now - (6 - index) * day),
    triggers: [
      {
        ...shop,
        agent: 'gardener',
        name: 'dependencies',
        kind: 'cron',
        source: 'cron:30 3 * * *@Europe/Berlin',
        nextFireAt: now + 5 * hour,
        upcoming: [now + 5 * hour],
        goesOn: false,
        days: week(
          { started: 1 },
          { started: 1 },
          { missed: 1 },
          { started: 1 },
          { skipped: 1 },
          { started: 1 },
          { failed: 1 },
        ),
        fires: [
          fire(2, 'failed', { reason: 'Project shop waits for your consent.' }),
          fire(26, 'started', { threadId: 'ready0000001', missed: 2, runStatus: 'succeeded' }),
          fire(50, 'skipped', { reason: "An earlier run of gardener's schedule is still at work." }),
        ],
      },
      {
        ...shop,
        agent: 'gardener',
        name: 'often',
        kind: 'interval',
        source: 'interval:90000',
        nextFireAt: now + 12.5 * minute,
        upcoming: Array.from({ length: 48 }, (_, index) => now + 12.5 * minute + index * 30 * minute),
        goesOn: true,
        days: week(
          { started: 48 },
          { started: 48 },
          { started: 40 },
          { started: 48 },
          { started: 48 },
          { started: 48 },
          { started: 21, waiting: 1 },
        ),
        fires: [fire(1, 'started', { scriptRunId: 'script00001', by: 'person', runStatus: 'failed' })],
      },
      {
        ...shop,
        agent: 'gardener',
        name: 'countdown',
        kind: 'timeout',
        source: 'timeout:60000',
        enabled: false,
        upcoming: [],
        goesOn: false,
        days: quiet,
        fires: [],
      },
      {
        ...shop,
        agent: 'triage',
        name: 'bugs',
        kind: 'event',
        source: 'webhook.github.issues',
        upcoming: [],
        goesOn: false,
        days: week({}, {}, { started: 3 }, {}, { started: 1 }, {}, { started: 2 }),
        fires: [fire(3, 'started', { threadId: 'ready0000001', by: 'event', runStatus: 'running' })],
      },
    ],
    events: [
      {
        id: 'event0000001',
        topic: 'webhook.github.issues',
        source: 'webhook',
        createdAt: now - 3 * hour,
        state: 'delivered',
        deliveries: [
          { agent: 'triage', trigger: 'bugs', state: 'run_succeeded', reason: '', threadId: 'ready0000001' },
        ],
      },
      {
        id: 'event0000002',
        topic: 'external.release',
        source: 'person',
        createdAt: now - 5 * hour,
        state: 'dead_letter',
        deliveries: [
          { agent: 'triage', trigger: 'release', state: 'dead_letter', reason: 'The queue of shop is full.' },
        ],
      },
      {
        id: 'event0000003',
        topic: 'muster.merge.merged',
        source: 'muster',
        createdAt: now - 6 * hour,
        state: 'no_subscriber',
        deliveries: [],
      },
    ],
  };
}
