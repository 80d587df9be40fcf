import { constants } from 'node:os';
import { join } from 'node:path';
import type { RunExit } from '../../core/runs/runDirectory.js';
import { readForeignFileSync } from '../../node/foreignFile.js';
import { runFiles } from '../../node/runFiles.js';
import { jsonObject } from '../../base/jsonObject.js';

/** Who the wrapper is: enough to recognise it after its number was given to someone else. */
export interface WrapperIdentity {
  readonly pid: number;
  /** Process group (and session) of everything that the wrapper starts. */
  readonly group: number;
  /** As the platform's process table tells it; see `ProcessTable`. */
  readonly start: string;
  readonly boot: string;
}

/** Far above what a wrapper writes; a file that is larger is not ours. */
const longestRecord = 4096;

/** Reads `pid`; `undefined` when it is not there, blank as it was made, or not readable as one. */
export function readIdentity(runDir: string): WrapperIdentity | undefined {
  return parseIdentity(readRecord(join(runDir, runFiles.pid))?.text ?? '');
}

/** Whether a wrapper has written `pid`, readable or not; in doubt it has. */
export function isIdentified(runDir: string): boolean {
  const pid = readForeignFileSync(join(runDir, runFiles.pid), { maxBytes: longestRecord });
  return pid.kind === 'file' ? pid.bytes.toString('utf8').trim() !== '' : pid.kind !== 'missing';
}

/** Reads `exit.json`; `undefined` when it is not there, blank as it was made, or not readable as one. */
export function readExitRecord(runDir: string): RunExit | undefined {
  // Synchronous on purpose: one small file in the page cache takes 20 µs this way and a run's end is waiting for it.
  const record = readRecord(join(runDir, runFiles.exit));
  return record && parseExit(record.text, record.modifiedAt);
}

/** Parses the contents of `pid`. */
export function parseIdentity(text: string): WrapperIdentity | undefined {
  const { pid, group, start, boot } = fieldsOf(text);
  // 0 and 1 as a target of kill() would mean "everyone".
  if (!isProcessNumber(pid) || !isProcessNumber(group)) return undefined;
  if (typeof start !== 'string' || typeof boot !== 'string') return undefined;
  return { pid, group, start, boot };
}

/** Parses the contents of `exit.json`: `{"code":0}`, `{"signal":"SIGTERM"}` or `{"signal":15}`. */
export function parseExit(text: string, endedAt: number): RunExit | undefined {
  const { code, signal } = fieldsOf(text);
  if (typeof code === 'number' && Number.isInteger(code)) return { code, endedAt };
  if (typeof signal === 'string') return { signal, endedAt };
  if (typeof signal === 'number') return { signal: signalName(signal), endedAt };
  return undefined;
}

function signalName(number: number): string {
  for (const [name, value] of Object.entries(constants.signals)) if (value === number) return name;
  return `SIG${number}`;
}

function isProcessNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 1;
}

/** None of what is damaged. */
function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  return { ...jsonObject(text) };
}

function readRecord(path: string): { readonly text: string; readonly modifiedAt: number } | undefined {
  // An agent can write into its run directory: a FIFO under one of our names must not hold up the host.
  const record = readForeignFileSync(path, { maxBytes: longestRecord });
  return record.kind === 'file' ? { text: record.bytes.toString('utf8'), modifiedAt: record.modifiedAt } : undefined;
}
