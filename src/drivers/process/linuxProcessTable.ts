import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runIdVariable } from '../../node/runFiles.js';
import { SharedList } from './processTable.js';
import type { ProcessEntry, ProcessTable } from './processTable.js';

/** Processes looked at before the event loop gets its turn: about a millisecond. */
const sliceSize = 32;

/** Reads `/proc`. */
export function createLinuxProcessTable(): ProcessTable {
  const shared = new SharedList(readAll);
  return {
    async bootId() {
      return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    },
    async find(pid) {
      return readEntry(pid);
    },
    list: () => shared.list(),
    sameStart: (a, b) => a === b,
  };
}

/** Parses `/proc/<pid>/stat`; `undefined` for a zombie. The second field may hold blanks and parentheses. */
export function parseLinuxStat(text: string): ProcessEntry | undefined {
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const [state, parent, group, session] = fields;
  const start = fields[19];
  if (close === -1 || !start || state === 'Z' || state === 'X') return undefined;
  return {
    pid: Number.parseInt(text, 10),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    start,
  };
}

/** The value of MUSTER_RUN_ID in the contents of `/proc/<pid>/environ`. */
export function parseLinuxEnvironment(environment: Buffer): string | undefined {
  const needle = Buffer.from(`${runIdVariable}=`);
  for (let at = environment.indexOf(needle); at !== -1; at = environment.indexOf(needle, at + 1)) {
    if (at > 0 && environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    return environment.toString('utf8', at + needle.length, end === -1 ? environment.length : end);
  }
  return undefined;
}

async function readAll(): Promise<readonly ProcessEntry[]> {
  const entries: ProcessEntry[] = [];
  let looked = 0;
  // Who asks does so when a run has just ended, and others are to hear of that first.
  await nextTurn();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    if (++looked % sliceSize === 0) await nextTurn();
    const entry = readEntry(pid);
    if (!entry) continue;
    const run = readRun(pid);
    entries.push(run === undefined ? entry : { ...entry, run });
  }
  return entries;
}

function readEntry(pid: number): ProcessEntry | undefined {
  try {
    return parseLinuxStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // Gone meanwhile, or hidden from this user.
    return undefined;
  }
}

/** The run whose process this says it is. */
export function readRun(pid: number): string | undefined {
  try {
    return parseLinuxEnvironment(readFileSync(`/proc/${pid}/environ`));
  } catch {
    // Gone meanwhile, or another user's.
    return undefined;
  }
}
