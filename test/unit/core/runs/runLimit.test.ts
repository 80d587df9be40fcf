import { expect, test } from 'vitest';
import { machineRunLimit } from '../../../../src/core/runs/runLimit.js';

const gigabyte = 1024 ** 3;

test.each([
  [2, 4, 8],
  [2, 64, 16],
  [8, 16, 32],
  [1, 1, 4],
  [64, 512, 64],
])('%d cores and %d GB are good for %d runs', (cores, memory, runs) => {
  expect(machineRunLimit({ cores, memoryBytes: memory * gigabyte })).toEqual({ runs, chosen: false });
});
