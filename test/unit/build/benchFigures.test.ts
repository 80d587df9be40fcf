import { expect, it } from 'vitest';
import { readFigures } from '../../../src/build/benchFigures.js';

it('what one part of a benchmark sets in the environment is not there for the next one', async () => {
  const { HOME: home } = process.env;
  const figure = { name: 'a', value: 1, unit: 'ms' };
  const part = {
    measure: async () => {
      Object.assign(process.env, { HOME: '/elsewhere', MUSTER_BENCH_OF_A_TEST: '1' });
      return Promise.resolve([figure]);
    },
  };
  expect(await readFigures(part, 'a.bench.ts')).toEqual([figure]);
  expect([process.env['HOME'], process.env['MUSTER_BENCH_OF_A_TEST']]).toEqual([home, undefined]);
  const failing = {
    measure: async () => {
      process.env['HOME'] = '/elsewhere';
      return Promise.reject(new Error('it could not measure'));
    },
  };
  await expect(readFigures(failing, 'b.bench.ts')).rejects.toThrow('could not measure');
  expect(process.env['HOME']).toBe(home);
});
