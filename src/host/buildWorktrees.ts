import type { DisposableStore } from '../base/lifecycle.js';
import { AdoptWorktree } from '../core/threads/adoptWorktree.js';
import { LandedWorktrees } from '../core/threads/landedWorktrees.js';
import { WorktreeCleaner } from '../core/threads/worktreeCleaner.js';
import type { ThreadService } from '../core/threads/threadService.js';
import { WorktreeLooks } from '../core/threads/worktreeLooks.js';
import type { WorkspacePreparer } from '../core/workspaces/workspacePreparer.js';
import type { WorkspaceService } from '../core/workspaces/workspaceService.js';
import { createForeignWorktreeDriver } from '../drivers/git/worktree/foreignWorktrees.js';
import { createWorktreeProcesses } from '../drivers/process/processFolders.js';
import type { HostDrivers } from './buildDrivers.js';
import type { HostState } from './openState.js';

/** What looks after all worktrees together. */
export interface HostWorktrees {
  readonly worktreeLooks: WorktreeLooks;
  readonly worktreeCleaner: WorktreeCleaner;
  readonly adoption: AdoptWorktree;
  readonly landedWorktrees: LandedWorktrees;
}

/** Builds it. */
export function buildWorktrees(
  { store, clock, ids, log, directory }: HostState,
  { worktrees, threads, workspaces, preparer, git }: Pick<HostDrivers, 'worktrees' | 'git'> & WorktreeServices,
  resources: DisposableStore,
): HostWorktrees {
  const worktreeLooks = new WorktreeLooks({ store, driver: worktrees, processes: createWorktreeProcesses() });
  const foreign = createForeignWorktreeDriver({ stateDir: directory.path, clock, log, git });
  const worktreeCleaner = new WorktreeCleaner({ store, clock, looks: worktreeLooks, threads });
  return {
    worktreeLooks,
    worktreeCleaner,
    landedWorktrees: resources.add(new LandedWorktrees({ store, log, cleaner: worktreeCleaner })),
    adoption: new AdoptWorktree({ store, clock, ids, workspaces, driver: worktrees, foreign, preparer }),
  };
}

interface WorktreeServices {
  readonly threads: ThreadService;
  readonly workspaces: WorkspaceService;
  readonly preparer: WorkspacePreparer;
}
