import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Clock } from '../../../base/clock.js';

/**
 * A git command may take hours on a large repository, so what is limited is its silence: the time in which neither output
 * arrives nor git itself computes, reads or writes. What git *started* (a hook, a filter, a signing program) does not
 * count: one that polls for something that never comes looks busy for ever, and git stands still all the while.
 */
export const longestSilenceMs = 60_000;

/** A command that has said nothing for too long. */
export interface Silence {
  /** `git merge`. */
  readonly command: string;
  readonly seconds: number;
  /** What git waits for, as far as the system tells: `hook reference-transaction`, `gpg`; empty when it is git itself. */
  readonly where: string;
}

/** What is said to a person. */
export function silenceText({ command, seconds, where }: Silence): string {
  return `${command} has said nothing for ${seconds} s${where === '' ? '' : ` in ${where}`}`;
}

/** Watches one command. {@link heard} is called for every piece of output. */
export class SilenceWatch {
  readonly #clock: Clock;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.awake();
  }

  heard(): void {
    this.#since = this.#clock.awake();
  }

  /** Calls `onSilent` each time the silence reaches `limitMs`, until it answers `end` or the signal aborts. */
  async watch(options: {
    readonly pid: number;
    readonly limitMs: number;
    readonly command: string;
    readonly signal: AbortSignal;
    readonly onSilent: (silence: Silence) => 'wait' | 'end';
  }): Promise<void> {
    const { pid, limitMs, signal } = options;
    // Looked at a few times per limit: a command that is quick costs nothing but a timer.
    const look = Math.max(1, Math.min(Math.ceil(limitMs / looksPerLimit), pipeLookMs));
    let work = '';
    /** A pipe at which git stood at the last look, and whether somebody chose to wait there. */
    let pipe: string | undefined;
    let told = false;
    while (!signal.aborted) {
      // It rejects when the command is over, which the next line sees.
      await this.#clock.sleep(look, signal).catch(() => undefined);
      if (signal.aborted) return;
      const before = pipe;
      pipe = pipeWaitedAt(pid);
      if (!told && pipe !== undefined && pipe === before) {
        // Nobody has it open for writing, so that more time changes nothing.
        const seconds = Math.round((this.#clock.awake() - this.#since) / 1000);
        if (options.onSilent({ command: options.command, seconds, where: pipe }) === 'end') return;
        told = true;
        this.heard();
      }
      const now = workOf(pid);
      if (now !== work) {
        work = now;
        if (work !== '') this.heard();
      }
      if (this.#clock.awake() - this.#since < limitMs) continue;
      const seconds = Math.round(limitMs / 1000);
      if (options.onSilent({ command: options.command, seconds, where: pipe ?? waitedFor(pid) }) === 'end') return;
      this.heard();
    }
  }
}

/** So that what stands still is noticed at most a sixth of the limit late. */
const looksPerLimit = 6;
/** Git opens what it reads without looking first; at a pipe that nobody writes to it stands from its first moment on. */
const pipeLookMs = 1_000;

/** What git and the gits that it started have done so far, as one text that changes when they do anything; empty where there is no /proc. */
function workOf(pid: number): string {
  const name = read(`/proc/${pid}/comm`);
  if (!name.startsWith('git')) return '';
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // User and system time (fields 14 and 15 of the file, counted from the one after the name).
  // Bytes, not calls: a progress display is woken each second, and the read that it interrupts is counted anew.
  const bytes = read(`/proc/${pid}/io`).replace(/^sysc[rw]: .*$/gm, '');
  const own = `${pid} ${fields[11]} ${fields[12]} ${bytes}`;
  return [own, ...childrenOf(pid).map(workOf)].filter(text => text !== '').join('\n');
}

/** The named pipe that git, or a git that it started, waits to open, as far as the system tells; undefined when there is none. */
function pipeWaitedAt(pid: number): string | undefined {
  if (!read(`/proc/${pid}/comm`).startsWith('git')) return undefined;
  if (read(`/proc/${pid}/wchan`) === 'wait_for_partner') return `the named pipe ${openedPath(pid)}`.trimEnd();
  for (const child of childrenOf(pid)) {
    const found = pipeWaitedAt(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** No path of a system is longer. */
const longestPath = 4096;

/** What a process that stands in `openat` opens: the call's second argument is where the path is in its memory. Empty when unknown. */
function openedPath(pid: number): string {
  const [, , address = ''] = read(`/proc/${pid}/syscall`).split(' ');
  if (!/^0x[0-9a-f]{1,15}$/.test(address)) return '';
  const bytes = Buffer.alloc(longestPath);
  let memory: number | undefined;
  try {
    memory = openSync(`/proc/${pid}/mem`, 'r');
    const length = readSync(memory, bytes, 0, longestPath, Number(address));
    const end = bytes.subarray(0, length).indexOf(0);
    const path = bytes.subarray(0, Math.max(0, end)).toString('utf8');
    return path === '' ? '' : resolve(readlinkSync(`/proc/${pid}/cwd`), path);
  } catch {
    // Some systems let nobody look, and a page may end within the length: the pipe is left unnamed.
    return '';
  } finally {
    if (memory !== undefined) closeSync(memory);
  }
}

/** Follows the youngest children down from git to the first that is not git. */
function waitedFor(pid: number): string {
  const child = childrenOf(pid).at(-1);
  if (child === undefined) return '';
  const words = read(`/proc/${child}/cmdline`).split('\0');
  const hook = words.find(word => /(^|\/)hooks\/[a-z-]+$/.test(word));
  if (hook !== undefined) return `hook ${basename(hook)}`;
  const name = read(`/proc/${child}/comm`).trim();
  return name.startsWith('git') && !name.startsWith('git-') ? waitedFor(child) : name;
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap(task => read(`/proc/${pid}/task/${task}/children`).split(' '))
      .filter(child => child !== '')
      .map(Number)
      .toSorted((a, b) => a - b);
  } catch {
    // Not Linux, or it has just ended: only its output can be listened to.
    return [];
  }
}

/** Files of /proc answer from memory, and one that is gone says nothing. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
