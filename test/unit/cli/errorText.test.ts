import { expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import { errorLine } from '../../../src/cli/output/errorText.js';
import { unknownThread } from '../../../src/core/threads/threadLookup.js';

test('what to do next is said once, whether or not the error says it', () => {
  const line = 'There is no thread "zz". `muster ps --all` lists the threads.';
  expect(errorLine(new AppError('thread.unknown', 'There is no thread "zz".', { thread: 'zz' }))).toBe(line);
  expect(errorLine(unknownThread('zz'))).toBe(line);
});

test('a folder without a project is told how to apply one, once', () => {
  const text = 'No applied project contains /shop. Apply its agent-compose.yml with `muster up`.';
  expect(errorLine(new AppError('project.unknown', text, { project: '/shop' }))).toBe(text);
});
