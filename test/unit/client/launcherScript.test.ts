import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installLauncher, windowsLauncher } from '../../../src/client/launcherScript.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

/** A copy of the bundles that says which one it is, in a folder whose name a shell could misread. */
function installation(root: string, version: string): { readonly version: string; readonly cli: string } {
  const folder = join(root, `it's $HOME "${version}"`);
  mkdirSync(folder, { recursive: true });
  const cli = join(folder, 'cli.mjs');
  writeFileSync(cli, `console.log(${JSON.stringify(version)}, ...process.argv.slice(2))`);
  return { version, cli };
}

const run = (launcher: string, ...args: readonly string[]): string =>
  execFileSync(launcher, args, { encoding: 'utf8' }).trim();

describe('installLauncher', () => {
  test('runs the newest copy with all arguments, and the next newest when that is gone', async () => {
    const stateDir = tempDirectory();
    const common = { stateDir, node: process.execPath, electron: false };
    const newer = installation(stateDir, '1.10.0');
    await installLauncher({ ...common, ...newer });
    const launcher = await installLauncher({ ...common, ...installation(stateDir, '1.9.0') });
    expect(run(launcher, 'dispatch', 'dev', "it's `x` $y")).toBe("1.10.0 dispatch dev it's `x` $y");
    rmSync(newer.cli);
    expect(run(launcher, 'ps')).toBe('1.9.0 ps');
    expect(statSync(launcher).mode & 0o777).toBe(0o755);
  });

  test('finds another Node when the one of the installation is gone', async () => {
    const stateDir = tempDirectory();
    const launcher = await installLauncher({
      stateDir,
      ...installation(stateDir, '1.0.0'),
      node: join(stateDir, 'no-node'),
      electron: false,
    });
    const PATH = `${join(process.execPath, '..')}:/usr/bin:/bin`;
    expect(execFileSync(launcher, ['x'], { encoding: 'utf8', env: { PATH } }).trim()).toBe('1.0.0 x');
  });

  test('says what to do when nothing is installed any more', async () => {
    const stateDir = tempDirectory();
    const copy = installation(stateDir, '1.0.0');
    const launcher = await installLauncher({ stateDir, ...copy, node: process.execPath, electron: false });
    rmSync(copy.cli);
    expect(() => execFileSync(launcher, [], { stdio: 'pipe' })).toThrow(/install the extension again/);
  });

  test('the Windows launcher guards percent signs and passes the exit status on', () => {
    const text = windowsLauncher([{ version: '1.0.0', cli: 'C:\\100%\\cli.js', node: 'C:\\Code.exe', electron: true }]);
    expect(text).toContain('"C:\\100%%\\cli.js" %*\r\nexit /b %errorlevel%');
    expect(text).toContain('set "ELECTRON_RUN_AS_NODE=1"');
  });
});
