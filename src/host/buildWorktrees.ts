import { WorktreeCleaner } from '../core/threads/worktreeCleaner.js';
import type { ThreadService } from '../core/threads/threadService.js';
import { WorktreeLooks } from '../core/threads/worktreeLooks.js';
import type { WorktreeDriver } from '../core/workspaces/worktreeDriver.js';
import { createWorktreeProcesses } from '../drivers/process/processFolders.js';
import type { HostState } from './openState.js';

/** What looks after all worktrees together. */
export interface HostWorktrees {
  readonly worktreeLooks: WorktreeLooks;
  readonly worktreeCleaner: WorktreeCleaner;
}

/** Builds it. */
export function buildWorktrees(
  { store, clock }: HostState,
  { worktrees, threads }: { readonly worktrees: WorktreeDriver; readonly threads: ThreadService },
): HostWorktrees {
  const worktreeLooks = new WorktreeLooks({ store, driver: worktrees, processes: createWorktreeProcesses() });
  return { worktreeLooks, worktreeCleaner: new WorktreeCleaner({ store, clock, looks: worktreeLooks, threads }) };
}
