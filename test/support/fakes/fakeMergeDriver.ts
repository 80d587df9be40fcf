import { AppError } from '../../../src/base/errors.js';
import type { BlockedReason, MergeDriver, MergeOutcome, MergeRequest } from '../../../src/core/merges/mergeDriver.js';
import type { WorktreeRef } from '../../../src/core/workspaces/worktreeDriver.js';
import { differing, type FakeFiles, type FakeGit } from './fakeGit.js';

/** The merge port in memory. Files merge whole: a file that both sides changed is a conflict. */
export class FakeMergeDriver implements MergeDriver {
  readonly #git: FakeGit;
  readonly #landed = new Map<string, MergeOutcome>();

  constructor(git: FakeGit) {
    this.#git = git;
  }

  async candidate(worktree: WorktreeRef): Promise<{ readonly head: string; readonly dirty: readonly string[] }> {
    const checkout = this.#git.checkouts.get(worktree.path);
    if (!checkout) throw new AppError('worktree.missing', 'The worktree is not there.', { path: worktree.path });
    return { head: this.#git.headOf(checkout).id, dirty: this.#git.dirty(checkout) };
  }

  async merge(request: MergeRequest, signal: AbortSignal): Promise<MergeOutcome> {
    signal.throwIfAborted();
    const outcome = this.#landed.get(request.id) ?? this.#merge(request);
    if (outcome.kind === 'merged') this.#landed.set(request.id, outcome);
    return outcome;
  }

  #merge(request: MergeRequest): MergeOutcome {
    const git = this.#git;
    const { worktree, commit, target } = request;
    const thread = git.checkouts.get(worktree.path);
    if (!thread) return blocked('worktree_missing');
    const dirty = git.dirty(thread);
    if (dirty.length > 0 || git.headOf(thread).id !== commit) return blocked('changed_since_review', dirty);
    const onto = git.branches.get(target);
    if (onto === undefined) return blocked('target_missing');
    const base = git.mergeBase(commit, onto);
    if (base === undefined) return blocked('unrelated_histories');
    const merged = mergeFiles(git.commit(base).files, git.commit(onto).files, git.commit(commit).files);
    if (merged.conflicts.length > 0) {
      return { kind: 'conflicted', files: merged.conflicts, message: 'Both changed the same lines.' };
    }
    const changed = differing(git.commit(onto).files, merged.files);
    if (changed.length === 0) return blocked(commit === request.baseCommit ? 'no_commits' : 'nothing_to_merge');
    const checkouts = [...git.checkouts.values()].filter(({ branch }) => branch === target);
    if (checkouts.length > 1) return blocked('target_busy');
    const inTheWay = checkouts.flatMap(checkout => git.dirty(checkout)).filter(path => changed.includes(path));
    if (inTheWay.length > 0) return blocked('target_has_edits', inTheWay);
    const parents = request.strategy === 'merge' ? [onto, commit] : [onto];
    const made = git.addCommit({ parents, files: merged.files, message: request.message });
    git.moveBranch(target, made.id);
    return { kind: 'merged', commit: made.id };
  }
}

function blocked(reason: BlockedReason, files: readonly string[] = []): MergeOutcome {
  return { kind: 'blocked', reason, message: `Blocked: ${reason}.`, files };
}

function mergeFiles(
  base: FakeFiles,
  ours: FakeFiles,
  theirs: FakeFiles,
): { readonly files: Map<string, string>; readonly conflicts: readonly string[] } {
  const files = new Map(ours);
  const conflicts: string[] = [];
  for (const path of differing(base, theirs)) {
    const text = theirs.get(path);
    if (ours.get(path) !== base.get(path) && ours.get(path) !== text) conflicts.push(path);
    else if (text === undefined) files.delete(path);
    else files.set(path, text);
  }
  return { files, conflicts };
}
