import { AppError } from '../../../src/base/errors.js';
import type { Rescue } from '../../../src/core/workspaces/rescue.js';
import type { Aside, FoundRescue, RescueDriver } from '../../../src/core/workspaces/rescueDriver.js';
import type { RestoredWorktree, WorktreeRef } from '../../../src/core/workspaces/worktreeDriver.js';
import type { Creation, Removal, Restoration } from '../../../src/core/workspaces/worktreeOperation.js';
import type { FakeFiles, FakeGit } from './fakeGit.js';

/** The rescue port in memory. */
export class FakeRescueDriver implements RescueDriver {
  readonly #git: FakeGit;
  /** Files of what was kept, by ref. */
  readonly kept = new Map<string, FakeFiles>();
  /** What was put aside, by ref. */
  readonly put = new Map<string, Aside>();

  constructor(git: FakeGit) {
    this.#git = git;
  }

  /** Thrown by the next `keep`, once. */
  failNextKeep: Error | undefined;

  async keep({ worktree, ref, rescue, thread, startedAt }: Removal): Promise<Rescue> {
    const failure = this.failNextKeep;
    this.failNextKeep = undefined;
    if (failure) throw failure;
    const { repository, path, branch } = worktree;
    const head = this.#git.branches.get(branch);
    if (head === undefined) throw new AppError('worktree.missing', `The worktree ${path} is not there.`, { path });
    const checkout = this.#git.checkouts.get(path);
    this.kept.set(ref, new Map(checkout?.files ?? this.#git.commit(head).files));
    const dirty = checkout !== undefined && this.#git.dirty(checkout).length > 0;
    return {
      id: rescue,
      threadId: thread,
      ref,
      repository,
      commit: head,
      branch,
      path,
      head,
      createdAt: startedAt,
      archived: false,
      nested: [],
      refused: [],
      submodules: [],
      leftover: [],
      ...(dirty ? { files: head } : {}),
    };
  }

  async asides(): Promise<readonly Aside[]> {
    return [...this.put.values()];
  }

  async dropAside(_place: unknown, ref: string): Promise<void> {
    this.put.delete(ref);
  }

  async putBack({ ref }: Removal): Promise<void> {
    this.kept.delete(ref);
  }

  async clear({ worktree }: Removal): Promise<readonly string[]> {
    this.#git.checkouts.delete(worktree.path);
    this.#git.branches.delete(worktree.branch);
    return [];
  }

  async checkRestore(rescue: Rescue, target: WorktreeRef): Promise<{ readonly hadBranch: boolean }> {
    if (!this.kept.has(rescue.ref)) {
      throw new AppError('rescue.unknown', `There is no kept work ${rescue.ref}.`, { rescue: rescue.ref });
    }
    if (this.#git.checkouts.has(target.path)) {
      const reason = 'there is already something at this path';
      throw new AppError('worktree.failed', `The worktree was not restored: ${reason}.`, { path: target.path, reason });
    }
    return { hadBranch: this.#git.branches.has(target.branch) };
  }

  async restore({ worktree }: Restoration, { ref, head }: Rescue): Promise<RestoredWorktree> {
    const { path, branch } = worktree;
    this.#git.branches.set(branch, head);
    this.#git.checkouts.set(path, { path, branch, files: new Map(this.kept.get(ref)) });
    return { head, commonDir: `${this.#git.root}/.git`, registeredAs: path.slice(path.lastIndexOf('/') + 1) };
  }

  async undoRestore({ worktree, hadBranch }: Restoration): Promise<void> {
    this.#git.checkouts.delete(worktree.path);
    if (!hadBranch) this.#git.branches.delete(worktree.branch);
  }

  async undoCreate({ worktree }: Creation): Promise<void> {
    this.#git.checkouts.delete(worktree.path);
    this.#git.branches.delete(worktree.branch);
  }

  async discard({ ref }: Rescue): Promise<void> {
    this.kept.delete(ref);
  }

  async readHint(): Promise<undefined> {
    return undefined;
  }

  async record(): Promise<void> {}

  async list(): Promise<readonly FoundRescue[]> {
    return [];
  }

  async sweep(): Promise<void> {}
}
