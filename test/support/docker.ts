import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { TestHome } from './hostProcess.ts';
import { tempDirectory } from './tempDirectory.ts';

/** The engine that `test/support/setup/docker.ts` found or started, with an image of a plain Debian. */
export type DockerUnderTest =
  | { readonly kind: 'there'; readonly host: string; readonly image: string; readonly nodeImage: string }
  | { readonly kind: 'missing'; readonly reason: string };

export function dockerUnderTest(): DockerUnderTest {
  const { MUSTER_TEST_DOCKER: host, MUSTER_TEST_DOCKER_IMAGE: image, MUSTER_TEST_DOCKER_MISSING: reason } = process.env;
  const nodeImage = process.env['MUSTER_TEST_DOCKER_NODE_IMAGE'] ?? 'node:24-bookworm-slim';
  if (host && image) return { kind: 'there', host, image, nodeImage };
  return { kind: 'missing', reason: reason ?? 'nobody looked for a Docker Engine' };
}

/** Builds the image of Muster's own by its own command and recipe, on what the engine has; a moment when it was built before. */
export async function buildGuestImage(home: TestHome, host: string, base: string): Promise<string> {
  const built = await home.muster(['image', 'build', '--engine', host, '--build-arg', `BASE=${base}`]);
  if (built.status !== 0) throw new Error(built.stderr);
  return 'muster-guest:latest';
}

/** A folder with an `ssh` that leads to the engine: what stands behind `--` is the address, then the command at the other end. */
export function sshTo(host: string): string {
  const folder = tempDirectory('muster-ssh');
  const lines = ['#!/bin/sh', 'while [ "$1" != -- ]; do shift; done', '[ "$2" = ssh://ada@far.example ] || exit 9'];
  writeFileSync(join(folder, 'ssh'), [...lines, 'shift 3', `exec docker -H ${host} "$@"`, ''].join('\n'));
  chmodSync(join(folder, 'ssh'), 0o755);
  return folder;
}

/** Beginning of the names of a test's volumes, which go with it: an engine keeps volumes from one run of the tests to the next. */
export function ownVolumes(host: string, purpose: string): string {
  const own = `${purpose}-${process.pid}-${Date.now()}`;
  onTestFinished(() => {
    const left = dockerCli(host, 'volume', 'ls', '--quiet', '--filter', `name=${own}`);
    if (left !== '') dockerCli(host, 'volume', 'rm', '--force', ...left.split('\n'));
  });
  return own;
}

export function dockerCli(host: string, ...args: readonly string[]): string {
  return execFileSync('docker', ['--host', host, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 }).trim();
}
