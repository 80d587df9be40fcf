import type { ThreadId } from '../../base/ids.js';

/**
 * What became of getting a worktree ready for work:
 * - `waiting`: it was adopted, and its commands run before the thread's first run;
 * - `working`: its commands run, or a host died while they did;
 * - `ready`: every command succeeded, or there was none;
 * - `failed`: one did not; they run again before the thread's next run;
 * - `skipped`: a person said to go on without.
 */
export type PreparationState = 'waiting' | 'working' | 'ready' | 'failed' | 'skipped';

export interface Preparation {
  readonly thread: ThreadId;
  readonly state: PreparationState;
  /** The first of the {@link portsPerWorktree} ports that are this worktree's own. */
  readonly port: number;
  /** The command that runs, ran last or failed. */
  readonly command?: string;
  readonly exitCode?: number;
  /** What the commands printed, one after the other; the end of it. */
  readonly output: string;
  /** Ms since the epoch. */
  readonly at: number;
}

/** Port: preparations. */
export interface PreparationStore {
  of(thread: ThreadId): Preparation | undefined;
  /** Inserts or replaces. */
  save(preparation: Preparation): void;
  /** First ports of the threads that have a worktree. */
  ports(): readonly number[];
}

/** What a transaction needs that touches preparations. */
export interface PreparationStores {
  readonly preparations: PreparationStore;
}

/** A server, its debugger, a database and their like. */
export const portsPerWorktree = 10;
/** Above what services usually take, below what systems give out by themselves. */
const firstPort = 20_000;
const blocks = 1_000;

/** First ports of blocks, in the order to try them: a thread tries the same ones each time. */
export function* portBlocks(thread: ThreadId, taken: readonly number[]): Generator<number> {
  const used = new Set(taken);
  let start = 7;
  for (let i = 0; i < thread.length; i++) start = (start * 31 + thread.charCodeAt(i)) % blocks;
  for (let i = 0; i < blocks; i++) {
    const port = firstPort + ((start + i) % blocks) * portsPerWorktree;
    if (!used.has(port)) yield port;
  }
}

/** The variables that tell a worktree's ports: `MUSTER_PORT`, `MUSTER_PORT_0` to `_9`, and the names that the file gives. */
export function portVariables(port: number, names: readonly string[]): Readonly<Record<string, string>> {
  const numbered = Array.from({ length: portsPerWorktree }, (_, index) => [
    `MUSTER_PORT_${index}`,
    String(port + index),
  ]);
  const named = names.slice(0, portsPerWorktree).map((name, index) => [name, String(port + index)]);
  return Object.fromEntries([['MUSTER_PORT', String(port)], ...numbered, ...named]);
}
