import type { WorktreeDriver } from '../../../core/workspaces/worktreeDriver.js';
import { committedChanges, committedPatch } from './committedChanges.js';
import { conflictsWith } from './conflicts.js';
import { createWorktree } from './createWorktree.js';
import { createGitContext, type GitDriverOptions } from '../command/gitContext.js';
import { carryChanges } from '../repository/carryChanges.js';
import { comparison, tipOf } from '../repository/comparison.js';
import { inspectRepository } from '../repository/inspectRepository.js';
import { changedFiles, fileAtCommit, unifiedPatch, worktreeState } from './reviewWorktree.js';
import { ensureWorktree, repairWorktree } from './repairWorktree.js';
import { findSharedChanges, putBackShared, readSharedState } from '../repository/sharedState.js';
import { renewWorktree } from './renewWorktree.js';
import { openRepository } from '../repository/openRepository.js';
import { noteMade, untrackedIn } from './madeFiles.js';
import { openWorktree } from './openWorktree.js';
import { submodulesWithWork } from './submoduleWork.js';
import { setBackWorktree } from './setBackWorktree.js';
import { takeBack } from './takeBack.js';
import { snapshotWorktree } from './snapshotWorktree.js';

/** The worktree port on real git. */
export function createGitWorktreeDriver(options: GitDriverOptions): WorktreeDriver {
  const context = createGitContext(options);
  return {
    inspect: (folder, signal) => inspectRepository(context, folder, signal),
    carry: (place, base, signal) => carryChanges(context, place, base, signal),
    create: (request, signal) => createWorktree(context, request, signal),
    ensure: worktree => ensureWorktree(context, worktree),
    repair: worktree => repairWorktree(context, worktree),
    snapshot: (worktree, message, more) => snapshotWorktree(context, worktree, message, more),
    setBack: (worktree, how) => setBackWorktree(context, worktree, how),
    renew: (worktree, how) => renewWorktree(context, worktree, how),
    async noteMade(worktree) {
      const git = await openWorktree(context, worktree);
      await noteMade(context, git, await untrackedIn(git));
    },
    submodulesWithWork: worktree => submodulesWithWork(context, worktree),
    sharedState: async (place, own) =>
      readSharedState(context, await openRepository(context, place), ref => !own?.has(ref)),
    sharedChanges: async (place, before) => findSharedChanges(context, await openRepository(context, place), before),
    undoShared: async (place, changes) => putBackShared(context, await openRepository(context, place), changes),
    comparison: async (place, request) => comparison(await openRepository(context, place), request),
    tipOf: async (place, branch, signal) => tipOf(await openRepository(context, place), branch, signal),
    takeBack: (worktree, request) => takeBack(context, worktree, request),
    conflicts: (place, request) => conflictsWith(context, place, request),
    state: (worktree, compareTo, signal) => worktreeState(context, worktree, compareTo, signal),
    changes: (worktree, base, signal) => changedFiles(context, worktree, base, signal),
    patch: (worktree, base, maxBytes, signal) => unifiedPatch(context, worktree, base, { maxBytes, signal }),
    committedChanges: (repository, { base, head }, signal) =>
      committedChanges(context, { repository, base, head, signal }),
    committedPatch: (repository, { base, head }, maxBytes, signal) =>
      committedPatch(context, { repository, base, head, maxBytes, signal }),
    show: (repository, commit, path, limits) => fileAtCommit(context, { repository, commit, path, ...limits }),
  };
}
