import type {
  BlockedReason,
  ComputedMerge,
  LandedMerge,
  MergeCandidate,
  MergeDriver,
  MergeOutcome,
  MergeRequest,
  NotMerged,
  UndoRequest,
  UpdateRequest,
} from '../../../src/core/merges/mergeDriver.js';
import { differing, type FakeCommit, type FakeFiles, type FakeGit } from './fakeGit.js';

/** The merge port in memory. Files merge whole: a file that both sides changed is a conflict. */
export class FakeMergeDriver implements MergeDriver {
  readonly #git: FakeGit;
  readonly #landed = new Map<string, MergeOutcome>();

  constructor(git: FakeGit) {
    this.#git = git;
  }

  async compute(request: MergeRequest, signal: AbortSignal): Promise<ComputedMerge> {
    signal.throwIfAborted();
    const git = this.#git;
    const { worktree, commit, target } = request;
    const thread = git.checkouts.get(worktree.path);
    if (!thread) return blocked('worktree_missing');
    const dirty = git.dirty(thread);
    if (dirty.length > 0 || git.headOf(thread).id !== commit) return blocked('changed_since_review', dirty);
    const onto = request.onto ?? git.branches.get(target);
    if (onto === undefined) return blocked('target_missing');
    const base = request.landed ?? request.carried ?? git.mergeBase(commit, onto);
    if (base === undefined) return blocked('unrelated_histories');
    const merged = mergeFiles(git.commit(base).files, git.commit(onto).files, git.commit(commit).files);
    if (merged.conflicts.length > 0) {
      return { kind: 'conflicted', files: merged.conflicts, message: 'Both changed the same places.' };
    }
    if (differing(git.commit(onto).files, merged.files).length === 0) {
      return blocked(commit === request.baseCommit ? 'no_commits' : 'nothing_to_merge');
    }
    const made =
      request.strategy === 'rebase'
        ? this.#replay(commit, base, onto)
        : git.addCommit({
            parents: request.strategy === 'merge' && request.carried === undefined ? [onto, commit] : [onto],
            files: merged.files,
            message: request.message,
          });
    return { kind: 'candidate', candidate: { from: onto, to: made.id, message: request.message } };
  }

  async land(request: MergeRequest, { from, to }: MergeCandidate, signal: AbortSignal): Promise<LandedMerge> {
    signal.throwIfAborted();
    const git = this.#git;
    if (git.branches.get(request.target) !== from) return { kind: 'moved' };
    const changed = differing(git.commit(from).files, git.commit(to).files);
    const checkouts = [...git.checkouts.values()].filter(({ branch }) => branch === request.target);
    if (checkouts.length > 1) return blocked('target_busy');
    const inTheWay = checkouts.flatMap(checkout => git.dirty(checkout)).filter(path => changed.includes(path));
    if (inTheWay.length > 0) return blocked('target_has_edits', inTheWay);
    git.moveBranch(request.target, to);
    const outcome = { kind: 'merged', commit: to } as const;
    this.#landed.set(request.id, outcome);
    return outcome;
  }

  async resume(request: MergeRequest): Promise<MergeOutcome | undefined> {
    return this.#landed.get(request.id);
  }

  async update({ worktree, head, target, message }: UpdateRequest): Promise<LandedMerge> {
    const git = this.#git;
    const theirs = git.branches.get(target);
    if (theirs === undefined) return blocked('target_missing');
    if (git.history(head).includes(theirs)) return blocked('nothing_to_merge');
    const base = git.commit(git.mergeBase(head, theirs) ?? '');
    const merged = mergeFiles(base.files, git.commit(head).files, git.commit(theirs).files);
    if (merged.conflicts.length > 0) {
      return { kind: 'conflicted', files: merged.conflicts, message: 'Both changed the same places.' };
    }
    const made =
      head === base.id ? theirs : git.addCommit({ parents: [head, theirs], files: merged.files, message }).id;
    git.moveBranch(worktree.branch, made);
    return { kind: 'merged', commit: made };
  }

  async targets(): Promise<readonly string[]> {
    return [...this.#git.branches.keys()].toReversed();
  }

  /** Landings of the fake are never half done. */
  async settle(): Promise<void> {}

  async undo({ target, from, to, message }: UndoRequest): Promise<LandedMerge> {
    const git = this.#git;
    const tip = git.branches.get(target);
    if (tip === undefined || !git.history(tip).includes(to)) return blocked('nothing_to_merge');
    const checkout = [...git.checkouts.values()].find(({ branch }) => branch === target);
    const changed = differing(git.commit(from).files, git.commit(to).files);
    const inTheWay = checkout ? git.dirty(checkout).filter(path => changed.includes(path)) : [];
    if (inTheWay.length > 0) return blocked('target_has_edits', inTheWay);
    if (tip === to) {
      git.moveBranch(target, from);
      return { kind: 'merged', commit: from };
    }
    const merged = mergeFiles(git.commit(to).files, git.commit(tip).files, git.commit(from).files);
    if (merged.conflicts.length > 0) {
      return { kind: 'conflicted', files: merged.conflicts, message: 'Both changed the same places.' };
    }
    const made = git.addCommit({ parents: [tip], files: merged.files, message });
    git.moveBranch(target, made.id);
    return { kind: 'merged', commit: made.id };
  }

  #replay(commit: string, base: string, onto: string): FakeCommit {
    const git = this.#git;
    const own = git.history(commit).slice(0, git.history(commit).indexOf(base)).toReversed();
    let tip = git.commit(onto);
    for (const id of own) {
      const { files, parents, message } = git.commit(id);
      const merged = mergeFiles(git.commit(parents[0] ?? '').files, tip.files, files);
      tip = git.addCommit({ parents: [tip.id], files: merged.files, message });
    }
    return tip;
  }
}

function blocked(reason: BlockedReason, files: readonly string[] = []): NotMerged {
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
