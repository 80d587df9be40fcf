import { describe, expect, it } from 'vitest';
import type { CommandEntry, MenuPlace } from '../../../src/extension/manifest/commandEntry.js';
import { cardMenu } from '../../../src/extension/manifest/cardMenu.js';
import { commandTable } from '../../../src/extension/manifest/commandTable.js';
import { submenuTable } from '../../../src/extension/manifest/submenuTable.js';
import { threadContext } from '../../../src/extension/views/threadNodes.js';
import { threadActions } from '../../../src/protocol/webview/threadActions.js';
import { makeThread } from '../../support/protoThreads.js';

type ThreadInit = Parameters<typeof makeThread>[0];

/** More than fit beside a row without reading on. */
const most = 16;

interface Item {
  readonly title: string;
  readonly group: string;
}

/** Whether a `when` clause of the Threads view is true of a row. */
function holds(when: string, viewItem: string): boolean {
  return when.split(' && ').every(term => {
    if (term === 'view == muster.threads') return true;
    const equal = /^viewItem == (.*)$/.exec(term)?.[1];
    if (equal !== undefined) return equal === viewItem;
    const pattern = /^viewItem =~ \/(.*)\/$/.exec(term)?.[1];
    return pattern !== undefined && new RegExp(pattern).test(viewItem);
  });
}

function titlesOf(items: readonly Item[]): readonly string[] {
  return items.toSorted((a, b) => (a.group < b.group ? -1 : 1)).map(({ title }) => title);
}

/** What VS Code shows in one menu of a row, from the top. */
function entriesOf(menu: string, viewItem: string): readonly string[] {
  const shown = (title: string, places: readonly MenuPlace[]): readonly Item[] =>
    places
      .filter(place => place.menu === menu && !place.group.startsWith('inline') && holds(place.when, viewItem))
      .map(({ group }) => ({ title, group }));
  return titlesOf([
    ...Object.values<CommandEntry>(commandTable).flatMap(({ title, menus = [] }) => shown(title, menus)),
    ...Object.entries(submenuTable)
      .filter(([id, { places }]) => places.some(each => each.menu === menu) && entriesOf(id, viewItem).length > 0)
      .flatMap(([, { title, places }]) => shown(`${title} >`, places)),
  ]);
}

function menuOf(thread: ThreadInit): readonly string[] {
  return entriesOf('view/item/context', threadContext(makeThread(thread), false));
}

const worked = { branch: 'muster/a', worktree: '/w/a', filesChanged: 2, head: 'a1' };
const states: Readonly<Record<string, ThreadInit>> = {
  'queued': { ...worked, status: 'queued', filesChanged: 0, latestRun: { status: 'queued' } },
  'working': { ...worked, status: 'working', latestRun: { status: 'running' } },
  'asking': { ...worked, status: 'needs_you', latestRun: { status: 'waiting' } },
  'ready': { ...worked, status: 'ready', latestRun: { status: 'succeeded' }, shownHead: 'a0', draftComments: 2 },
  'without changes': { ...worked, status: 'ready', filesChanged: 0, latestRun: { status: 'succeeded' } },
  'predicted conflict': { ...worked, status: 'ready', conflictFiles: ['a.ts'], latestRun: { status: 'succeeded' } },
  'conflict': { ...worked, status: 'needs_you', latestMerge: { status: 'conflicted' } },
  'half merged': { ...worked, status: 'needs_you', handMerge: 'main', latestMerge: { status: 'conflicted' } },
  'closed': { ...worked, status: 'closed', outcome: 'completed', latestRun: { status: 'succeeded' } },
  'outdated': { ...worked, status: 'needs_you', latestMerge: { status: 'blocked', reason: 'changed_since_review' } },
  'failed': { ...worked, status: 'needs_you', latestRun: { status: 'failed' }, trouble: 'replaced' },
  'attempt': { ...worked, status: 'ready', batch: 'best-of-1', latestRun: { status: 'succeeded' } },
  'merging': { ...worked, status: 'merging', latestMerge: { status: 'merging' } },
  'merged': { ...worked, status: 'merged', outcome: 'completed', latestMerge: { status: 'merged' } },
  'abandoned': { status: 'abandoned', outcome: 'abandoned', rescue: 'refs/muster/rescue/a', branch: 'muster/a' },
};

describe('the palette', () => {
  const found = (word: string): readonly string[] =>
    Object.entries<CommandEntry>(commandTable)
      .filter(([, { title, palette }]) => palette === undefined && title.toLowerCase().includes(word))
      .map(([id]) => id);

  it.each(['attempt', 'several', 'parallel', 'best'])('leads from %s to a task for several agents', word => {
    expect(found(word)).toContain('muster.dispatchBestOf');
  });

  it('leads to the schedules', () => {
    const { title, palette } = commandTable['muster.showSchedules'];
    expect([title, palette]).toEqual(['Show Schedules', 'true']);
  });
});

