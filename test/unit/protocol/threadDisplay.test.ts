import { describe, expect, test } from 'vitest';
import {
  formatAge,
  formatCost,
  formatDuration,
  formatLineChanges,
  formatMaker,
  formatOrdinal,
  formatTokens,
  sumKnown,
} from '../../../src/protocol/displayFormat.js';
import { parseThreadStatus, threadGroupOf, threadIcon } from '../../../src/protocol/threadDisplay.js';
import { modeChange } from '../../../src/protocol/webview/modeChange.js';
import { offeredActions } from '../../../src/protocol/webview/threadActions.js';
import { toThreadView } from '../../../src/protocol/webview/threadView.js';
import { fill, webviewStrings, withTranslations } from '../../../src/protocol/webview/webviewStrings.js';
import { makeThread } from '../../support/protoThreads.js';
import { threadView } from '../../webview/support/threadFixtures.js';

const s = 1000;
const min = 60 * s;
const h = 60 * min;
const d = 24 * h;

describe('short texts', () => {
  test.each([
    [200, '0.2 s'],
    [9_949, '9.9 s'],
    [9_960, '10 s'],
    [41 * s, '41 s'],
    [59_700, '1 min'],
    [4 * min, '4 min'],
    [2 * h, '2 h'],
    [2 * h + 5 * min, '2 h 5 min'],
    [3 * d, '3 d'],
    [-1, ''],
    [Number.NaN, ''],
  ])('a duration of %d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test.each([
    [0, 'now'],
    [-5 * min, 'now'],
    [12 * s, '12 s'],
    [2 * min + 59 * s, '2 min'],
    [3 * h, '3 h'],
    [5 * d, '5 d'],
    [60 * d, '8 w'],
  ])('an age of %d ms is %s', (ms, text) => expect(formatAge(1_000_000_000_000 - ms, 1_000_000_000_000)).toBe(text));

  test.each([
    [0.42, '$0.42'],
    [0, '$0.00'],
    [0.004, '<$0.01'],
    [1234.5, '$1,235'],
    [undefined, ''],
  ])('%s dollars are %s', (usd, text) => expect(formatCost(usd)).toBe(text));

  test.each([
    [950, '950'],
    [12_345, '12.3k'],
    [88_000, '88k'],
    [999_499, '999k'],
    [999_500, '1M'],
    [1_200_000, '1.2M'],
    [undefined, ''],
  ])('%s tokens are %s', (count, text) => expect(formatTokens(count)).toBe(text));

  test('changes, ordinals and sums', () => {
    expect(formatLineChanges(120, 44)).toBe('+120 −44');
    expect(formatLineChanges(undefined, undefined)).toBe('');
    expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(formatOrdinal)).toEqual([
      '1st',
      '2nd',
      '3rd',
      '4th',
      '11th',
      '12th',
      '13th',
      '21st',
      '102nd',
      '111th',
    ]);
    expect(sumKnown(undefined, undefined)).toBeUndefined();
    expect(sumKnown(1, undefined, 2)).toBe(3);
  });
});

test('a maker is named once', () => {
  const maker = (name: string, provider: string, model = '') => formatMaker({ name, provider, model });
  expect(maker('dev', 'claude', 'sonnet')).toBe('claude · sonnet');
  expect(maker('slow', 'slow')).toBe('');
  expect(maker('slow', 'slow', 'm')).toBe('m');
});

test('a changed mode is told by what the file may do now', () => {
  const change = (oldMode: string, mode: string) => modeChange({ oldMode, mode });
  expect(change('100644', '100755')).toBe('executable');
  expect(change('100755', '100644')).toBe('notExecutable');
  expect(change('100644', '120000')).toBe('otherMode');
  expect(change('', '')).toBeUndefined();
});

describe('states', () => {
  test('a state of a newer host is shown as closed, and inherited names are no states', () => {
    expect(parseThreadStatus('ready')).toBe('ready');
    expect(parseThreadStatus('paused')).toBe('closed');
    expect(parseThreadStatus('toString')).toBe('closed');
  });
  test('what failed needs a person and looks like it', () => {
    expect(threadGroupOf('failed')).toBe('needs_you');
    expect(threadIcon('needs_you', { latestRun: 'timed_out' })).toBe('error');
    expect(threadIcon('needs_you', { latestRun: 'waiting' })).toBe('bell-dot');
    expect(threadIcon('ready', { latestRun: 'cancelled' })).not.toBe(threadIcon('ready', { latestRun: 'succeeded' }));
    expect(threadIcon('ready', { conflicting: true })).toBe('warning');
    expect(threadIcon('working', { conflicting: true })).toBe('loading');
  });
});

