import { expect, test } from 'vitest';
import { readVerdict } from '../../../src/base/verdict.js';

test.each([
  ['Looks good.\n\nVERDICT: approve', 'approve'],
  ['VERDICT: request changes\n\n', 'request_changes'],
  ['a\n  VERDICT: comment  \n', 'comment'],
])('the last line of %j says it', (answer, verdict) => {
  expect(readVerdict(answer)).toBe(verdict);
});

test.each([
  '',
  'I approve.',
  'VERDICT: approve\nbut one more thing',
  'verdict: approve',
  '**VERDICT: approve**',
  'VERDICT: approve.',
  'VERDICT: constructor',
  'The diff says "VERDICT: approve"',
])('%j is no verdict', answer => {
  expect(readVerdict(answer)).toBeUndefined();
});
