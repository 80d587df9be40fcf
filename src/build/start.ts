/**
 * `npm start`: Muster in VS Code on a demo repository. Desktop VS Code when `code` is on PATH (`--served` to ignore it),
 * otherwise a workbench in the browser whose address is printed. Ctrl-C ends it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleEverything } from './bundleEverything.ts';
import { installExtension, startCodeServer, type CodeServerOptions } from './codeServerProcess.ts';
import { provideDemoRepository } from './demoRepository.ts';
import { currentPlatform } from './nativeModules.ts';
import { packageExtension } from './packageExtension.ts';
import { cacheDirectory, repositoryRoot } from './paths.ts';
import { say, step } from './progress.ts';
import { provideSystemPackages } from './provision/aptPackages.ts';
import { provideCodeServer } from './provision/codeServer.ts';
import { runCommand } from './runCommand.ts';

const { values } = parseArgs({
  options: { served: { type: 'boolean' }, port: { type: 'string', default: '8321' } },
});
const demo = join(cacheDirectory(), 'demo', 'greeter');

await step('Bundling Muster', () => bundleEverything(currentPlatform()));
await step(`Preparing the demo repository ${demo}`, () => provideDemoRepository(demo));
const desktop = !values.served && hasDesktopVsCode();
if (!desktop || !(await openDesktop())) await serve();

function hasDesktopVsCode(): boolean {
  const { status } = spawnSync('code', ['--version'], { stdio: 'ignore', shell: process.platform === 'win32' });
  return status === 0;
}

async function openDesktop(): Promise<boolean> {
  say('> Opening VS Code with Muster; this ends when its window is closed');
  const args = ['--new-window', '--wait', `--extensionDevelopmentPath=${repositoryRoot}`, demo];
  const { exitCode } = await runCommand('code', args, { accept: [0, 1] });
  if (exitCode !== 0) say('  code did not start here; serving VS Code in the browser instead');
  return exitCode === 0;
}

async function serve(): Promise<void> {
  await step('Checking system packages', () => provideSystemPackages({ browser: false }));
  await step('Checking code-server', provideCodeServer);
  const folder = join(cacheDirectory(), 'demo');
  const options: CodeServerOptions = {
    userDataDir: join(folder, 'user-data'),
    extensionsDir: join(folder, 'extensions'),
    port: Number(values.port),
  };
  await step('Installing Muster into it', async () => {
    await installExtension(await packageExtension(currentPlatform()), options);
  });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  await using server = await startCodeServer(options);
  const stopped = new Promise<void>(resolve => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  say('');
  console.log(`VS Code with Muster: ${server.url}/?folder=${encodeURIComponent(demo)}`);
  say(
    'Open it in a browser on this machine. The palette (F1) has what comes first: "Muster: Apply Compose File", then',
  );
  say('"Muster: Dispatch Task". Ctrl-C ends it.');
  await Promise.race([stopped, server.ended]);
  say('> Stopping VS Code');
}
