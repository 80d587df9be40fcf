import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { launchdPlist, scheduledTask, systemdUnit } from '../../../src/cli/service/serviceUnits.js';
import { serviceManager } from '../../../src/cli/service/manageService.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

const facts = {
  node: '/opt/node 24/bin/node',
  program: '/home/ann/100% "mine"/cli.js',
  stateDir: '/home/ann/.muster & more',
  options: ['--listen', '127.0.0.1:7410'],
};

describe('what starts the host at login', () => {
  test('for systemd: words stay words, and nothing of them is a specifier or a variable', () => {
    const unit = systemdUnit({ ...facts, stateDir: '/home/$USER/.muster' });
    expect(unit).toContain(
      String.raw`ExecStart="/opt/node 24/bin/node" "/home/ann/100%% \"mine\"/cli.js" daemon --listen 127.0.0.1:7410`,
    );
    expect(unit).toContain('Environment="MUSTER_HOME=/home/$$USER/.muster"');
    expect(unit).toMatch(/KillMode=process\nRestart=on-failure/);
  });

  test('for launchd: a property list that XML reads', () => {
    const plist = launchdPlist(facts);
    expect(plist).toContain('<string>/home/ann/100% &quot;mine&quot;/cli.js</string>');
    expect(plist).toContain('<string>/home/ann/.muster &amp; more</string>');
    expect(plist).toMatch(/<key>AbandonProcessGroup<\/key>\s*<true\/>/);
  });

  test('for the Task Scheduler: one command line with its state directory', () => {
    const task = scheduledTask({
      ...facts,
      node: 'C:\\Program Files\\node.exe',
      program: 'C:\\m\\cli.js',
      stateDir: 'C:\\m s',
    });
    expect(task).toContain(
      'set &quot;MUSTER_HOME=C:\\m s&quot; &amp;&amp; &quot;C:\\Program Files\\node.exe&quot; &quot;C:\\m\\cli.js&quot; &quot;daemon&quot;',
    );
  });
});

describe('with a systemctl that only notes what it is told', () => {
  test('installs, tells and uninstalls', async () => {
    const home = tempDirectory();
    const bin = join(home, 'bin');
    mkdirSync(bin);
    const log = join(home, 'log');
    writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\necho "$*" >> '${log}'\necho active\n`, { mode: 0o755 });
    const before = process.env['PATH'];
    process.env['PATH'] = `${bin}:${before}`;
    try {
      const place = { platform: 'linux', home, env: {}, signal: new AbortController().signal } as const;
      const manager = serviceManager(place);
      expect(await manager.status()).toMatchObject({ installed: false });
      expect(await manager.install(facts)).toMatchObject({ installed: true, state: 'active' });
      expect(await manager.uninstall()).toMatchObject({ installed: false });
      expect(await manager.uninstall()).toMatchObject({ installed: false });
    } finally {
      process.env['PATH'] = before;
    }
    const told = execFileSync('cat', [log], { encoding: 'utf8' });
    expect(told).toMatch(/--user daemon-reload\n--user enable --now muster\.service/);
    expect(told).toMatch(/--user disable --now muster\.service/);
  });
});
