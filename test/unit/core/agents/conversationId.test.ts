import { expect, test } from 'vitest';
import { isConversationId } from '../../../../src/core/agents/conversationId.js';
import { digestEvent, emptyDigest } from '../../../../src/core/runs/runDigest.js';

test.each(['', ' ', '--yolo', '-c', 'a b', 'a\nb', 'a\u0000', 'x'.repeat(501)])(
  '%j is not handed back to a CLI',
  id => {
    expect(isConversationId(id)).toBe(false);
    expect(digestEvent(emptyDigest, { kind: 'conversation', id }).conversation).toBeUndefined();
  },
);

test.each(['ses_4f2', '0198f7b2-3c5e-7d10-9a62-0f4f7b0e2f11', '7'])('%j is', id => {
  expect(digestEvent(emptyDigest, { kind: 'conversation', id }).conversation).toBe(id);
});

test('an empty id does not replace the one that is known', () => {
  const known = digestEvent(emptyDigest, { kind: 'conversation', id: 'c1' });
  expect(digestEvent(known, { kind: 'conversation', id: '' }).conversation).toBe('c1');
});
