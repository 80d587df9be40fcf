import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { asOrdinaryUser } from '../../support/ordinaryUser.js';
import { randomFrom, seed, soaking } from '../../support/sample.js';

const folder = 'test/integration/git';
/** These kill a host or its git at every step of the same code, for minutes: who owns a file is no step. */
const killing = ['crash', 'landingCrash', 'mergeInterleavings', 'slowLanding'];
/** So do these, to files that an ordinary user owns: one of them each time, both in a soak. */
const inTurn = ['mergeTrainCrashes', 'partCrashes', 'worktreeCrashes'];
const chosen = Math.floor(randomFrom(seed)() * inTurn.length);
const others = inTurn.filter((_, index) => !soaking && index !== chosen);
const left = new Set(['ordinaryUser', ...killing, ...others].map(name => `${name}.test.ts`));
const suites = readdirSync(folder)
  .filter(name => name.endsWith('.test.ts') && !left.has(name))
  .map(name => `${folder}/${name}`);

test(
  `the suites of git pass for an ordinary user as well (seed ${seed})`,
  { timeout: soaking ? 18_000_000 : 1_200_000 },
  () => {
    if (process.getuid?.() !== 0) {
      // Whoever runs this is an ordinary user, and the suites are run beside it.
      expect(suites.length).toBeGreaterThan(15);
      return;
    }
    const { status, said } = asOrdinaryUser(suites, { MUSTER_SEED: `${seed}` });
    expect(status, said).toBe(0);
  },
);
