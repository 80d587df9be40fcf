import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../runCommand.ts';
import { provideNpmInstallation } from './npmInstallation.ts';

/** VS Code 1.139.1 with its workbench in a browser. */
const version = '4.139.1';

/** Has the headers that code-server's native modules are compiled against, so that node-gyp downloads nothing. */
const headers = `node-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`;

/** Makes sure that code-server is installed; returns the script that starts it under Node 24. */
export async function provideCodeServer(): Promise<string> {
  const folder = await provideNpmInstallation({
    name: 'code-server',
    packages: [
      `code-server@${version}`,
      ...(process.platform === 'linux' ? [`${headers}@${process.versions.node}`] : []),
    ],
    expect: 'about 2 minutes, 600 MB, once',
    works,
    env: target => ({
      npm_config_unsafe_perm: 'true',
      ...(process.platform === 'linux' ? { npm_config_nodedir: join(target, 'node_modules', headers) } : {}),
    }),
  });
  return entryOf(folder);
}

function entryOf(folder: string): string {
  return join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
}

/** The last thing its installation does is to compile and install the workbench's own dependencies. */
async function works(folder: string): Promise<boolean> {
  const workbench = join(folder, 'node_modules', 'code-server', 'lib', 'vscode', 'node_modules');
  if (
    !existsSync(entryOf(folder)) ||
    !existsSync(join(workbench, '@vscode', 'spdlog', 'build', 'Release', 'spdlog.node'))
  ) {
    return false;
  }
  const { stdout } = await runCommand(process.execPath, [entryOf(folder), '--version'], {
    cwd: folder,
    output: 'capture',
    accept: [0, 1],
  });
  return stdout.includes(version);
}
