import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slugOf, worktreeName } from '../../../../src/core/workspaces/worktreeName.js';

describe('worktreeName', () => {
  test('is readable and carries the id', () => {
    expect(worktreeName({ summary: 'Fix the login form!', id: 'abc123def456' })).toEqual({
      branch: 'muster/fix-the-login-form-abc123',
      directory: 'fix-the-login-form-abc123',
    });
  });

  test.each([
    ['', 'task'],
    ['☃ ☃', 'task'],
    ['Übergrößen prüfen', 'ubergro-en-prufen'],
    ['../../etc/passwd', 'etc-passwd'],
    ['-x --force', 'x-force'],
    ['con', 'task-con'],
    ['refs/heads/main.lock@{1}', 'refs-heads-main-lock-1'],
    ['long '.repeat(30), 'long-long-long-long-long-long-long-long'],
    ['x'.repeat(100), 'x'.repeat(40)],
  ])('%j becomes %j', (summary, slug) => {
    expect(slugOf(summary)).toBe(slug);
  });

  test('is one safe path segment and a valid ref whatever the summary', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), summary => {
        const { branch, directory } = worktreeName({ summary, id: 'abc123def456' });
        expect(directory).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
        expect(directory.length).toBeLessThanOrEqual(60);
        expect(branch).toBe(`muster/${directory}`);
      }),
    );
  });
});
