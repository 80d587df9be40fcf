import type { RescueDriver } from '../../../core/workspaces/rescueDriver.js';
import { createGitContext, type GitDriverOptions } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { undoCreate } from '../worktree/undoCreate.js';
import { dropAside, listAsides } from './asideRefs.js';
import { clearWorktree, discardRescue } from './clearWorktree.js';
import { keepWorktree, putBack } from './keepWorktree.js';
import { readHint } from './rescueHint.js';
import { listRescues, recordRescue } from './rescueRecord.js';
import { checkRestore, restoreWorktree, undoRestore } from './restoreWorktree.js';
import { sweepRepository } from './sweepRepository.js';

/** The rescue port on real git. */
export function createGitRescueDriver(options: GitDriverOptions): RescueDriver {
  const context = createGitContext(options);
  return {
    keep: removal => keepWorktree(context, removal),
    putBack: removal => putBack(context, removal),
    clear: (removal, rescue, how) => clearWorktree(context, { removal, rescue, ...how }),
    checkRestore: (rescue, target) => checkRestore(context, rescue, target),
    restore: (restoration, rescue) => restoreWorktree(context, restoration, rescue),
    undoRestore: (restoration, rescue) => undoRestore(context, restoration, rescue),
    undoCreate: creation => undoCreate(context, creation.worktree),
    discard: rescue => discardRescue(context, rescue),
    readHint: async ({ id, threadId, ...hint }) => {
      const said = await readHint(context, hint);
      return said && { ...said, id, threadId };
    },
    record: (rescue, thread) => recordRescue(context, rescue, thread),
    list: place => listRescues(context, place),
    asides: async place => await listAsides(await openRepository(context, place)),
    dropAside: async (place, ref) => await dropAside(await openRepository(context, place), ref),
    sweep: repository => sweepRepository(context, repository),
  };
}
