import { expect, it } from 'vitest';
import type * as vscode from 'vscode';
import { BegunTexts } from '../../../src/extension/review/begunTexts.js';

function memento(): Pick<vscode.Memento, 'get' | 'update'> {
  const values = new Map<string, unknown>();
  return {
    get: (key: string) => values.get(key) as never,
    update: async (key: string, value: unknown) => void values.set(key, value),
  };
}

const [review, page] = [{ label: 'Review' }, { label: 'Page' }] as unknown as readonly [vscode.Tab, vscode.Tab];

it('a comment that was begun is lost with its tab, and told once', () => {
  const begun = new BegunTexts(memento());
  begun.typed('box', { text: 'This is wr', tab: review });
  begun.typed('box', { text: 'This is wrong', tab: review });
  expect(begun.takeLost([review, page])).toEqual([]);
  expect(begun.takeLost([page])).toEqual(['This is wrong']);
  expect(begun.takeLost([page])).toEqual([]);
});

it('one that was added, emptied or shown again in another box is not', () => {
  const begun = new BegunTexts(memento());
  begun.typed('added', { text: 'Rename it', tab: review });
  begun.settled('Rename it');
  begun.typed('emptied', { text: 'No', tab: review });
  begun.typed('emptied', { text: ' ', tab: review });
  begun.typed('before', { text: 'Why?', tab: review });
  begun.typed('after', { text: 'Why?', tab: page });
  expect(begun.takeLost([])).toEqual(['Why?']);
});

it('the next window tells what an earlier one had begun, once', () => {
  const kept = memento();
  new BegunTexts(kept).typed('box', { text: 'This is wrong', tab: review });
  const next = new BegunTexts(kept);
  expect(next.takeEarlier()).toEqual(['This is wrong']);
  expect(next.takeEarlier()).toEqual([]);
  expect(new BegunTexts(kept).takeEarlier()).toEqual([]);
});
