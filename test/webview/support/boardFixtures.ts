import type { BoardAgent, ToBoard } from '../../../src/protocol/webview/boardMessages.js';
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
    },
  ];
}
