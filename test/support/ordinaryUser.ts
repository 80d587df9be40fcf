import { spawnSync } from 'node:child_process';

/**
 * Root may read, write and delete whatever it likes, so that tests which root runs say nothing about read-only folders and
 * unreadable files. Without its capabilities root is the owner of its files and no more, like anybody else.
 */
export function asOrdinaryUser(
  suites: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly said: string } {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--configLoader', 'runner', '--project', 'integration'];
  const { status, stdout, stderr } = spawnSync(
    'setpriv',
    ['--bounding-set=-all', '--inh-caps=-all', process.execPath, ...vitest, '--testTimeout', '600000', ...suites],
    {
      encoding: 'utf8',
      env: { ...process.env, VITEST: '', VITEST_WORKER_ID: '', VITEST_POOL_ID: '', ...env },
    },
  );
  return { status, said: stdout + stderr };
}
