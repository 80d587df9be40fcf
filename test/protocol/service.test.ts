import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildPrograms, testHome } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

test.runIf(process.platform === 'linux')(
  'what starts the host at login is the launcher, which outlives an update and brings its own Node',
  async () => {
    const folder = tempDirectory();
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'systemctl'), '#!/bin/sh\necho inactive\n', { mode: 0o755 });
    const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, XDG_CONFIG_HOME: folder };
    const home = testHome(await buildPrograms(), { env });
    expect(await home.muster(['service', 'install'])).toMatchObject({ status: 0 });
    const unit = readFileSync(join(folder, 'systemd', 'user', 'muster.service'), 'utf8');
    const [, launcher = ''] = /^ExecStart="?(.*?)"? daemon$/m.exec(unit) ?? [];
    expect(launcher).toBe(join(home.stateDir, 'bin', 'muster'));
    expect(unit).toContain(`MUSTER_HOME=${home.stateDir}`);
    // A login has neither a Node on its path nor anything of this process.
    const said = execFileSync(launcher, ['version'], { env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8' });
    expect(said).toBe((await home.muster(['version'])).stdout);
    expect(await home.muster(['service', 'uninstall'])).toMatchObject({ status: 0, stdout: 'not installed\n' });
  },
);