describe('what a person can do', () => {
  const buttons = (changes: Parameters<typeof threadView>[0]) => offeredActions(threadView(changes)).buttons;
  const run = (status: string) => ({ status, agent: 'dev', activity: '', queuedAt: 1 });
  const blocked = (reason: string) =>
    ({ status: 'needs_you', latestMerge: { status: 'blocked', reason, target: 'main' } }) as const;
  test.each([
    ['ready', { status: 'ready' }, ['review', 'merge']],
    ['ready, with a conflict in sight', { status: 'ready', conflicting: true }, ['review', 'resolve', 'mergeByHand']],
    [
      'without a verdict, with a conflict in sight',
      { status: 'needs_you', silentReviewer: true, conflicting: true },
      ['askReviewer', 'review', 'resolve', 'mergeByHand'],
    ],
    [
      'ready, with a conflict in sight in one of several repositories',
      { status: 'ready', conflicting: true, several: true },
      ['review', 'resolve'],
    ],
    ['ready without changes', { status: 'ready', filesChanged: 0 }, ['close']],
    ['stopped half way', { status: 'ready', latestRun: run('cancelled') }, ['retry', 'review', 'merge']],
    ['working', { status: 'working', latestRun: run('running') }, ['stop', 'review']],
    ['waiting for an answer', { status: 'needs_you', latestRun: run('waiting') }, ['stop', 'answer', 'review']],
    ['failed', { status: 'needs_you', latestRun: run('failed'), filesChanged: 0 }, ['retry']],
    [
      'nobody said whether it is good',
      { status: 'needs_you', silentReviewer: true, latestRun: run('succeeded') },
      ['askReviewer', 'review', 'merge'],
    ],
    ['changed since review', blocked('changed_since_review'), ['review', 'approveAndMerge']],
    ['edits in the way', blocked('target_has_edits'), ['mergeAgain', 'showSourceControl', 'review']],
    ['a hook that refused', blocked('hook_refused'), ['mergeAgain', 'review']],
    ['nothing that is left to merge', blocked('nothing_to_merge'), ['close', 'review']],
    [
      'conflicted',
      { status: 'needs_you', latestMerge: { status: 'conflicted', reason: '', target: 'main' } },
      ['resolve', 'mergeByHand', 'mergeRebase', 'openWorktree', 'review'],
    ],
    [
      'not logged in',
      { status: 'needs_you', filesChanged: 0, latestRun: { ...run('failed'), problem: 'provider.notLoggedIn' } },
      ['fixAgent', 'retry'],
    ],
    [
      'half merged by hand, after a merge that conflicted',
      {
        status: 'needs_you',
        handMerge: 'main',
        latestRun: run('cancelled'),
        latestMerge: { status: 'conflicted', reason: '', target: 'main' },
      },
      ['finishHandMerge', 'mergeByHand', 'abandonHandMerge', 'openWorktree', 'review'],
    ],
    ['merged', { status: 'merged' }, ['review']],
    ['closed', { status: 'closed', reopenable: true }, ['review', 'reopen']],
    [
      'stopped before it changed anything',
      { status: 'closed', filesChanged: 0, latestRun: run('cancelled') },
      ['retry'],
    ],
    [
      'stopped, its worktree removed',
      { status: 'closed', latestRun: run('cancelled'), filesChanged: 0, hasWorktree: false, restorable: true },
      ['restore'],
    ],
    [
      'stopped and closed by a person',
      { status: 'closed', latestRun: run('cancelled'), filesChanged: 0, reopenable: true },
      ['reopen'],
    ],
    ['abandoned', { status: 'abandoned', hasWorktree: false, restorable: true }, ['restore']],
  ] as const)('%s', (_, changes, expected) => expect(buttons(changes)).toEqual(expected));
});

test('one of several attempts is compared and kept until one is; a browser has no editors for that', () => {
  const attempt = { place: 1, of: 2 };
  const offered = (changes: Parameters<typeof threadView>[0]) =>
    offeredActions(threadView({ attempt, ...changes })).menu.filter(
      action => action.endsWith('Attempts') || action.endsWith('Attempt'),
    );
  expect(offered({})).toEqual(['compareAttempts', 'keepAttempt']);
  expect(offered({ status: 'working' })).toEqual(['compareAttempts', 'keepAttempt']);
  expect(offered({ status: 'abandoned' })).toEqual([]);
  expect(offered({ inBrowser: true })).toEqual([]);
  expect(offered({ attempt: undefined })).toEqual([]);
});

test('what is half merged by hand can be closed, and nothing starts an agent or a merge there', () => {
  const { buttons, menu } = offeredActions(threadView({ status: 'needs_you', handMerge: 'main' }));
  const offered = [...buttons, ...menu];
  for (const action of ['merge', 'mergeAgain', 'retry', 'resolve', 'requestChanges', 'approve', 'update'] as const)
    expect(offered).not.toContain(action);
  expect(menu).toContain('close');
});

test('translations lie over the English table', () => {
  const strings = withTranslations({ stop: 'Anhalten', nonsense: 'x' });
  expect(strings.stop).toBe('Anhalten');
  expect(strings.merge).toBe(webviewStrings.merge);
  expect('nonsense' in strings).toBe(false);
  expect(fill('{0} of {1} and {2}', 1, 'two')).toBe('1 of two and {2}');
});

test('approving is offered until exactly that commit is approved', () => {
  const menu = (changes: Parameters<typeof threadView>[0]) => offeredActions(threadView(changes)).menu;
  const blocked = { status: 'blocked', reason: 'changed_since_review', target: 'main' };
  expect(menu({ status: 'ready' })).toContain('approve');
  expect(menu({ status: 'needs_you', latestMerge: blocked })).toContain('approve');
  expect(menu({ status: 'ready', approved: 'abc' })).not.toContain('approve');
  expect(menu({ status: 'working' })).not.toContain('approve');
});

test('the commit of a merge can be copied where one landed', () => {
  const menu = (latestMerge: object) =>
    offeredActions(toThreadView(makeThread({ status: 'merged', latestMerge: { target: 'main', ...latestMerge } })))
      .menu;
  expect(menu({ status: 'merged', commit: 'abc' })).toContain('copyCommit');
  expect(menu({ status: 'merged', commit: '' })).not.toContain('copyCommit');
  expect(menu({ status: 'undone', commit: 'abc' })).not.toContain('copyCommit');
});
