import { readFile } from 'node:fs/promises';

/** What tells this machine and this boot from any other; empty where the platform has no such file. */
export interface MachineIdentity {
  readonly machine: string;
  readonly boot: string;
}

/** Reads the ids that an endpoint file of this machine carries. */
export async function readMachineIdentity(): Promise<MachineIdentity> {
  const [machine, boot] = await Promise.all([
    readTrimmed('/etc/machine-id'),
    readTrimmed('/proc/sys/kernel/random/boot_id'),
  ]);
  return { machine, boot };
}

/** True while a process with this pid exists, also one of another user. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Start time of a process in clock ticks since boot, as Linux gives it; empty elsewhere and for one that is gone. */
export async function readStartTime(pid: number): Promise<string> {
  const stat = await readTrimmed(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] ?? '';
}

async function readTrimmed(path: string): Promise<string> {
  return readFile(path, 'utf8').then(
    text => text.trim(),
    () => '',
  );
}
