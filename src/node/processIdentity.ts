import { readFileSync, readlinkSync } from 'node:fs';
import { systemCode } from './systemError.js';

/** What tells this machine and this boot from any other; empty where the platform has no such file. */
export interface MachineIdentity {
  readonly machine: string;
  readonly boot: string;
}

/** Reads the ids that an endpoint file and a lock of this machine carry. */
export function readMachineIdentity(): MachineIdentity {
  return { machine: readTrimmed('/etc/machine-id'), boot: readTrimmed('/proc/sys/kernel/random/boot_id') };
}

/** True while a process with this pid exists, also one of another user. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Start time of a process in clock ticks since boot, as Linux gives it; empty elsewhere and for one that is gone. */
export function readStartTime(pid: number): string {
  const stat = readTrimmed(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** A pid means nothing in another pid namespace (a container that mounts the same folder); empty where there are none. */
export function readPidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not Linux, or /proc is hidden: there is nothing to tell apart.
    return '';
  }
}

/** Files of /proc and /etc answer from memory, so that waiting for a thread would take longer than reading. */
function readTrimmed(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Not Linux, or the process is gone: an empty id matches nothing.
    return '';
  }
}
