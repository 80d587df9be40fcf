import { jsonObject } from '../../../base/jsonObject.js';
import { hostname } from 'node:os';
import { processExists, readMachineIdentity, readPidNamespace, readStartTime } from '../../../node/processIdentity.js';

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
export function ownLockOwner(now: number): LockOwner {
  const { machine, boot } = readMachineIdentity();
  return {
    pid: process.pid,
    startTime: readStartTime(process.pid),
    bootId: boot,
    machine: machine || hostname(),
    pidNamespace: readPidNamespace(),
    since: now,
  };
}

/** True only when it is certain that the owner no longer runs. */
export function isOwnerGone(owner: LockOwner, now: number): boolean {
  const self = ownLockOwner(now);
  if (owner.machine !== self.machine) return false;
  if (owner.bootId !== self.bootId) return true;
  if (owner.pidNamespace !== self.pidNamespace) return false;
  if (!processExists(owner.pid)) return true;
  const startTime = readStartTime(owner.pid);
  if (owner.startTime !== '' && startTime !== '') return startTime !== owner.startTime;
  return now - owner.since > longestHoldMs;
}

/** Reads an owner back; undefined for anything else (a file cut off by a power loss). */
export function parseLockOwner(text: string): LockOwner | undefined {
  const value = jsonObject(text);
  if (value === undefined) return undefined;
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
