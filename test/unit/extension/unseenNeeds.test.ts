import { expect, test } from 'vitest';
import { UnseenNeeds } from '../../../src/extension/notifications/unseenNeeds.js';

test('the status bar is amber for what came since the list was last in view, and for nothing else', () => {
  const unseen = new UnseenNeeds();
  expect(unseen.look([], { listed: false })).toBe(false);
  expect(unseen.look(['a'], { listed: false })).toBe(true);
  expect(unseen.look(['a'], { listed: true })).toBe(false);
  expect(unseen.look(['a'], { listed: false })).toBe(false);
  expect(unseen.look(['a', 'b'], { listed: false })).toBe(true);
  expect(unseen.look(['a'], { listed: false })).toBe(false);
  // What needed nobody for a while is news again.
  expect(unseen.look([], { listed: false })).toBe(false);
  expect(unseen.look(['a'], { listed: false })).toBe(true);
});
