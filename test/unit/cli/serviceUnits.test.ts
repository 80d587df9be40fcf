import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { launchdPlist, scheduledTask, systemdUnit } from '../../../src/cli/service/serviceUnits.js';
import { serviceManager, type ServiceManager } from '../../../src/cli/service/manageService.js';
import { parsePlist, parseXml, type XmlElement } from '../../support/strictXml.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const facts = {
  launcher: '/home/ann/100% "mine"/bin/muster',
  stateDir: '/home/ann/.muster & <more>',
  options: ['--listen', '127.0.0.1:7410'],
};

describe('what starts the host at login', () => {
  test('for systemd: words stay words, and nothing of them is a specifier or a variable', () => {
    const unit = systemdUnit({ ...facts, stateDir: '/home/$USER/.muster', options: ['--listen', '$HOME'] });
    expect(unit).toContain(String.raw`ExecStart="/home/ann/100%% \"mine\"/bin/muster" daemon --listen "$$HOME"`);
    expect(unit).toContain('Environment="MUSTER_HOME=/home/$USER/.muster"');
    expect(unit).toMatch(/KillMode=process\nRestart=on-failure/);
  });

  test('for launchd: a property list that says all of it, and agents outlive the host', () => {
    expect(parsePlist(launchdPlist(facts))).toEqual({
      Label: 'dev.muster.host',
      ProgramArguments: [facts.launcher, 'daemon', ...facts.options],
      EnvironmentVariables: { MUSTER_HOME: facts.stateDir },
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 30,
      AbandonProcessGroup: true,
    });
  });

  test('for the Task Scheduler: what its schema allows, for this user alone, without more rights than they have', () => {
    const windows = { ...facts, launcher: 'C:\\m & s\\bin\\muster.cmd', stateDir: 'C:\\m & s' };
    const task = parseXml(scheduledTask(windows, 'DESK\\ann & co'));
    expect(task).toMatchObject({
      name: 'Task',
      attributes: { version: '1.2', xmlns: 'http://schemas.microsoft.com/windows/2004/02/mit/task' },
    });
    // Elements of a trigger come in the order of the schema.
    expect(inside(task, 'Triggers', 'LogonTrigger').children).toMatchObject([
      { name: 'Enabled', text: 'true' },
      { name: 'UserId', text: 'DESK\\ann & co' },
    ]);
    const principal = inside(task, 'Principals', 'Principal');
    expect(principal.children).toMatchObject([
      { name: 'UserId', text: 'DESK\\ann & co' },
      { name: 'LogonType', text: 'InteractiveToken' },
      { name: 'RunLevel', text: 'LeastPrivilege' },
    ]);
    expect(inside(task, 'Actions').attributes['Context']).toBe(principal.attributes['id']);
    const restart = inside(task, 'Settings', 'RestartOnFailure');
    expect(inside(restart, 'Interval').text).toBe('PT1M');
    // An unsigned byte, and at least one.
    expect(Number(inside(restart, 'Count').text)).toSatisfy((count: number) => count >= 1 && count <= 255);
    // It runs until somebody ends it, also on a battery.
    expect(inside(task, 'Settings', 'ExecutionTimeLimit').text).toBe('PT0S');
    expect(inside(task, 'Settings', 'StopIfGoingOnBatteries').text).toBe('false');
    expect(inside(task, 'Actions', 'Exec', 'Command').text).toBe('cmd.exe');
    expect(inside(task, 'Actions', 'Exec', 'Arguments').text).toBe(
      '/d /s /c "set "MUSTER_HOME=C:\\m & s" && "C:\\m & s\\bin\\muster.cmd" "daemon" "--listen" "127.0.0.1:7410""',
    );
  });
});

/** The one element below, name after name. */
function inside(element: XmlElement, ...names: readonly string[]): XmlElement {
  return names.reduce((parent, name) => {
    const [found, ...more] = parent.children.filter(child => child.name === name);
    if (!found || more.length > 0) throw new Error(`${parent.name} has ${more.length + 1} of ${name}`);
    return found;
  }, element);
}

