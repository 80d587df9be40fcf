import { expect, it } from 'vitest';
import { NewlyNeedy } from '../../../src/extension/notifications/newlyNeedy.js';
import { makeThread } from '../../support/protoThreads.js';

const waiting = makeThread({
  id: 'aaaaaaaaaaaa',
  status: 'needs_you',
  needs: 'has a question',
  latestRun: { id: 'run1' },
});

it('what needed someone before the window opened is not news', () => {
  expect(new NewlyNeedy().look([waiting])).toEqual([]);
});

it('a need is told once, however often the thread changes', () => {
  const news = new NewlyNeedy();
  news.look([]);
  expect(news.look([waiting])).toEqual([{ thread: waiting, reason: 'needs_you' }]);
  expect(news.look([{ ...waiting, updatedAt: 99n, costUsd: 1 }])).toEqual([]);
});

it('the same need of a later run is told again', () => {
  const news = new NewlyNeedy();
  news.look([waiting]);
  const working = { ...waiting, status: 'working', needs: '' };
  expect(news.look([working])).toEqual([]);
  const again = makeThread({ id: waiting.id, status: 'needs_you', needs: waiting.needs, latestRun: { id: 'run2' } });
  expect(news.look([again])).toEqual([{ thread: again, reason: 'needs_you' }]);
});

it('a finished run is ready once', () => {
  const news = new NewlyNeedy();
  news.look([]);
  const ready = makeThread({ id: 'bbbbbbbbbbbb', status: 'ready', latestRun: { id: 'run1' } });
  expect(news.look([ready])).toEqual([{ thread: ready, reason: 'ready' }]);
  expect(news.look([ready])).toEqual([]);
});

it('what is ready again because its merge was taken back is no news, nor is what a person stopped', () => {
  const news = new NewlyNeedy();
  const ready = makeThread({ id: 'bbbbbbbbbbbb', status: 'ready', latestRun: { id: 'run1' } });
  news.look([ready]);
  expect(news.look([{ ...ready, status: 'merged' }])).toEqual([]);
  expect(news.look([ready])).toEqual([]);
  const stopped = makeThread({ id: 'cccccccccccc', status: 'ready', latestRun: { id: 'run2', status: 'cancelled' } });
  expect(news.look([ready, stopped])).toEqual([]);
});
