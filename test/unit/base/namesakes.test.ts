import { expect, it } from 'vitest';
import { marksOfNamesakes } from '../../../src/base/namesakes.js';

it('marks only those that are called alike, with as much of their ids as tells them apart', () => {
  const marks = marksOfNamesakes([
    { id: '3f2a9k4m7p0q', name: 'Fix the test' },
    { id: '3f2a9k5m7p0q', name: 'Fix the test' },
    { id: '7b1c9k4m7p0q', name: 'Add a page' },
    { id: '8b1c9k4m7p0q', name: 'Add a form' },
    { id: '9b1c9k4m7p0q', name: 'Add a form' },
  ]);
  expect(Object.fromEntries(marks)).toEqual({
    '3f2a9k4m7p0q': '3f2a9k4',
    '3f2a9k5m7p0q': '3f2a9k5',
    '8b1c9k4m7p0q': '8b1c',
    '9b1c9k4m7p0q': '9b1c',
  });
});
