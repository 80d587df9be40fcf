import { describe, expect, it } from 'vitest';
import {
  byUrgency,
  groupThreads,
  matchesQuery,
  threadsNeedingYou,
  threadsWorking,
} from '../../../src/extension/threads/threadGroups.js';
import { makeThread } from '../../support/protoThreads.js';

const day = 24 * 60 * 60 * 1000;
const now = 100 * day;
const options = { grouping: 'state', now, showAllDone: false } as const;

describe('groups of threads', () => {
  it('come in the order of urgency and without empty ones', () => {
    const threads = [
      makeThread({ status: 'merged', updatedAt: BigInt(now) }),
      makeThread({ status: 'ready' }),
      makeThread({ status: 'needs_you' }),
      makeThread({ status: 'queued' }),
    ];
    expect(groupThreads(threads, options).map(({ key }) => key)).toEqual(['needs_you', 'working', 'ready', 'done']);
  });

  it('count failed threads as needing a person, and queued ones as work', () => {
    const failed = makeThread({ status: 'failed' });
    const queued = makeThread({ status: 'queued' });
    expect(threadsNeedingYou([failed, queued])).toEqual([failed]);
    expect(threadsWorking([failed, queued])).toEqual([queued]);
  });

  it('show what runs before the queue, and the queue in its own order', () => {
    const third = makeThread({ status: 'queued', latestRun: { queuePosition: 3 }, createdAt: 1n });
    const second = makeThread({ status: 'queued', latestRun: { queuePosition: 2 }, createdAt: 2n });
    const running = makeThread({ status: 'working', createdAt: 3n });
    const [section] = groupThreads([third, second, running], options);
    expect(section?.threads).toEqual([running, second, third]);
  });

  it('keep their order while agents talk', () => {
    const first = makeThread({ status: 'working', createdAt: 1n, updatedAt: 1n });
    const second = makeThread({ status: 'working', createdAt: 2n, updatedAt: 9n });
    expect(groupThreads([second, first], options)[0]?.threads).toEqual([first, second]);
  });

  it('keep what waits for review in its place while a person looks at it', () => {
    const looked = makeThread({ status: 'ready', latestRun: { endedAt: 1n }, updatedAt: 9n });
    const later = makeThread({ status: 'ready', latestRun: { endedAt: 2n }, updatedAt: 2n });
    expect(groupThreads([looked, later], options)[0]?.threads).toEqual([later, looked]);
  });

  it('hide finished threads after a week, and show them on request', () => {
    const recent = makeThread({ status: 'merged', updatedAt: BigInt(now - 6 * day) });
    const old = makeThread({ status: 'closed', updatedAt: BigInt(now - 8 * day) });
    expect(groupThreads([recent, old], options)).toEqual([{ key: 'done', threads: [recent], hidden: 1 }]);
    expect(groupThreads([recent, old], { ...options, showAllDone: true })).toEqual([
      { key: 'done', threads: [recent, old], hidden: 0 },
    ]);
  });

  it('can be agents, each with the most urgent thread first', () => {
    const done = makeThread({ status: 'merged', agent: 'dev', updatedAt: BigInt(now) });
    const urgent = makeThread({ status: 'needs_you', agent: 'dev' });
    const other = makeThread({ status: 'ready', agent: 'ann' });
    const sections = groupThreads([done, urgent, other], { ...options, grouping: 'agent' });
    expect(sections.map(({ agent, threads }) => [agent, threads])).toEqual([
      ['ann', [other]],
      ['dev', [urgent, done]],
    ]);
  });

  it('are those of one agent each, also when agents of two projects are called alike', () => {
    const [ours, theirs] = ['shop', 'site'].map(name =>
      makeThread({ status: 'ready', agent: 'dev', projectId: name, projectName: name }),
    );
    const other = makeThread({ status: 'ready', agent: 'ann', projectId: 'shop', projectName: 'shop' });
    const threads = [ours, theirs, other].filter(thread => thread !== undefined);
    const sections = groupThreads(threads, { ...options, grouping: 'agent' });
    expect(sections.map(section => [section.agent, section.threads])).toEqual([
      ['ann', [other]],
      ['shop/dev', [ours]],
      ['site/dev', [theirs]],
    ]);
    expect(new Set(sections.map(({ key }) => key)).size).toBe(3);
  });
});

it('the most urgent thread comes first in pickers, the latest first among equals', () => {
  const old = makeThread({ status: 'ready', updatedAt: 1n });
  const late = makeThread({ status: 'ready', updatedAt: 2n });
  const needy = makeThread({ status: 'needs_you' });
  expect([old, late, needy].sort(byUrgency)).toEqual([needy, late, old]);
});

it('a filter finds every word, in any order, in task, agent, branch and id', () => {
  const thread = makeThread({ summary: 'Upgrade zod', agent: 'dev', branch: 'muster/upgrade-zod-3f2a' });
  expect(matchesQuery(thread, 'ZOD dev')).toBe(true);
  expect(matchesQuery(thread, '3f2a')).toBe(true);
  expect(matchesQuery(thread, 'zod reviewer')).toBe(false);
});
