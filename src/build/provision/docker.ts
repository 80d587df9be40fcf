import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheDirectory } from '../paths.ts';
import { runCommand } from '../runCommand.ts';
import { provideSystemPackages } from './aptPackages.ts';
import { debianRootfs } from './debianRootfs.ts';

export interface ProvidedDocker {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** An image of a plain Debian; not one that a person may have. */
  readonly image: string;
  /** The same with Node and npm: what Muster's own image is built on where no registry is reached. */
  readonly nodeImage: string;
  /** Ends the engine, if it was started for the tests. */
  stop(): Promise<void>;
}

export const testImage = 'muster-test/debian:bookworm';
const nodeImage = 'muster-test/node:24';

/** An engine answers within a few seconds, or not at all. */
const startMs = 30_000;

/**
 * A Docker Engine of the tests' own, with its images in the cache outside of the checkout. Where none can be started (no root,
 * another system) it throws, with the reason that the skipped suite shows.
 */
export async function provideDocker(): Promise<ProvidedDocker> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error(
      'an engine is started for tests on Linux as root alone; set MUSTER_TEST_DOCKER and MUSTER_TEST_DOCKER_IMAGE to use another',
    );
  await provideSystemPackages({ browser: false, containers: true });
  if (!existsSync('/usr/sbin/dockerd')) throw new Error('there is no dockerd');
  const cache = join(cacheDirectory(), 'docker');
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'muster-dockerd-'));
  const host = `unix://${join(scratch, 'docker.sock')}`;
  const engine = await startEngine({ cache, scratch, host });
  const stop = async (): Promise<void> => {
    await ended(engine);
    // Where a container had the machine's own network, the engine leaves it mounted.
    const network = join(scratch, 'exec/netns/default');
    if (existsSync(network)) await runCommand('umount', [network], { accept: [0, 1, 32], output: 'capture' });
    await rm(scratch, { recursive: true, force: true });
  };
  try {
    await provideImage(host);
    await provideNodeImage(scratch, host);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, image: testImage, nodeImage, stop };
}

/** Two engines cannot share a folder: whoever comes second (another checkout's tests) gets a fresh one. */
async function startEngine(places: {
  readonly cache: string;
  readonly scratch: string;
  readonly host: string;
}): Promise<ChildProcess> {
  const { cache, scratch, host } = places;
  const data = (await isInUse(join(cache, 'dockerd.pid'))) ? join(scratch, 'data') : join(cache, 'data');
  const pidFile = data.startsWith(cache) ? join(cache, 'dockerd.pid') : join(scratch, 'dockerd.pid');
  await rm(pidFile, { force: true });
  const log = await open(join(scratch, 'dockerd.log'), 'w');
  const args = ['--data-root', data, '--exec-root', join(scratch, 'exec'), '--pidfile', pidFile, '-H', host];
  const engine = spawn('/usr/sbin/dockerd', args, { stdio: ['ignore', log.fd, log.fd] });
  const began = performance.now();
  try {
    while (!(await answers(host))) {
      if (engine.exitCode !== null || performance.now() - began > startMs) {
        const said = await readFile(join(scratch, 'dockerd.log'), 'utf8');
        throw new Error(`dockerd did not start: ${said.trim().split('\n').slice(-2).join(' ')}`);
      }
    }
  } catch (error) {
    await ended(engine);
    throw error;
  } finally {
    await log.close();
  }
  return engine;
}

async function isInUse(pidFile: string): Promise<boolean> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (!(pid > 1)) return false;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes('dockerd');
}

async function answers(host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 100);
  await promise;
  const { exitCode } = await docker(host, ['version', '--format', '{{.Server.Version}}'], [0, 1]);
  return exitCode === 0;
}

async function provideImage(host: string): Promise<void> {
  const { exitCode } = await docker(host, ['image', 'inspect', '--format', '{{.Id}}', testImage], [0, 1]);
  if (exitCode === 0) return;
  await docker(host, ['import', await debianRootfs(), testImage]);
}

/** With this Node and the machine's npm, and what the machine trusts. */
async function provideNodeImage(scratch: string, host: string): Promise<void> {
  const { exitCode } = await docker(host, ['image', 'inspect', '--format', '{{.Id}}', nodeImage], [0, 1]);
  if (exitCode === 0) return;
  const context = join(scratch, 'node-image');
  await mkdir(join(context, 'ca'), { recursive: true });
  await cp(process.execPath, join(context, 'node'));
  const { stdout: npm } = await runCommand('which', ['npm'], { output: 'capture' });
  await cp(dirname(dirname(await realpath(npm.trim()))), join(context, 'npm'), { recursive: true });
  const trusted = '/usr/local/share/ca-certificates';
  if (existsSync(trusted)) await cp(trusted, join(context, 'ca'), { recursive: true });
  const recipe = [
    `FROM ${testImage}`,
    'COPY node /usr/local/bin/node',
    'COPY npm /usr/local/lib/node_modules/npm',
    `COPY ca ${trusted}`,
    'RUN cd /usr/local/bin && ln -s ../lib/node_modules/npm/bin/npm-cli.js npm && update-ca-certificates && npm --version',
    'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
  ];
  await writeFile(join(context, 'Dockerfile'), `${recipe.join('\n')}\n`);
  await docker(host, ['build', '--quiet', '--tag', nodeImage, context]);
}

function docker(host: string, args: readonly string[], accept: readonly number[] = [0]) {
  return runCommand('docker', ['--host', host, ...args], { output: 'capture', accept });
}

/** Containers end with their engine. */
async function ended(engine: ChildProcess): Promise<void> {
  if (engine.exitCode !== null || engine.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  engine.once('exit', () => resolve());
  engine.kill('SIGTERM');
  await promise;
}
