import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { provideCrew } from './crew.js';
import { SkipTest, test, until } from './registry.js';

/** Shells with the profiles that set PATH anew, as people's own do. */
const shells = [
  { path: '/bin/bash', args: [], profile: '.bashrc', text: 'export PATH=/usr/bin:/bin\n' },
  { path: '/bin/bash', args: ['-l'], profile: '.bash_profile', text: 'export PATH=/usr/bin:/bin\n' },
  { path: '/usr/bin/zsh', args: [], profile: '.zshrc', text: 'export PATH=/usr/bin:/bin\n' },
  { path: '/usr/bin/zsh', args: ['-l'], profile: '.zprofile', text: 'export PATH=/usr/bin:/bin\n' },
  { path: '/usr/bin/fish', args: [], profile: '.config/fish/config.fish', text: 'set -gx PATH /usr/bin /bin\n' },
  { path: '/usr/bin/fish', args: ['-l'], profile: '.config/fish/config.fish', text: 'set -gx PATH /usr/bin /bin\n' },
];

for (const { path, args, profile, text } of shells) {
  test(`${[path, ...args].join(' ')} knows muster, although its profile sets PATH anew`, async ({ signal, after }) => {
    if (!existsSync(path)) throw new SkipTest(`there is no ${path}`);
    await provideCrew(signal);
    const home = await mkdtemp(join(tmpdir(), 'muster-home-'));
    after(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
    await mkdir(dirname(join(home, profile)), { recursive: true });
    await writeFile(join(home, profile), text);
    const env = { HOME: home, ZDOTDIR: null, XDG_CONFIG_HOME: join(home, '.config') };
    const terminal = vscode.window.createTerminal({ shellPath: path, shellArgs: args, env });
    after(() => terminal.dispose());
    terminal.show();
    const output = join(home, 'version.txt');
    terminal.sendText(`muster --version > '${output}' 2>&1`);
    const said = await until(
      'the command has answered',
      async () => (existsSync(output) && (await readFile(output, 'utf8'))) || undefined,
      signal,
    );
    assert.match(said, /\d+\.\d+\.\d+/);
  });
}

test('terminals know the muster command', async () => {
  const access = await provideCrew(AbortSignal.timeout(30_000));
  const { environmentVariableCollection } = access.services.context;
  assert.equal(environmentVariableCollection.get('PATH')?.value, `${join(access.services.host.stateDir, 'bin')}:`);
});
