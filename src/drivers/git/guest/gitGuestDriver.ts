import type { GuestGitDriver } from '../../../core/workspaces/guestGitDriver.js';
import { createGitContext, type GitDriverOptions } from '../command/gitContext.js';
import { bringHome } from './bringHome.js';
import { lendGit } from './lendGit.js';

/** The port of guests' git directories on real git. */
export function createGitGuestDriver(options: GitDriverOptions): GuestGitDriver {
  const context = createGitContext(options);
  return {
    lend: (worktree, request) => lendGit(context, worktree, request),
    bringHome: (worktree, gitDir) => bringHome(context, worktree, gitDir),
  };
}
