import { describe, expect, it } from 'vitest';
import {
  changesText,
  threadAccessibleText,
  unseenText,
  threadDescription,
  threadTooltip,
} from '../../../src/extension/threads/threadText.js';
import { shortTitle, threadTitle } from '../../../src/extension/threads/threadTitles.js';
import { threadContext, threadThemeIcon } from '../../../src/extension/views/threadNodes.js';
import { makeThread } from '../../support/protoThreads.js';

const minute = 60_000;
const now = 1_000_000 * minute;
const ago = (minutes: number): bigint => BigInt(now - minutes * minute);

describe('the description of a thread', () => {
  it.each([
    [
      'needs you',
      makeThread({ status: 'needs_you', needs: 'asks to run `npm i`', updatedAt: ago(3) }),
      'dev · asks to run `npm i` · 3 min',
    ],
    [
      'working',
      makeThread({ status: 'working', latestRun: { activity: 'editing src/a.ts', startedAt: ago(2) }, costUsd: 0.11 }),
      'dev · editing src/a.ts · 2 min · $0.11',
    ],
    [
      'stopping',
      makeThread({ status: 'working', latestRun: { activity: 'editing', stopping: true, startedAt: ago(2) } }),
      'dev · stopping',
    ],
    ['queued', makeThread({ status: 'queued', latestRun: { queuePosition: 3 } }), 'dev · queued, 3rd'],
    [
      'ready',
      makeThread({ status: 'ready', filesChanged: 7, additions: 120, deletions: 44, updatedAt: ago(5) }),
      'dev · 7 files +120 −44 · 5 min',
    ],
    [
      'approved by the agent that reviewed it',
      makeThread({
        status: 'ready',
        head: '12ab34cd56',
        filesChanged: 1,
        updatedAt: ago(5),
        chain: { state: 'approved', said: [{ agent: 'eve', verdict: 'approve', commit: '12ab34cd56' }] },
      }),
      'dev · 1 file · approved by eve at 12ab34cd · 5 min',
    ],
    [
      'merged',
      makeThread({ status: 'merged', latestMerge: { target: 'main' }, updatedAt: ago(120) }),
      'dev · into main · 2 h',
    ],
    [
      'one of several attempts',
      makeThread({ status: 'queued', attempt: 1, attempts: 2 }),
      'dev · attempt 1 of 2 · queued',
    ],
    ['unknown to this version', makeThread({ status: 'pondering', updatedAt: ago(1) }), 'dev · 1 min'],
  ])('says what matters when it is %s', (_, thread, expected) => {
    expect(threadDescription(thread, now)).toBe(expected);
  });

  it('says a name once where agent and provider are called the same', () => {
    const { value } = threadTooltip(makeThread({ status: 'working', agent: 'slow', provider: 'slow' }), now);
    expect(value.match(/slow/g)).toHaveLength(1);
  });

  it('says nothing about costs that are not known', () => {
    expect(threadDescription(makeThread({ status: 'working' }), now)).toBe('dev');
  });

  it('stays one line whatever an agent writes', () => {
    const thread = makeThread({ status: 'working', latestRun: { activity: `a\nb ${'x'.repeat(500)}` } });
    expect(threadDescription(thread, now)).toMatch(/^dev · a b x{1,160}…$/);
  });
});

it('a title leaves room for what stands behind it, and is cut between words', () => {
  const title = (summary: string) => shortTitle(makeThread({ summary }));
  expect(title('Fix flaky test')).toBe('Fix flaky test');
  expect(title('Upgrade zod to version 4 and fix all the call sites')).toBe('Upgrade zod to version…');
  expect(title('x'.repeat(60))).toBe(`${'x'.repeat(23)}…`);
});

it('where a window has several projects, an agent is named with its own', () => {
  const thread = makeThread({ status: 'ready', projectName: 'shop', updatedAt: ago(5) });
  expect(threadDescription(thread, now, { withProject: true })).toMatch(/^shop\/dev · /);
});

it('a thread without a summary is called by its id', () => {
  expect(threadTitle(makeThread({ id: '3f2a9k4m7p0q', summary: ' \n' }))).toBe('3f2a9k4m');
});

it('changes are counted, and none is said in words', () => {
  expect(changesText(makeThread({ filesChanged: 1, additions: 2, deletions: 0 }))).toBe('1 file +2 −0');
  expect(changesText(makeThread({ filesChanged: 0 }))).toBe('no changes');
  expect(changesText(makeThread())).toBe('');
});

