import { expect, test } from 'vitest';
import { compareVersions } from '../../../src/client/compareVersions.js';

test('orders versions as semantic versioning does', () => {
  const ordered = [
    'junk',
    '0.9.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0',
    '1.0.10',
    '1.2.0',
    '10.0.0',
  ];
  expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered);
  expect(compareVersions('v1.2.3', '1.2.3+build.7')).toBe(0);
});
