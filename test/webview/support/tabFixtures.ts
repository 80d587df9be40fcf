import type { AgentCard } from '../../../src/protocol/webview/boardTabs/agentsTab.js';
import type { TabContent } from '../../../src/protocol/webview/boardTabs/boardTab.js';
import type { ChainStepView } from '../../../src/protocol/webview/boardTabs/chainsTab.js';
import type { TimelineRun } from '../../../src/protocol/webview/boardTabs/timelineTab.js';
import { boardAgent } from './boardFixtures.js';

const minute = 60_000;

/** Three agents over two hours, two runs of one of them at the same time. */
export function busyTimeline(now = Date.now()): Extract<TabContent, { tab: 'timeline' }> {
  const run = (
    id: string,
    begun: number,
    ended: number | undefined,
    changes: Partial<TimelineRun> = {},
  ): TimelineRun => ({
    id,
    threadId: 'ready0000001',
    summary: 'Upgrade zod',
    agent: 'dev',
    projectName: 'shop',
    status: ended === undefined ? 'running' : 'succeeded',
    queuedAt: now - begun * minute - 5_000,
    startedAt: now - begun * minute,
    ...(ended !== undefined && { endedAt: now - ended * minute }),
    costUsd: 0.42,
    ...changes,
  });
  return {
    tab: 'timeline',
    runs: [
      run('run1', 118, 71),
      run('run2', 100, 96, { threadId: 'needs0000002', summary: 'Rename handlers', status: 'failed' }),
      run('run3', 70, 62, { agent: 'reviewer' }),
      run('run4', 61, 40),
      run('run5', 39, 33, { agent: 'reviewer' }),
      run('run6', 20, undefined, { agent: 'writer', threadId: 'work00000002', summary: 'Document the config file' }),
      run('run7', 12, undefined, { threadId: 'needs0000001', summary: 'Add health check', status: 'waiting' }),
      { ...run('run8', 3, undefined, { summary: 'Translate the messages', status: 'queued' }), startedAt: undefined },
    ],
  };
}

/** A chain that ended well after one round of changes, and one that needs a person. */
export function twoChains(): Extract<TabContent, { tab: 'chains' }> {
  const now = Date.now();
  const step = (from: string, to: string, intent: string, changes: Partial<ChainStepView> = {}): ChainStepView => ({
    from,
    to,
    intent,
    status: 'succeeded',
    startedAt: now - 9 * minute,
    endedAt: now - 5 * minute,
    costUsd: 0.31,
    tokens: 88_123,
    ...changes,
  });
  return {
    tab: 'chains',
    older: 2,
    several: true,
    chains: [
      {
        threadId: 'ready0000001',
        summary: 'Upgrade zod',
        projectName: 'shop',
        status: 'ready',
        state: 'approved',
        approvedBy: ['you', 'reviewer'],
        depth: 3,
        waiting: [],
        note: '',
        steps: [
          step('you', 'dev', 'dispatch'),
          step('dev', 'reviewer', 'handoff', { verdict: 'request_changes' }),
          step('reviewer', 'dev', 'changes-requested'),
          step('dev', 'reviewer', 'handoff', { verdict: 'approve' }),
          step('you', 'dev', 'changes-requested'),
          step('dev', 'reviewer', 'handoff', { verdict: 'approve' }),
        ],
        costUsd: 1.24,
      },
      {
        threadId: 'needs0000002',
        summary: 'Rename handlers',
        projectName: 'shop',
        status: 'needs_you',
        state: 'undecided',
        approvedBy: [],
        depth: 1,
        waiting: ['tester'],
        note: 'reviewer ended without saying whether the work of dev is good.',
        steps: [
          step('you', 'dev', 'dispatch'),
          step('dev', 'reviewer', 'handoff', { status: 'failed' }),
          step('dev', 'tester', 'handoff', {
            status: undefined,
            startedAt: undefined,
            endedAt: undefined,
            costUsd: undefined,
            tokens: undefined,
          }),
        ],
      },
    ],
  };
}

/** Agents in every kind of health, with two weeks of costs. */
export function agentsWithCosts(): Extract<TabContent, { tab: 'agents' }> {
  const card = (changes: Partial<AgentCard>): AgentCard => ({
    ...boardAgent(),
    driver: 'process',
    permissions: 'confined',
    circuit: 'closed',
    failuresInARow: 0,
    handoffTo: [],
    triggers: 0,
    today: { runs: 0, failed: 0 },
    lately: { runs: 0, failed: 0 },
    ...changes,
  });
  const days = Array.from({ length: 14 }, (_, i) => ({
    day: `2026-11-${String(13 + i).padStart(2, '0')}`,
    costs:
      i % 7 > 4
        ? []
        : [
            { agent: 'dev', costUsd: 1.2 + (i % 5) },
            { agent: 'reviewer', costUsd: 0.4 + (i % 3) / 2 },
          ],
  }));
  const usage = {
    runs: 41,
    failed: 3,
    costUsd: 31.4,
    inputTokens: 412_000,
    outputTokens: 93_000,
    cacheReadTokens: 8_100_000,
    cacheWriteTokens: 610_000,
  };
  return {
    tab: 'agents',
    days,
    agents: [
      card({ active: 2, queued: 1, handoffTo: ['reviewer'], today: { ...usage, costUsd: 2.2 }, lately: usage }),
      card({
        name: 'reviewer',
        provider: 'codex',
        model: '',
        permissions: 'ask',
        lately: { runs: 22, failed: 0, costUsd: 9.1 },
      }),
      card({ name: 'writer', provider: 'gemini', problem: 'The gemini CLI is not logged in. Run `gemini` once.' }),
      card({
        name: 'nightly',
        provider: 'opencode',
        circuit: 'open',
        failuresInARow: 3,
        driver: 'docker',
        triggers: 2,
      }),
    ],
  };
}
