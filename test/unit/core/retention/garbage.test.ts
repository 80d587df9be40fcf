import { describe, expect, it } from 'vitest';
import { makeId } from '../../../../src/base/ids.js';
import { defaultRetention, retentionPolicy, runGarbage, type KeptRun } from '../../../../src/core/retention/garbage.js';

const day = 24 * 60 * 60 * 1000;
const now = 1000 * day;

function run(number: number, facts: Partial<KeptRun> = {}): KeptRun {
  const id = makeId<'run'>(Buffer.alloc(12, number));
  return { run: id, path: `/runs/${number}`, bytes: 10, endedAt: now - number * day, inUse: false, ...facts };
}

function gone(runs: readonly KeptRun[], policy = defaultRetention): readonly string[] {
  return runGarbage(runs, policy, now).map(({ path }) => path);
}

describe('files of runs that go', () => {
  it('are those of closed threads that are too old', () => {
    expect(gone([run(29), run(31), run(40)])).toEqual(['/runs/40', '/runs/31']);
  });

  it('are never those of an open thread, however old or large', () => {
    expect(gone([run(400, { inUse: true }), run(20, { inUse: true, bytes: 6 * 1024 ** 3 })])).toEqual([]);
  });

  it('are the oldest of closed threads until the rest fits', () => {
    const policy = retentionPolicy({ runGigabytes: 25 / 1024 ** 3 });
    expect(gone([run(1), run(2), run(3), run(4, { inUse: true })], policy)).toEqual(['/runs/3', '/runs/2']);
  });
});

describe('the policy', () => {
  it('has defaults for what is not set, or is not a number', () => {
    expect(retentionPolicy({})).toEqual(defaultRetention);
    expect(retentionPolicy({ runDays: Number.NaN, rescueDays: -1 })).toEqual(defaultRetention);
    expect(retentionPolicy({ runDays: 0, rescueDays: 1 })).toMatchObject({ runMs: 0, rescueMs: day });
  });
});
