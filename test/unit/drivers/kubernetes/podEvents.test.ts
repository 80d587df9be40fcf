import type { CoreV1EventList } from '@kubernetes/client-node';
import { ObjectSerializer } from '@kubernetes/client-node/dist/gen/models/ObjectSerializer.js';
import { expect, test } from 'vitest';
import { sentencesOf } from '../../../../src/drivers/kubernetes/podEvents.js';

/** As the client makes them of what an API server answers. */
function eventsOf(...items: readonly object[]): CoreV1EventList['items'] {
  const list: CoreV1EventList = ObjectSerializer.deserialize({ items }, 'CoreV1EventList', '');
  return list.items;
}

test('events are told in the order in which they happened, whoever says when', () => {
  const told = sentencesOf(
    eventsOf(
      { reason: 'Started', message: 'Started container agent', lastTimestamp: '2026-11-27T06:00:02Z' },
      { reason: 'Pulled', message: 'Image is there', eventTime: '2026-11-27T06:00:01.000000Z' },
      { reason: 'Scheduled', message: 'To a node', metadata: { creationTimestamp: '2026-11-27T06:00:00Z' } },
    ),
  );
  expect(told).toEqual(['Scheduled: To a node', 'Pulled: Image is there', 'Started: Started container agent']);
});

test.each([
  { case: 'says nothing of itself', event: {}, told: [] },
  { case: 'has no metadata and no time', event: { reason: 'Odd', message: null }, told: ['Odd'] },
  { case: 'has a time that is none', event: { message: 'of late', lastTimestamp: 'soon' }, told: ['of late'] },
])('one that $case hides no other', ({ event, told }) => {
  const good = { reason: 'Started', message: 'Container', lastTimestamp: '2026-11-27T06:00:02Z' };
  expect(sentencesOf(eventsOf(good, event))).toEqual([...told, 'Started: Container']);
});
