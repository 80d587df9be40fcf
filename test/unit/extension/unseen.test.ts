import { expect, test } from 'vitest';
import { Unseen } from '../../../src/extension/notifications/unseen.js';

test('the status bar is amber for what came since the list was last in view, and for nothing else', () => {
  const unseen = new Unseen({ firstIsNews: true });
  expect(unseen.look([], { listed: false })).toBe(0);
  expect(unseen.look(['a'], { listed: false })).toBe(1);
  expect(unseen.look(['a'], { listed: true })).toBe(0);
  expect(unseen.look(['a'], { listed: false })).toBe(0);
  expect(unseen.look(['a', 'b'], { listed: false })).toBe(1);
  expect(unseen.look(['a'], { listed: false })).toBe(0);
  // What needed nobody for a while is news again.
  expect(unseen.look([], { listed: false })).toBe(0);
  expect(unseen.look(['a'], { listed: false })).toBe(1);
});

test('the badge counts what was done since the list was last in view, and nothing of an earlier window', () => {
  const unseen = new Unseen({ firstIsNews: false });
  expect(unseen.look(['old'], { listed: false })).toBe(0);
  expect(unseen.look(['old', 'a', 'b'], { listed: false })).toBe(2);
  expect(unseen.look(['old', 'a'], { listed: false })).toBe(1);
  expect(unseen.look(['old', 'a'], { listed: true })).toBe(0);
  expect(unseen.look(['old', 'a'], { listed: false })).toBe(0);
});