it('decides nothing in the title of a review whose thread is merged, and sends comments from where they stand', () => {
  for (const id of ['muster.requestChanges', 'muster.approve', 'muster.merge'] as const) {
    const inTitle = commandTable[id].menus.filter(({ menu }) => menu === 'editor/title');
    expect(inTitle.map(({ when }) => when)).toEqual([expect.stringMatching(/ && !muster\.reviewMerged$/)]);
  }
  const ofDrafts = commandTable['muster.requestChanges'].menus.map(({ menu, when }) => `${menu} ${when}`);
  expect(ofDrafts).toContainEqual(expect.stringMatching(/^comments\/commentThread\/title .*draft/));
});

describe('the menu of a thread', () => {
  it('asks nothing more of whoever closes one, and says which of the two ends takes the worktree', () => {
    expect(commandTable['muster.closeThread'].title).toBe('Close Thread Without Merging');
    expect(commandTable['muster.abandonThread'].title).toBe('Abandon Thread and Remove Worktree...');
    const groupOf = (id: 'muster.closeThread' | 'muster.abandonThread') =>
      commandTable[id].menus[0].group.split('@')[0];
    expect(groupOf('muster.abandonThread')).not.toBe(groupOf('muster.closeThread'));
  });

  it.each(Object.entries(states))('is short when it is %s', (_, thread) => {
    expect(menuOf(thread).length).toBeLessThanOrEqual(most);
  });

  it('begins with what helps now, or with what is most used', () => {
    const first = (state: string): string | undefined => menuOf(states[state] ?? {})[0];
    expect(first('asking')).toBe('Answer Question of Agent...');
    expect(first('conflict')).toBe('Ask Agent to Resolve Conflict');
    expect(first('predicted conflict')).toBe('Ask Agent to Resolve Conflict');
    expect(first('half merged')).toBe('Complete Merge into Thread');
    expect(menuOf(states['half merged'] ?? {})).toContain('Give Up Merge into Thread');
    expect(menuOf(states['half merged'] ?? {})).not.toContain('Merge Thread');
    expect(menuOf(states['closed'] ?? {})).toContain('Reopen Thread');
    expect(first('outdated')).toBe('Approve and Merge');
    expect(first('failed')).toBe('Repair Worktree');
    for (const state of ['ready', 'working', 'merged', 'abandoned']) expect(first(state)).toBe('Open Thread');
  });

  it('has what a person wants of changes that wait for them, and no way out of a conflict that is not there', () => {
    expect(menuOf({ ...worked, status: 'ready' })).toEqual([
      'Open Thread',
      'Review Changes',
      'Request Changes...',
      'Follow Up...',
      'Merge Thread',
      'Approve Changes',
      'Merge Options >',
      'Worktree and Notebooks >',
      'Compare with Another Thread or Target...',
      'Show Raw Log',
      'Close Thread Without Merging',
      'Abandon Thread and Remove Worktree...',
      'Copy >',
      'Do Not Notify About Thread',
    ]);
    for (const [state, thread] of Object.entries(states)) {
      const entries = menuOf(thread).filter(title => title.includes('Conflict'));
      expect(entries.length > 0, state).toBe(state.endsWith('conflict') || state === 'half merged');
    }
  });

  it('offers nothing to review where nothing is changed, and no merge of what is merged', () => {
    expect(menuOf(states['without changes'] ?? {})).not.toContain('Review Changes');
    expect(menuOf(states['without changes'] ?? {})).not.toContain('Request Changes...');
    expect(menuOf(states['merged'] ?? {})).not.toContain('Merge Options >');
  });

  it('has behind its submenus what is seldom wanted', () => {
    const ready = threadContext(makeThread(states['ready'] ?? {}), false);
    expect(entriesOf('muster.mergeMenu', ready)).toEqual([
      'Approve and Merge',
      'Squash and Merge Thread',
      'Rebase and Merge Thread',
      'Open Pull Request...',
      'Update from Target',
    ]);
    expect(entriesOf('muster.copyMenu', ready)).toEqual(['Copy Thread Id', 'Copy Branch Name']);
    const merged = threadContext(makeThread(states['merged'] ?? {}), false);
    expect(entriesOf('muster.copyMenu', merged)).toContain('Copy Commit of Merge');
    expect(entriesOf('muster.worktreeMenu', ready)).toHaveLength(5);
  });
});

it('the menu of a card of the board has what the thread’s page offers, and nothing that it does not', () => {
  // Variants of a button, and what is about the person's own checkout.
  const elsewhere = new Set(['mergeSquash', 'showSourceControl']);
  const shown = (actions: string): readonly string[] =>
    cardMenu
      .filter(({ when }) => {
        const pattern = /^webviewId == muster\.board && musterActions =~ \/(.*)\/$/.exec(when)?.[1];
        return pattern !== undefined && new RegExp(pattern).test(actions);
      })
      .map(({ command }) => command);
  const missing = threadActions.filter(action => !elsewhere.has(action) && shown(action).length !== 1);
  expect(missing).toEqual([]);
  expect(shown('open mergeSquash')).toEqual(['muster.openThread']);
  expect(shown('open review mergeAgain copyId')).toEqual([
    'muster.openThread',
    'muster.review',
    'muster.merge',
    'muster.copyThreadId',
  ]);
});
