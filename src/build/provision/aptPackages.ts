import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { say } from '../progress.ts';
import { runCommand } from '../runCommand.ts';

/** Debian's names for what code-server's native parts are built with, and what Muster itself runs. */
const toBuild = ['git', 'procps', 'libkrb5-dev', 'build-essential', 'pkg-config', 'python3', 'python3-venv'];

/** What the browser suites need besides. */
const toBrowse = ['chromium', 'fonts-dejavu-core', 'zsh', 'fish'];

/** What the suite with containers needs besides. */
const toContain = ['docker.io', 'mmdebstrap', 'docker-registry', 'bubblewrap'];

/** What a cluster of one node is made of, beside Kubernetes itself. */
const toCluster = ['etcd-server', 'containerd', 'runc', 'containernetworking-plugins', 'busybox-static', 'iproute2'];

/** What single tests with real git need besides: each is skipped, with the reason, where one of these is not to be had. */
const toTry = ['git-lfs', 'exfat-fuse', 'exfatprogs'];

/** Installs the system packages that are missing. Where there is no apt, they are expected to be there by other means. */
export async function provideSystemPackages(options: {
  readonly browser: boolean;
  readonly containers?: boolean;
  readonly cluster?: boolean;
  readonly oddRepositories?: boolean;
}): Promise<void> {
  if (!existsSync('/usr/bin/apt-get')) {
    say(
      '  there is no apt-get: git, a C++ compiler and, for tests, Chromium (or MUSTER_CHROMIUM) must be there already',
    );
    return;
  }
  const wanted = [
    ...toBuild,
    ...(options.browser ? toBrowse : []),
    ...(options.containers ? toContain : []),
    ...(options.cluster ? toCluster : []),
    ...(options.oddRepositories ? toTry : []),
  ];
  const missing = wanted.filter(name => !isInstalled(name));
  if (missing.length === 0) return;
  say(`  installing ${missing.join(', ')} with apt-get`);
  await asRoot(['apt-get', 'update', '-q']);
  await asRoot(['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...missing]);
}

function isInstalled(name: string): boolean {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' });
  return status === 0 && stdout.includes('ok installed');
}

async function asRoot(command: readonly [string, ...string[]]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const [program, ...args] = command;
  if (process.getuid?.() === 0) {
    await runCommand(program, args, { env });
    return;
  }
  if (!existsSync('/usr/bin/sudo')) {
    throw new Error(`System packages are missing and there is no sudo. Run as root: ${command.join(' ')}`);
  }
  await runCommand('sudo', ['DEBIAN_FRONTEND=noninteractive', ...command], { env });
}
