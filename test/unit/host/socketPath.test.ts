import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseSocketPath } from '../../../src/host/server/socketPath.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

const longState = `/home/someone/${'x'.repeat(120)}`;

test.skipIf(process.platform === 'win32')('the socket of a long state path goes where no cleaner comes', () => {
  const runtime = join(tempDirectory(), 'r');
  mkdirSync(runtime, { mode: 0o700 });
  expect(chooseSocketPath(longState, { XDG_RUNTIME_DIR: runtime })).toMatch(
    new RegExp(`^${runtime}/muster-\\d+-[0-9a-f]{16}/host\\.sock$`),
  );
  expect(chooseSocketPath('/short', { XDG_RUNTIME_DIR: runtime })).toBe('/short/host.sock');
  // Not one that others can write to, nor one that is not there.
  chmodSync(runtime, 0o777);
  expect(chooseSocketPath(longState, { XDG_RUNTIME_DIR: runtime })).not.toContain(runtime);
  expect(chooseSocketPath(longState, { XDG_RUNTIME_DIR: '/nowhere' })).not.toContain('nowhere');
});
