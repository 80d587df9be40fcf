import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Which process holds a lock, in a way that no other process of any boot or machine matches. */
export interface LockOwner {
  readonly pid: number;
  /** Clock ticks since boot, from /proc; empty where there is none. */
  readonly startTime: string;
  readonly bootId: string;
  readonly machine: string;
  /** A pid means nothing in another pid namespace (a container that mounts the same repository). */
  readonly pidNamespace: string;
  /** Ms since the epoch. */
  readonly since: number;
}

/** Where pids cannot be told apart by start time, a lock older than this is taken to be left over: ours are held for seconds. */
const longestHoldMs = 15 * 60_000;

/** This process as a lock owner. */
export async function ownLockOwner(now: number): Promise<LockOwner> {
  const [startTime, bootId, machineId, pidNamespace] = await Promise.all([
    readStartTime(process.pid),
    readTrimmed('/proc/sys/kernel/random/boot_id'),
    readTrimmed('/etc/machine-id'),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return { pid: process.pid, startTime, bootId, machine: machineId || hostname(), pidNamespace, since: now };
}

/** True only when it is certain that the owner no longer runs. */
export async function isOwnerGone(owner: LockOwner, now: number): Promise<boolean> {
  const self = await ownLockOwner(now);
  if (owner.machine !== self.machine) return false;
  if (owner.bootId !== self.bootId) return true;
  if (owner.pidNamespace !== self.pidNamespace) return false;
  if (!processExists(owner.pid)) return true;
  const startTime = await readStartTime(owner.pid);
  if (owner.startTime !== '' && startTime !== '') return startTime !== owner.startTime;
  return now - owner.since > longestHoldMs;
}

/** Reads an owner back; undefined for anything else (a file cut off by a power loss). */
export function parseLockOwner(text: string): LockOwner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const textOf = (name: string): string => {
    const field = fields.get(name);
    return typeof field === 'string' ? field : '';
  };
  const pid = fields.get('pid');
  const since = fields.get('since');
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || typeof since !== 'number') return undefined;
  return {
    pid,
    since,
    startTime: textOf('startTime'),
    bootId: textOf('bootId'),
    machine: textOf('machine'),
    pidNamespace: textOf('pidNamespace'),
  };
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function readStartTime(pid: number): Promise<string> {
  const stat = await readTrimmed(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function readTrimmed(path: string): Promise<string> {
  return readFile(path, 'utf8').then(
    text => text.trim(),
    () => '',
  );
}
