import { expect, test } from 'vitest';
import { consentDetail } from '../../../src/extension/projects/consentDetail.js';

const question = (reasons: readonly string[], changed: number) => ({ project: 'shop', reasons, changed, specHash: '' });

test('what is new since the last agreement comes first, under its own heading', () => {
  expect(
    consentDetail(question(['Two.', 'One.'], 1))
      .split('\n')
      .slice(0, 4),
  ).toEqual(['New since you agreed:', '• Two.', 'As before:', '• One.']);
  expect(consentDetail(question(['One.', 'Two.'], 2))).toMatch(/^• One\.\n• Two\.\n\n/);
});

test('nothing of what is agreed to is cut', () => {
  const long = `begin ${'x'.repeat(5_000)} --dangerous`;
  const reasons = [...Array.from({ length: 40 }, (_, index) => `Reason ${index}.`), long];
  const detail = consentDetail(question(reasons, 41));
  for (const reason of reasons) expect(detail).toContain(reason);
});
