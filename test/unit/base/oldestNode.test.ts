import { expect, test } from 'vitest';
import { oldNodeText } from '../../../src/base/oldestNode.js';

test.each(['22.0.0', '24.21.0', '100.0.0'])('Node %s is new enough', version => {
  expect(oldNodeText(version)).toBeUndefined();
});

test.each(['20.20.2', '8.17.0'])('Node %s is told to be too old, and what is needed', version => {
  expect(oldNodeText(version)).toContain(`needs Node 22 or newer; this is Node ${version}.`);
});
