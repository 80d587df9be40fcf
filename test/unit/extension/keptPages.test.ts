import { describe, expect, test } from 'vitest';
import { KeptDrafts } from '../../../src/extension/threadPage/keptDrafts.js';
import { OpenPages } from '../../../src/extension/threadPage/openPages.js';
import { fakeMemento } from '../../support/fakes/fakeMemento.js';

describe('what a killed window leaves', () => {
  test('drafts are there for the next one until they are sent', async () => {
    const memento = fakeMemento();
    const drafts = new KeptDrafts(memento);
    await drafts.set('k3v9x2m4q7wz', 'half a thought');
    await drafts.set('constructor', 'a thread of that name');
    expect(new KeptDrafts(memento).get('k3v9x2m4q7wz')).toBe('half a thought');
    expect(new KeptDrafts(memento).get('toString')).toBe('');
    await drafts.set('k3v9x2m4q7wz', '');
    expect(new KeptDrafts(memento).get('k3v9x2m4q7wz')).toBe('');
  });

  test('pages without a tab are lost, those that VS Code has again are not', async () => {
    const memento = fakeMemento();
    const pages = new OpenPages(memento);
    const first = { threadId: 'k3v9x2m4q7wz', title: 'Fix it' };
    const second = { threadId: 'k3v9x2m4q7wy', title: 'Fix it' };
    await pages.opened(first);
    await pages.opened(second);
    expect(new OpenPages(memento).lost(['Fix it', 'Fix it'])).toEqual([]);
    expect(new OpenPages(memento).lost(['Fix it', 'Other'])).toEqual([second]);
    await pages.closed(first.threadId);
    expect(new OpenPages(memento).lost([])).toEqual([second]);
  });

  test('what is stored and makes no sense is left alone', () => {
    const memento = fakeMemento({ openThreadPages: [{ threadId: '../x', title: 'T' }, 3], followUpDrafts: 'x' });
    expect(new OpenPages(memento).lost([])).toEqual([]);
    expect(new KeptDrafts(memento).get('k3v9x2m4q7wz')).toBe('');
  });
});
