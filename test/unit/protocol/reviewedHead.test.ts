import { describe, expect, it } from 'vitest';
import { seenHead, sightOf, type SeenThread } from '../../../src/protocol/reviewedHead.js';
import { create } from '@bufbuild/protobuf';
import { MergeSchema } from '../../../src/protocol/gen/muster/v1/merges_pb.js';

const thread = (changes: Partial<SeenThread>): SeenThread => ({
  head: 'b',
  shownHead: '',
  approvedHead: '',
  ...changes,
});
const tried = (changes: { status: string; expect?: string; reason?: string }): SeenThread =>
  thread({ latestMerge: create(MergeSchema, { expect: 'b', ...changes }) });

describe('what a person knows of what they are about to merge', () => {
  it.each([
    ['nobody looked', thread({}), 'unseen'],
    ['they have it in front of them', thread({ shownHead: 'b' }), 'seen'],
    ['the agent followed up on what they saw', thread({ shownHead: 'a' }), 'changed'],
    ['the agent followed up on what they approved', thread({ shownHead: 'a', approvedHead: 'a' }), 'changed'],
    ['an agent approved what came after they looked', thread({ shownHead: 'a', approvedHead: 'b' }), 'seen'],
    ['exactly it was to be merged, and git refused', tried({ status: 'failed' }), 'agreed'],
    [
      'exactly it was to be merged, over edits of theirs',
      tried({ status: 'blocked', reason: 'target_has_edits' }),
      'agreed',
    ],
    ['another commit was to be merged', tried({ status: 'blocked', expect: 'a' }), 'unseen'],
    ['somebody wrote into it since', tried({ status: 'blocked', reason: 'changed_since_review' }), 'unseen'],
    ['they took the merge back', tried({ status: 'cancelled' }), 'unseen'],
    ['it was merged, and that was undone', tried({ status: 'merged' }), 'unseen'],
  ] as const)('%s', (_, seen, sight) => {
    expect(sightOf(seen)).toBe(sight);
  });

  it('is the commit that they approved, where that is what is there', () => {
    expect(seenHead(thread({ shownHead: 'a', approvedHead: 'b' }))).toBe('b');
    expect(seenHead(thread({ shownHead: 'a', approvedHead: 'c' }))).toBe('a');
    expect(seenHead(thread({ approvedHead: 'c' }))).toBe('c');
  });
});
