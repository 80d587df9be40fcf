import { expect, test } from 'vitest';
import { asOrdinaryUser } from '../../support/ordinaryUser.js';

test('what agents leave that were root is copied and removed by an ordinary user as well', { timeout: 600_000 }, () => {
  // Whoever runs this is one, and that suite is run beside it.
  if (process.getuid?.() !== 0) return;
  const { status, said } = asOrdinaryUser(['test/integration/guests/ownersOnly.test.ts']);
  expect(status, said).toBe(0);
});
