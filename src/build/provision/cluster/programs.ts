import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../../paths.ts';
import { say } from '../../progress.ts';
import { runCommand } from '../../runCommand.ts';
import { provideSystemPackages } from '../aptPackages.ts';

/** What a cluster of one node is made of, beside Debian's packages. */
export const clusterVersion = 'v1.34.1';
const programs = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'] as const;

export type ClusterProgram = (typeof programs)[number];

/** Debian's. */
const ofTheSystem = [
  '/usr/bin/etcd',
  '/usr/bin/containerd',
  '/usr/bin/ctr',
  '/usr/sbin/runc',
  '/usr/lib/cni/bridge',
  '/bin/busybox',
];

function folder(): string {
  return join(cacheDirectory(), 'kubernetes', clusterVersion);
}

export function clusterProgram(name: ClusterProgram): string {
  return join(folder(), name);
}

/** Why no cluster can be started here; undefined when one can. */
export function clusterMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'a cluster is started for tests on Linux as root alone';
  const missing = [...programs.map(clusterProgram), ...ofTheSystem].filter(path => !existsSync(path));
  if (missing.length === 0) return undefined;
  return `${missing.join(', ')} missing; npm run cluster:provision builds what is missing (about 20 minutes, once)`;
}

/**
 * Builds Kubernetes of its published modules, outside the checkout, one program after the other: there is nowhere else that it could be had
 * from without a download. Takes about 20 minutes on two cores.
 */
export async function provideClusterPrograms(): Promise<void> {
  await provideSystemPackages({ browser: false, containers: true, cluster: true });
  const missing = programs.filter(name => !existsSync(clusterProgram(name)));
  if (missing.length === 0) return;
  const go = existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : 'go';
  const module = join(cacheDirectory(), 'kubernetes', 'module');
  await mkdir(folder(), { recursive: true });
  await rm(module, { recursive: true, force: true });
  await mkdir(module, { recursive: true });
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' };
  const { stdout } = await runCommand(go, ['mod', 'download', '-json', `k8s.io/kubernetes@${clusterVersion}`], {
    cwd: module,
    env: { ...env, GOFLAGS: '' },
    output: 'capture',
  });
  await writeFile(join(module, 'go.mod'), moduleFile(await readFile(goModOf(stdout), 'utf8')));
  for (const name of missing) {
    say(`  building ${name} ${clusterVersion} into ${folder()} (several minutes, once)`);
    const part = `${clusterProgram(name)}.part`;
    const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', part, `k8s.io/kubernetes/cmd/${name}`];
    await runCommand(go, args, { cwd: module, env });
    await rename(part, clusterProgram(name));
  }
}

function goModOf(said: string): string {
  const told: unknown = JSON.parse(said);
  const path: unknown = typeof told === 'object' && told !== null ? Reflect.get(told, 'GoMod') : undefined;
  if (typeof path !== 'string') throw new Error('go names no go.mod of Kubernetes');
  return path;
}

/** What Kubernetes has in its own tree is published as modules of its own, of which it says nothing itself. */
function moduleFile(original: string): string {
  const [goVersion = 'go 1.24.0'] = /^go .*$/m.exec(original) ?? [];
  const staged = [...original.matchAll(/^\s*(k8s\.io\/[\w-]+) => \.\/staging/gm)].map(([, name = '']) => name);
  const version = clusterVersion.replace(/^v1/, 'v0');
  const lines = ['module muster.test/kubernetes', goVersion, `require k8s.io/kubernetes ${clusterVersion}`];
  return [...lines, ...staged.map(name => `replace ${name} => ${name} ${version}`), ''].join('\n');
}
