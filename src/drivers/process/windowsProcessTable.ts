import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runIdVariable } from '../../node/runFiles.js';
import { SharedList } from './processTable.js';
import type { ProcessEntry, ProcessTable } from './processTable.js';

const run = promisify(execFile);
/** Some 100,000 processes with their command lines. */
const longestListing = 64 * 1024 * 1024;
/** The wrapper tells its start by its own clock, which differs a little from the system's record. */
const startToleranceMs = 2000;

const query =
  'Get-CimInstance Win32_Process | ForEach-Object { [pscustomobject]@{ pid = $_.ProcessId; parent = $_.ParentProcessId; ' +
  'start = if ($_.CreationDate) { ([DateTimeOffset]$_.CreationDate).ToUnixTimeMilliseconds() } else { 0 }; command = $_.CommandLine } } ' +
  '| ConvertTo-Json -Compress';

/** Asks PowerShell. Environments are hidden there: the wrapper carries the run's id as an argument, and its descendants count. */
export function createWindowsProcessTable(): ProcessTable {
  const shared = new SharedList(async () => {
    const { stdout } = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query], {
      maxBuffer: longestListing,
      windowsHide: true,
    });
    return parseWindowsListing(stdout);
  });
  return {
    // A start is a point in time: it does not come again after a restart of the machine.
    bootId: async () => '',
    find: async pid => (await shared.list()).find(entry => entry.pid === pid),
    list: () => shared.list(),
    sameStart: (a, b) => Math.abs(Number(a) - Number(b)) <= startToleranceMs,
  };
}

/** Parses the JSON of the query above and hands the run's id down from parents to children. */
export function parseWindowsListing(text: string): readonly ProcessEntry[] {
  const parsed: unknown = JSON.parse(text);
  const entries = new Map<number, ProcessEntry>();
  for (const row of Array.isArray(parsed) ? parsed : [parsed]) {
    const entry = parseRow(row);
    if (entry) entries.set(entry.pid, entry);
  }
  return [...entries.values()].map(entry => {
    const carried = inheritedRun(entry, entries);
    return carried === undefined ? entry : { ...entry, run: carried };
  });
}

function parseRow(row: unknown): ProcessEntry | undefined {
  if (typeof row !== 'object' || row === null) return undefined;
  const { pid, parent, start, command }: Record<string, unknown> = { ...row };
  if (typeof pid !== 'number' || typeof parent !== 'number') return undefined;
  const carried =
    typeof command === 'string' ? new RegExp(`${runIdVariable}=([0-9a-z]+)`).exec(command)?.[1] : undefined;
  return {
    pid,
    parent,
    // There are no groups: each process is its own.
    group: pid,
    session: pid,
    start: String(start),
    ...(carried === undefined ? {} : { run: carried }),
  };
}

function inheritedRun(entry: ProcessEntry, entries: ReadonlyMap<number, ProcessEntry>): string | undefined {
  const seen = new Set<number>();
  for (let at: ProcessEntry | undefined = entry; at && !seen.has(at.pid);) {
    if (at.run !== undefined) return at.run;
    seen.add(at.pid);
    const parent: ProcessEntry | undefined = entries.get(at.parent);
    // A parent that is younger than its child got the number of the real one, which has ended.
    at = parent && Number(parent.start) <= Number(at.start) ? parent : undefined;
  }
  return undefined;
}
