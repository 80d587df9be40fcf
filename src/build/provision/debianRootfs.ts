import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../paths.ts';
import { say } from '../progress.ts';
import { runCommand } from '../runCommand.ts';

/** A tar of a plain Debian with git, made in the cache where it is not there yet: what images of the tests begin with. */
export async function debianRootfs(): Promise<string> {
  const cache = join(cacheDirectory(), 'docker');
  const rootfs = join(cache, 'bookworm.tar');
  if (existsSync(rootfs)) return rootfs;
  await mkdir(cache, { recursive: true });
  say(`  making a Debian image in ${cache} (half a minute, once)`);
  const staging = `${rootfs}.${process.pid}.tmp`;
  const options = ['--quiet', '--variant=minbase', '--format=tar', '--include=git,ca-certificates'];
  await runCommand('mmdebstrap', [...options, 'bookworm', staging]);
  await runCommand('mv', [staging, rootfs]);
  return rootfs;
}
