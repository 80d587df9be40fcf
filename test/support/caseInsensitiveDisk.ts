import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder on a file system that keeps the case of names and finds them in any, as on a Mac or on Windows. */
export type CaseInsensitiveDisk =
  | { readonly kind: 'there'; readonly folder: string; readonly remove: () => void }
  | { readonly kind: 'missing'; readonly reason: string };

/** exFAT in a file: there is no other such file system that a Linux kernel of any build can mount. */
export function caseInsensitiveDisk(): CaseInsensitiveDisk {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return missing('only root can mount one');
  const scratch = mkdtempSync(join(tmpdir(), 'muster-disk-'));
  const [image, folder] = [join(scratch, 'image'), join(scratch, 'disk')];
  writeFileSync(image, '');
  truncateSync(image, 64 * 1024 * 1024);
  mkdirSync(folder);
  const giveUp = (reason: string): CaseInsensitiveDisk => {
    rmSync(scratch, { recursive: true, force: true });
    return missing(reason);
  };
  const made = run('mkfs.exfat', image);
  if (made.problem !== undefined) return giveUp(made.problem);
  const loop = run('losetup', '--find', '--show', image);
  if (loop.problem !== undefined) return giveUp(loop.problem);
  const detach = (): void => void run('losetup', '--detach', loop.output);
  const mounted = run('mount.exfat-fuse', loop.output, folder);
  if (mounted.problem !== undefined) {
    detach();
    return giveUp(mounted.problem);
  }
  const remove = (): void => {
    run('umount', '--lazy', folder);
    detach();
    rmSync(scratch, { recursive: true, force: true });
  };
  writeFileSync(join(folder, 'Probe'), '');
  if (existsSync(join(folder, 'pROBE'))) return { kind: 'there', folder, remove };
  remove();
  return missing('the file system that was mounted tells names apart by case');
}

function missing(reason: string): CaseInsensitiveDisk {
  return { kind: 'missing', reason: `no case-insensitive disk: ${reason}` };
}

function run(program: string, ...args: readonly string[]): { readonly output: string; readonly problem?: string } {
  // A kernel may keep a mount waiting.
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  const output = stdout?.trim() ?? '';
  if (status === 0) return { output };
  return { output, problem: `${program}: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? String(status)}` };
}
