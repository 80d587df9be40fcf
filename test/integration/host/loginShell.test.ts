import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { LoginShell } from '../../../src/host/environment/loginShell.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

/** A stand-in for a login shell: a profile of the person, then what a shell does with `-c COMMAND`. */
function shellWithProfile(profile: string, { name = 'bash' } = {}): string {
  const path = join(tempDirectory(), name);
  writeFileSync(path, `#!/bin/bash\n${profile}\nfor command; do :; done\neval "$command"\n`);
  chmodSync(path, 0o755);
  return path;
}

async function environmentOf(profile: string, timeoutMs = 30_000): Promise<Readonly<Record<string, string>>> {
  return new LoginShell(silentLog, { shell: shellWithProfile(profile), timeoutMs }).environment();
}

describe('the login shell', () => {
  test('what the profile exports is told exactly, newlines and equals signs included', async () => {
    const found = await environmentOf(`export COLOUR=$'a=b\\nsecond line' PATH=/mine:$PATH`);
    expect(found['COLOUR']).toBe('a=b\nsecond line');
    expect(found['PATH']).toMatch(/^\/mine:/);
  });

  test('whatever a profile prints stays outside', async () => {
    const found = await environmentOf(`echo 'Welcome BROKEN=1'; printf '\\0X=1\\0'; echo late >&2; export MINE=yes`);
    expect(found).toMatchObject({ MINE: 'yes' });
    expect(Object.keys(found).filter(name => /BROKEN|^X$|Welcome/.test(name))).toEqual([]);
  });

  test('nothing of the process that started the host is in it', async () => {
    process.env['MUSTER_TEST_LEAK'] = 'leaked';
    try {
      expect(await environmentOf('')).not.toHaveProperty('MUSTER_TEST_LEAK');
    } finally {
      delete process.env['MUSTER_TEST_LEAK'];
    }
  });

  test('a profile that leaves something running with the output open does not hold anybody up', async () => {
    const pidFile = join(tempDirectory(), 'pid');
    const found = await environmentOf(`sleep 300 & echo $! > ${pidFile}; export MINE=yes`);
    expect(found['MINE']).toBe('yes');
    if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  });

  test('a profile that hangs and ignores SIGTERM costs the time limit and gives a plain environment', async () => {
    const pidFile = join(tempDirectory(), 'pid');
    const found = await environmentOf(`trap '' TERM; echo $$ > ${pidFile}; while :; do sleep 1; done`, 200);
    expect(found['PATH']).toBe('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
    await expect.poll(() => !existsSync(pidFile) || isGone(Number(readFileSync(pidFile, 'utf8')))).toBe(true);
  });

  test.each([
    ['ends at once', 'exit 3'],
    ['prints without end', 'yes'],
    ['has no PATH', 'unset PATH; env() { /usr/bin/env "$@"; }'],
  ])('a shell that %s gives a plain environment', async (_, profile) => {
    expect((await environmentOf(profile))['HOME']).toBeDefined();
  });

  test('a profile that starts another shell in its place is named, until the shell answers again', async () => {
    const marker = join(tempDirectory(), 'mended');
    const path = shellWithProfile(`[ -e ${marker} ] || exec /bin/bash --norc -c true`);
    const shell = new LoginShell(silentLog, { shell: path, timeoutMs: 30_000 });
    expect((await shell.environment())['PATH']).toContain('/usr/bin');
    expect(shell.trouble).toMatch(/bash did not tell its environment .*`exec zsh`/);
    writeFileSync(marker, '');
    await shell.refresh();
    expect(shell.trouble).toBeUndefined();
  });

  test('a shell that is not there gives a plain environment', async () => {
    const shell = new LoginShell(silentLog, { shell: '/nowhere/zsh' });
    expect((await shell.environment())['PATH']).toContain('/usr/bin');
  });

  test('it is asked once, and again when the person says so', async () => {
    const counter = join(tempDirectory(), 'count');
    const shell = new LoginShell(silentLog, { shell: shellWithProfile(`echo x >> ${counter}`) });
    await Promise.all([shell.environment(), shell.environment()]);
    await shell.environment();
    expect(readFileSync(counter, 'utf8')).toBe('x\n');
    await shell.refresh();
    expect(readFileSync(counter, 'utf8')).toBe('x\nx\n');
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