it('who has looked at what a person has not is said for what it is', () => {
  const thread = makeThread({ head: 'c1', filesChanged: 1, additions: 2, deletions: 0 });
  expect(unseenText(thread)).toBe('Nobody has reviewed these changes: 1 file +2 −0.');
  const said = [{ agent: 'eve', verdict: 'approve', commit: 'c1' }];
  const approved = makeThread({
    head: 'c1',
    filesChanged: 1,
    additions: 2,
    deletions: 0,
    chain: { state: 'approved', said },
  });
  expect(unseenText(approved)).toBe('Approved by eve, and not seen by you: 1 file +2 −0.');
});

it('a screen reader hears the state first', () => {
  const thread = makeThread({ status: 'needs_you', summary: 'Add health check', needs: 'has a question' });
  expect(threadAccessibleText(thread, now)).toMatch(/^Needs you, Add health check, dev · has a question/);
  const ofShop = { ...thread, projectName: 'shop' };
  expect(threadAccessibleText(ofShop, now, { withProject: true })).toMatch(
    /^Needs you, Add health check, shop\/dev · /,
  );
});

describe('a tooltip', () => {
  it('runs commands on its own thread only, and only those it shows', () => {
    const tooltip = threadTooltip(makeThread({ id: '3f2a9k4m7p0q', status: 'ready', filesChanged: 2 }), now);
    expect(tooltip.isTrusted).toEqual({
      enabledCommands: ['muster.openThread', 'muster.review', 'muster.merge', 'muster.showLog'],
    });
    expect(tooltip.value).toContain('(command:muster.merge?%5B%223f2a9k4m7p0q%22%5D)');
  });

  it('offers no merge of nothing, nor of what conflicts', () => {
    const links = (thread: Parameters<typeof makeThread>[0]) => threadTooltip(makeThread(thread), now).value;
    const unchanged = links({ status: 'ready', filesChanged: 0 });
    expect(unchanged).toContain('Finished, nothing changed');
    expect(unchanged).not.toContain('command:muster.merge');
    expect(links({ status: 'ready', filesChanged: 1, conflictFiles: ['a.ts'] })).not.toContain('command:muster.merge');
    expect(links({ status: 'ready', filesChanged: 1 })).toContain('command:muster.merge');
  });

  it('tells since when a thread waits for review, not when somebody looked at it', () => {
    const thread = makeThread({ status: 'ready', filesChanged: 1, latestRun: { endedAt: ago(5) }, updatedAt: ago(1) });
    expect(threadDescription(thread, now)).toBe('dev · 1 file · 5 min');
  });

  it('breaks its lines between words, and makes no list of what begins like one', () => {
    const needs = '1. The model provider refused the request: rate limited';
    const { value } = threadTooltip(
      makeThread({ status: 'needs_you', needs, summary: 'Rename all of the handlers' }),
      now,
    );
    expect(value).toContain('**Rename all of the handlers**');
    expect(value).toContain('1.&nbsp;The model provider refused the request: rate limited');
  });

  it('never makes a link of what an agent or a task says', () => {
    const evil = '[click](command:workbench.action.quit)';
    const tooltip = threadTooltip(
      makeThread({ summary: evil, latestRun: { answer: evil }, needs: evil, agent: evil }),
      now,
    );
    expect(tooltip.value).not.toContain(evil);
  });
});

describe('menus find out', () => {
  it('that a thread can be restored once its worktree is gone', () => {
    expect(threadContext(makeThread({ status: 'abandoned', rescue: 'refs/muster/rescue/x' }), false)).toMatch(
      /\brescue\b/,
    );
    expect(threadContext(makeThread({ rescue: 'refs/muster/rescue/x', worktree: '/w' }), false)).not.toMatch(
      /\brescue\b/,
    );
  });

  it('that a conflict is in sight before somebody merges into it', () => {
    const words = (conflictFiles: string[]) =>
      threadContext(makeThread({ status: 'ready', filesChanged: 1, worktree: '/w', conflictFiles }), false).split(' ');
    expect(words([])).toContain('mergeable');
    expect(words(['a.ts'])).toContain('conflicting');
    expect(words(['a.ts'])).not.toContain('mergeable');
  });

  it('that a blocked merge can be tried again and a failed run retried', () => {
    expect(threadContext(makeThread({ status: 'needs_you', latestMerge: { status: 'blocked' } }), false)).toMatch(
      /\bmergeable\b/,
    );
    expect(threadContext(makeThread({ status: 'needs_you', latestRun: { status: 'failed' } }), true)).toMatch(
      /\bmuted retryable\b/,
    );
  });
});

it('icons follow the state, and a run that ended badly shows as an error', () => {
  expect(threadThemeIcon(makeThread({ status: 'working' })).id).toBe('loading~spin');
  expect(threadThemeIcon(makeThread({ status: 'needs_you' })).id).toBe('bell-dot');
  expect(threadThemeIcon(makeThread({ status: 'needs_you', latestRun: { status: 'lost' } })).id).toBe('error');
});
