import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { cacheDirectory, inRepository } from '../paths.ts';
import { say } from '../progress.ts';
import { withoutNpm } from './npmEnvironment.mjs';

export interface Installation {
  /** Folder in the cache. */
  readonly name: string;
  /** Exact versions, `package@version`. */
  readonly packages: readonly string[];
  /** Whether a folder that this code did not install (or was stopped while installing) can be used as it is. */
  readonly works: (folder: string) => Promise<boolean>;
  readonly env?: (folder: string) => NodeJS.ProcessEnv;
  readonly expect: string;
}

const stampName = '.muster-complete';

/**
 * Makes sure that a set of npm packages is installed in a folder of its own outside the checkout; returns that folder.
 * The install happens beside it and is moved into place whole, so a broken-off one is never used and two may run at once.
 */
export async function provideNpmInstallation(installation: Installation): Promise<string> {
  const folder = join(cacheDirectory(), installation.name);
  const wanted = installation.packages.join('\n');
  const stamp = await readFile(join(folder, stampName), 'utf8').catch(() => undefined);
  if (stamp === wanted) return folder;
  if (stamp === undefined && existsSync(join(folder, 'node_modules', '.package-lock.json'))) {
    if (await installation.works(folder)) {
      await writeFile(join(folder, stampName), wanted);
      return folder;
    }
  }
  await removeBrokenOff(folder);
  const staging = `${folder}.${process.pid}.tmp`;
  say(`  installing ${installation.packages.join(' ')} into ${folder} (${installation.expect})`);
  try {
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, 'package.json'), '{ "private": true }\n');
    await npmInstall(staging, installation);
    if (!(await installation.works(staging))) throw new Error(`${installation.name} was installed but does not run`);
    await writeFile(join(staging, stampName), wanted);
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return folder;
}

/** Removes what installs left that were killed; those that are still running keep theirs. */
async function removeBrokenOff(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder)).catch(() => [])) {
    const [, base, pid] = /^(.*)\.(\d+)\.tmp$/.exec(name) ?? [];
    if (base !== basename(folder) || isAlive(Number(pid))) continue;
    await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** npm says nothing for minutes when its output is no terminal; this shows that it is alive. */
const heartbeatMs = 15_000;

function npmInstall(folder: string, installation: Installation): Promise<void> {
  const started = performance.now();
  const args = ['install', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error', ...installation.packages];
  const path = `${inRepository('node_modules', '.bin')}${delimiter}${dirname(process.execPath)}`;
  const env = { ...withoutNpm(process.env), ...installation.env?.(folder) };
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      env: { ...env, PATH: `${path}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    const heartbeat = setInterval(
      () =>
        say(`  … npm is still installing ${installation.name} (${Math.round((performance.now() - started) / 1000)} s)`),
      heartbeatMs,
    );
    child.on('error', reject);
    child.on('close', code => {
      clearInterval(heartbeat);
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `npm ${args.join(' ')} ended with ${code}:\n${Buffer.concat(output).toString('utf8').slice(-4000)}`,
          ),
        );
    });
  });
}
