import { expect, it } from 'vitest';
import { requestPrompt } from '../../../src/extension/review/requestChanges.js';

it('says what will be sent, and what was sent and is still open', () => {
  expect(requestPrompt({ drafts: 0, open: 0 }, false)).toBe('You have not commented on any line.');
  expect(requestPrompt({ drafts: 0, open: 3 }, false)).toBe('3 comments that were sent are still open.');
  expect(requestPrompt({ drafts: 2, open: 1 }, false)).toBe(
    'Sends your 2 comments. 1 comment that was sent is still open.',
  );
  expect(requestPrompt({ drafts: 0, open: 3 }, true)).toBe('Sends 3 comments again.');
});
