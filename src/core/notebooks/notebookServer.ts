import type { RunId, SandboxId, ThreadId } from '../../base/ids.js';

/**
 * A thread's guest server: a Jupyter Server with the thread's worktree as its root. It outlives runs, windows and hosts, and
 * ends with the thread's worktree, by itself when it was idle for long, or when a person ends it.
 *
 *     starting ──it answers──► ready ──its process ended──► stopped
 *         └──it ended, or did not answer in time──► failed
 */
export type NotebookServerState = 'starting' | 'ready' | 'stopped' | 'failed';

export interface NotebookServer {
  /** Every process of it carries this as `MUSTER_RUN_ID`: that is how it is found again, and what it may not do. */
  readonly id: RunId;
  readonly threadId: ThreadId;
  /** In which its processes are; missing: they are processes of this machine. */
  readonly sandbox?: SandboxId | undefined;
  readonly state: NotebookServerState;
  readonly startedAt: number;
  readonly readyAt?: number;
  readonly endedAt?: number;
  /** Why it failed, or what ended it; a sentence for people. */
  readonly reason?: string;
}

/** Where a thread's server is found, on its own socket and on the host's: nothing in its answers has to be rewritten. */
export function serverPath(thread: ThreadId): string {
  return `/jupyter/${thread}/`;
}

/** True while a process of it may be alive. */
export function isServerAlive({ state }: NotebookServer): boolean {
  return state === 'starting' || state === 'ready';
}

/** It answers. One that has ended meanwhile stays what it is. */
export function serverReady(server: NotebookServer, now: number): NotebookServer {
  return server.state === 'starting' ? { ...server, state: 'ready', readyAt: now } : server;
}

/** Its processes are gone. Before it was ready that is a failure. */
export function serverEnded(
  server: NotebookServer,
  end: { readonly now: number; readonly reason: string; readonly asked: boolean },
): NotebookServer {
  if (!isServerAlive(server)) return server;
  const state = server.state === 'starting' && !end.asked ? 'failed' : 'stopped';
  return { ...server, state, endedAt: end.now, reason: end.reason };
}
