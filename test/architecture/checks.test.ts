import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';

/** The quick checks of `npm run check`, so that whoever runs the tests has run them. */
test.each(['typecheck', 'lint', 'format'])('npm run %s finds nothing', script => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', script], {
    cwd: inRepository(),
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  expect(`${stdout}${stderr}`.trim().slice(-4000) + (status === 0 ? '' : `\nexit code ${status}`)).not.toMatch(
    /\nexit code/,
  );
});
