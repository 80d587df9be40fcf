import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isAnyAppError } from '../../src/base/errors.js';
import { vmRuntimes, type VmRuntimeName } from '../../src/base/vmRuntimes.js';
import { cacheDirectory } from '../../src/build/paths.ts';
import { BoxliteRuntime } from '../../src/drivers/microvm/boxlite.js';
import { Microsandbox } from '../../src/drivers/microvm/microsandbox.js';
import { Registries } from '../../src/drivers/microvm/registries.js';
import type { VmRuntime } from '../../src/drivers/microvm/vmRuntime.js';
import { microvmsUnderTest } from './microvms.js';

/** Whether a machine of the runtime boots here, and what is said when it does not. */
export type Boot = { readonly boots: true } | { readonly boots: false; readonly code: string; readonly why: string };

export function realRuntime(name: VmRuntimeName, installed: string, stateDir: string): VmRuntime {
  mkdirSync(stateDir, { recursive: true });
  if (!existsSync(join(stateDir, 'runtimes'))) symlinkSync(installed, join(stateDir, 'runtimes'));
  return name === 'boxlite'
    ? BoxliteRuntime.load(stateDir, new Registries(async () => ({ HOME: stateDir })))
    : Microsandbox.load(stateDir);
}

/** Tried once for each boot of this machine: where none boots, a runtime takes a minute to give up. */
export async function bootOf(name: VmRuntimeName, installed: string): Promise<Boot> {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const file = join(cacheDirectory(), 'microvm-boots', `${name}-${vmRuntimes[name].version}-${boot}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Boot;
  const answer = await tryBoot(name, installed);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(answer));
  renameSync(`${file}.${process.pid}`, file);
  return answer;
}

async function tryBoot(name: VmRuntimeName, installed: string): Promise<Boot> {
  // Sockets of a runtime are below it, and their paths have to be short.
  const folder = mkdtempSync(join(tmpdir(), 'mvm-'));
  const place = microvmsUnderTest(folder, {
    image: rootFor(name),
    runtime: stateDir => realRuntime(name, installed, stateDir),
  });
  const run = place.ids.next<'run'>();
  try {
    await place.directory.create(run, { spec: {}, prompt: '', files: {} });
    const never = new AbortController().signal;
    const guest = await place.driver.ensure(place.spec, never);
    const cwd = guest.place(place.spec.workspace.folder);
    const launch = {
      run,
      argv: ['sh', '-c', 'true'],
      env: place.env,
      cwd,
      stdin: 'none',
      sandbox: place.spec,
    } as const;
    await place.driver.runsIn().start(launch, never);
    await place.driver.runsIn().stop(run, { graceMs: 0 });
    return { boots: true };
  } catch (error) {
    const code = isAnyAppError(error) ? error.code : 'unexpected';
    return { boots: false, code, why: error instanceof Error ? error.message : String(error) };
  } finally {
    await place.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

const programs = ['sh', 'cat', 'sleep', 'grep', 'env', 'setsid', 'perl', 'ln', 'mv', 'mkdir', 'rmdir', 'chmod'];

/** A root file system of this machine's own programs, enough for the contract's; no registry is needed for it. */
export function smallRoot(): string {
  const root = join(cacheDirectory(), 'microvm-root-2');
  if (existsSync(root)) return root;
  const staging = `${root}.${process.pid}`;
  const take = (path: string, to = path): void => {
    mkdirSync(join(staging, dirname(to)), { recursive: true });
    copyFileSync(path, join(staging, to));
  };
  for (const folder of ['proc', 'sys', 'dev', 'tmp', 'run', 'etc', 'root', 'workspace', 'muster'])
    mkdirSync(join(staging, folder), { recursive: true });
  for (const program of programs) {
    const path = execFileSync('/bin/sh', ['-c', 'command -v "$1"', 'find', program], { encoding: 'utf8' }).trim();
    take(path, `/bin/${program}`);
    take(path, `/usr/bin/${program}`);
    const needs = execFileSync('ldd', [path], { encoding: 'utf8' });
    for (const [library] of needs.matchAll(/\/\S+(?= \(0x)/g)) take(library);
  }
  for (const [folder] of execFileSync('perl', ['-e', 'print "$_\\n" for @INC'], { encoding: 'utf8' }).matchAll(
    /.+perl-base$/gm,
  ))
    cpSync(folder, join(staging, folder), { recursive: true, dereference: true });
  writeFileSync(join(staging, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  try {
    renameSync(staging, root);
  } catch {
    // Somebody else made it meanwhile.
    rmSync(staging, { recursive: true, force: true });
  }
  return root;
}

/** What the machines of a runtime are made of: microsandbox takes a folder as it is, BoxLite an image in one. */
export function rootFor(name: VmRuntimeName): string {
  return name === 'boxlite' ? imageLayout(smallRoot()) : smallRoot();
}

function imageLayout(root: string): string {
  const layout = `${root}-image`;
  if (existsSync(layout)) return layout;
  const staging = `${layout}.${process.pid}`;
  const blobs = join(staging, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType: string, bytes: Buffer): { mediaType: string; digest: string; size: number } => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const putJson = (kind: string, value: object) =>
    put(`application/vnd.oci.image.${kind}+json`, Buffer.from(JSON.stringify(value)));
  const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 256 * 1024 ** 2 });
  const layer = put('application/vnd.oci.image.layer.v1.tar', tar);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: [layer.digest] };
  const config = putJson('config.v1', { architecture, os: 'linux', config: { Env: ['PATH=/usr/bin:/bin'] }, rootfs });
  const manifest = putJson('manifest.v1', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [layer],
  });
  writeFileSync(join(staging, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(join(staging, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  renameSync(staging, layout);
  return layout;
}