describe('with a system that only notes what it is told', () => {
  test('systemd: installs, tells and uninstalls', async () => {
    const { manager, told } = noting('linux', 'systemctl', 'echo active');
    expect(await manager.status()).toMatchObject({ installed: false });
    expect(await manager.install(facts)).toMatchObject({ installed: true, state: 'active' });
    expect(await manager.uninstall()).toMatchObject({ installed: false });
    expect(await manager.uninstall()).toMatchObject({ installed: false });
    expect(told()).toMatch(/--user daemon-reload\n--user enable --now muster\.service/);
    expect(told()).toMatch(/--user disable --now muster\.service/);
  });

  test('launchd: what an earlier installation loaded is gone before the new one is loaded', async () => {
    // Told to let it go, it takes two more looks until it has.
    const { manager, home, told } = noting(
      'darwin',
      'launchctl',
      `case $1 in
  bootout) [ -e "$HOME/loaded" ] && echo 2 > "$HOME/leaving";;
  bootstrap) [ -e "$HOME/loaded" ] && exit 5; touch "$HOME/loaded";;
  print)
    [ -e "$HOME/loaded" ] || exit 113
    left=$(cat "$HOME/leaving" 2>/dev/null)
    if [ "$left" = 0 ]; then rm "$HOME/loaded" "$HOME/leaving"; exit 113; fi
    [ -z "$left" ] || echo $((left - 1)) > "$HOME/leaving"
    echo "	state = running";;
esac`,
    );
    expect(await manager.status()).toMatchObject({ installed: false, state: 'not loaded' });
    expect(await manager.install(facts)).toMatchObject({ installed: true, state: 'running' });
    expect(await manager.install({ ...facts, options: [] })).toMatchObject({ installed: true, state: 'running' });
    const file = join(home, 'Library', 'LaunchAgents', 'dev.muster.host.plist');
    expect(parsePlist(readFileSync(file, 'utf8'))).toMatchObject({ ProgramArguments: [facts.launcher, 'daemon'] });
    expect(await manager.uninstall()).toMatchObject({ installed: false });
    expect(told()).toContain(`bootstrap gui/${process.getuid?.()} ${file}`);
  });

  test('Task Scheduler: makes the task of a file in UTF-16, which goes again, and starts it', async () => {
    const { manager, home, told } = noting(
      'win32',
      'schtasks.exe',
      `case $1 in
  /Create) cp "$5" "$HOME/task.xml";;
  /Delete) rm -f "$HOME/task.xml";;
  /Query) [ -e "$HOME/task.xml" ] || exit 1; echo "Status:        Running";;
esac`,
    );
    expect(await manager.status()).toMatchObject({ installed: false });
    expect(await manager.install(facts)).toMatchObject({ installed: true, state: 'Running' });
    const bytes = readFileSync(join(home, 'task.xml'));
    expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xfe]);
    const task = parseXml(bytes.toString('utf16le').slice(1));
    expect(inside(task, 'Triggers', 'LogonTrigger', 'UserId').text).toBe('DESK\\ann');
    expect(await manager.uninstall()).toMatchObject({ installed: false });
    const file = join(home, '.muster-task.xml');
    expect(told()).toContain(`/Create /TN muster /XML ${file} /F\n/Run /TN muster\n`);
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });
});

/** A manager whose system program is a shell script that notes its words first. */
function noting(
  platform: NodeJS.Platform,
  program: string,
  script: string,
): { readonly manager: ServiceManager; readonly home: string; readonly told: () => string } {
  const home = tempDirectory();
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const log = join(home, 'log');
  const text = `#!/bin/sh\nHOME='${home}'\necho "$*" >> '${log}'\n${script}\nexit 0\n`;
  writeFileSync(join(bin, program), text, { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = `${bin}:${before}`;
  onTestFinished(() => {
    process.env['PATH'] = before;
  });
  const env = { USERNAME: 'ann', USERDOMAIN: 'DESK' };
  const manager = serviceManager({ platform, home, env, signal: new AbortController().signal });
  return { manager, home, told: () => readFileSync(log, 'utf8') };
}
