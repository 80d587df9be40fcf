import { randomBytes } from 'node:crypto';
import { makeId } from '../../src/base/ids.js';
import type { Rescue } from '../../src/core/workspaces/rescue.js';
import type { RescueDriver } from '../../src/core/workspaces/rescueDriver.js';
import type { RemoveWorktree, RestoredWorktree, WorktreeRef } from '../../src/core/workspaces/worktreeDriver.js';
import type { Removal } from '../../src/core/workspaces/worktreeOperation.js';

/** Puts worktrees away and brings them back with the driver alone, in the order in which the host's service does it. */
export class Rescuer {
  readonly driver: RescueDriver;
  readonly #thread = makeId<'thread'>(randomBytes(12));

  constructor(driver: RescueDriver) {
    this.driver = driver;
  }

  removal(worktree: WorktreeRef, options: RemoveWorktree = {}): Removal {
    const rescue = makeId<'rescue'>(randomBytes(12));
    return {
      kind: 'keep',
      thread: this.#thread,
      worktree,
      rescue,
      ref: `refs/muster/rescue/task-${rescue}`,
      outcome: 'completed',
      startedAt: Date.now(),
      ...options,
    };
  }

  /** Keeps and removes; what fails is put back. The rescue says what is left. */
  async remove(worktree: WorktreeRef, options: RemoveWorktree = {}): Promise<Rescue> {
    const removal = this.removal(worktree, options);
    try {
      const rescue = await this.driver.keep(removal);
      return { ...rescue, leftover: await this.driver.clear({ ...removal, kind: 'clear' }, rescue) };
    } catch (error) {
      await this.driver.putBack(removal);
      throw error;
    }
  }

  async restore(rescue: Rescue, worktree: WorktreeRef): Promise<RestoredWorktree> {
    const { hadBranch } = await this.driver.checkRestore(rescue, worktree);
    const operation = {
      kind: 'restore' as const,
      thread: this.#thread,
      worktree,
      rescue: rescue.id,
      hadBranch,
      startedAt: 1,
    };
    try {
      return await this.driver.restore(operation, rescue);
    } catch (error) {
      await this.driver.undoRestore(operation, rescue);
      throw error;
    }
  }
}
