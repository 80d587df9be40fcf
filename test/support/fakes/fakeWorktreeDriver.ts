import { AppError } from '../../../src/base/errors.js';
import type {
  CarriedChanges,
  ChangedFile,
  CompareRequest,
  ConflictRequest,
  Conflicts,
  CreatedWorktree,
  CreateWorktree,
  EnsuredWorktree,
  FileAtCommit,
  RepairedWorktree,
  RepositoryInfo,
  TakeBack,
  WorktreeDriver,
  WorktreeRef,
  WorktreeState,
} from '../../../src/core/workspaces/worktreeDriver.js';
import type { SharedChange, SharedState } from '../../../src/core/workspaces/sharedState.js';
import { differing, type FakeGit } from './fakeGit.js';

/** The worktree port in memory. */
export class FakeWorktreeDriver implements WorktreeDriver {
  readonly #git: FakeGit;
  /** Thrown by the next `create`, once. */
  failNextCreate: Error | undefined;
  /** What runs do to the person's repository. */
  sharedLoss: readonly SharedChange[] = [];
  /** What the next worktrees are made with. */
  notes: readonly string[] = [];
  /** Thrown by every `snapshot` until the worktree is repaired. */
  failSnapshots: Error | undefined;

  constructor(git: FakeGit) {
    this.#git = git;
  }

  async inspect(folder: string): Promise<RepositoryInfo> {
    const checkout = this.#git.checkoutAt(folder);
    if (!checkout) throw new AppError('git.notRepository', `${folder} is not in a git repository.`, { folder });
    return {
      root: checkout.path,
      commonDir: `${this.#git.root}/.git`,
      prefix: folder.slice(checkout.path.length + 1),
      gitVersion: '2.39.5',
      ...(checkout.branch === undefined ? {} : { branch: checkout.branch }),
    };
  }

  async carry(
    { repository }: Pick<WorktreeRef, 'repository'>,
    base: string | undefined,
  ): Promise<CarriedChanges | undefined> {
    const git = this.#git;
    const checkout = git.checkoutAt(repository);
    if (!checkout) throw new AppError('git.notRepository', `${repository} is gone.`, { folder: repository });
    const files = git.dirty(checkout).length;
    if (files === 0) return undefined;
    const onto = git.headOf(checkout).id;
    if (base !== undefined && git.resolve(base) !== onto) {
      throw new AppError('request.invalid', `${base} is not checked out.`, { field: 'with_changes', reason: 'base' });
    }
    const { id } = git.addCommit({ parents: [onto], files: new Map(checkout.files), message: 'Uncommitted changes' });
    const { branch } = checkout;
    return { commit: id, onto, files, ...(branch === undefined ? {} : { branch }) };
  }

  async create(request: CreateWorktree, signal: AbortSignal): Promise<CreatedWorktree> {
    signal.throwIfAborted();
    const failure = this.failNextCreate;
    this.failNextCreate = undefined;
    if (failure) throw failure;
    const git = this.#git;
    const { repository, path, branch } = request;
    const there0 = git.checkoutAt(repository);
    const base = request.base ?? there0?.branch ?? (there0 && git.headOf(there0).id) ?? '';
    const commit = request.carried ?? git.resolve(base);
    if (commit === undefined) throw new AppError('git.noBase', `There is no ${base}.`, { repository, base });
    const baseRef = git.branches.has(base) ? base : commit;
    const there = git.checkouts.get(path);
    if (there?.branch === branch) {
      const head = git.headOf(there).id;
      return {
        baseRef,
        baseCommit: git.mergeBase(commit, head) ?? commit,
        head,
        branch,
        notes: [],
        claimed: false,
        files: 1,
        ...recorded(request),
      };
    }
    if (there || git.branches.has(branch)) {
      const reason = there ? 'the folder exists and holds something else' : `the branch ${branch} exists`;
      throw new AppError('worktree.failed', `The worktree ${path} could not be made: ${reason}.`, { path, reason });
    }
    git.branches.set(branch, commit);
    git.checkouts.set(path, { path, branch, files: new Map(git.commit(commit).files) });
    return {
      baseRef,
      baseCommit: commit,
      head: commit,
      branch,
      notes: this.notes,
      claimed: false,
      files: 1,
      ...recorded(request),
    };
  }

  async ensure(worktree: WorktreeRef): Promise<EnsuredWorktree> {
    const git = this.#git;
    const { path, branch } = worktree;
    const head = git.branches.get(branch);
    if (git.checkouts.has(path) || head === undefined) {
      this.#checkout(worktree);
      return { ...recorded(worktree), madeAgain: false };
    }
    git.checkouts.set(path, { path, branch, files: new Map(git.commit(head).files) });
    return { ...recorded(worktree), madeAgain: true };
  }

  async repair(worktree: WorktreeRef): Promise<RepairedWorktree> {
    this.#checkout(worktree);
    this.failSnapshots = undefined;
    return { ...recorded(worktree), setAside: [] };
  }

  async noteMade(): Promise<void> {}

  async submodulesWithWork(): Promise<readonly string[]> {
    return [];
  }

  async snapshot(
    worktree: WorktreeRef,
    message: string,
  ): Promise<{ readonly head: string; readonly committed: boolean }> {
    if (this.failSnapshots) throw this.failSnapshots;
    const checkout = this.#checkout(worktree);
    const parent = this.#git.headOf(checkout);
    if (this.#git.dirty(checkout).length === 0) return { head: parent.id, committed: false };
    const made = this.#git.addCommit({ parents: [parent.id], files: new Map(checkout.files), message });
    this.#git.branches.set(worktree.branch, made.id);
    return { head: made.id, committed: true };
  }

  async setBack(
    worktree: WorktreeRef,
    { to, keepAs }: { readonly to: string; readonly keepAs: string },
  ): Promise<void> {
    const checkout = this.#checkout(worktree);
    this.#git.branches.set(keepAs, this.#git.headOf(checkout).id);
    this.#git.branches.set(worktree.branch, to);
    checkout.files.clear();
    for (const [path, text] of this.#git.commit(to).files) checkout.files.set(path, text);
  }

  async renew(worktree: WorktreeRef, { at, keepAs }: { readonly at: string; readonly keepAs: string }): Promise<void> {
    const checkout = this.#checkout(worktree);
    const { path } = worktree;
    if (this.#git.dirty(checkout).length > 0)
      throw new AppError('worktree.failed', `${path} was left as it is: it has uncommitted work.`, {
        path,
        reason: '',
      });
    await this.setBack(worktree, { to: at, keepAs });
  }

  async sharedState(): Promise<SharedState> {
    return { stash: [], refs: [], config: '' };
  }

  async sharedChanges(): Promise<readonly SharedChange[]> {
    return this.sharedLoss;
  }

  async undoShared(_place: unknown, changes: readonly SharedChange[]): Promise<readonly SharedChange[]> {
    return changes.filter(change => change.kind === 'ref');
  }

  async comparison(_place: unknown, { head, target, base, carried }: CompareRequest): Promise<string> {
    if (carried !== undefined) return carried;
    const common = target === undefined ? undefined : this.#git.mergeBase(this.#git.resolve(target) ?? '', head);
    return common === undefined || common === head ? (base ?? head) : common;
  }

  async tipOf(_place: unknown, branch: string): Promise<string | undefined> {
    return this.#git.resolve(branch);
  }

  async state(worktree: WorktreeRef, compareTo: string): Promise<WorktreeState> {
    const checkout = this.#checkout(worktree);
    const head = this.#git.headOf(checkout).id;
    const mine = new Set(this.#git.history(head));
    const theirs = new Set(this.#git.history(this.#git.resolve(compareTo) ?? head));
    return {
      head,
      dirty: this.#git.dirty(checkout),
      ahead: [...mine].filter(id => !theirs.has(id)).length,
      behind: [...theirs].filter(id => !mine.has(id)).length,
    };
  }

  async changes(worktree: WorktreeRef, base: string): Promise<readonly ChangedFile[]> {
    const checkout = this.#checkout(worktree);
    const head = this.#git.headOf(checkout);
    const before = this.#git.commit(this.#git.mergeBase(this.#git.resolve(base) ?? '', head.id) ?? '').files;
    return differing(before, checkout.files).map(path => {
      const old = before.get(path);
      const now = checkout.files.get(path);
      const status =
        now === undefined ? 'deleted' : old !== undefined ? 'modified' : head.files.has(path) ? 'added' : 'untracked';
      const additions = now === undefined ? 0 : countMissing(now, old ?? '');
      return {
        path,
        status,
        binary: false,
        additions,
        deletions: old === undefined ? 0 : countMissing(old, now ?? ''),
      };
    });
  }

  async patch(
    worktree: WorktreeRef,
    base: string,
    maxBytes: number,
  ): Promise<{ readonly text: string; readonly truncated: boolean }> {
    const { files } = this.#checkout(worktree);
    const text = (await this.changes(worktree, base))
      .map(({ path }) => fakePatch(path, files.get(path) ?? ''))
      .join('');
    return { text: text.slice(0, maxBytes), truncated: text.length > maxBytes };
  }

  /** Whole files alone: a fake has no lines. */
  async takeBack(worktree: WorktreeRef, { base, paths }: TakeBack): Promise<void> {
    const { files } = this.#git.commit(base);
    for (const path of paths) this.#git.write(`${worktree.path}/${path}`, files.get(path));
  }

  /** Files that both changed to something else: whole files are all that a fake merges. */
  async conflicts(
    _place: Pick<WorktreeRef, 'repository'>,
    { head, target, carried, landed, knownTarget }: ConflictRequest,
  ): Promise<Conflicts> {
    const targetCommit = this.#git.resolve(target);
    if (targetCommit === undefined) return { kind: 'unknown' };
    if (targetCommit === knownTarget) return { kind: 'unchanged' };
    const base = landed ?? carried ?? this.#git.mergeBase(head, targetCommit);
    if (base === undefined) return { kind: 'unknown' };
    const [before, ours, theirs] = [base, head, targetCommit].map(id => this.#git.commit(id).files);
    if (!before || !ours || !theirs) return { kind: 'unknown' };
    const changed = new Set(differing(before, ours));
    const files = differing(before, theirs).filter(path => changed.has(path) && ours.get(path) !== theirs.get(path));
    return { kind: 'known', targetCommit, files };
  }

  async committedPatch(
    repository: string,
    commits: { readonly base: string; readonly head: string },
    maxBytes: number,
  ): Promise<{ readonly text: string; readonly truncated: boolean }> {
    const { files } = this.#git.commit(commits.head);
    const text = (await this.committedChanges(repository, commits))
      .map(({ path }) => fakePatch(path, files.get(path) ?? ''))
      .join('');
    return { text: text.slice(0, maxBytes), truncated: text.length > maxBytes };
  }

  async committedChanges(
    _repository: string,
    { base, head }: { readonly base: string; readonly head: string },
  ): Promise<readonly ChangedFile[]> {
    const before = this.#git.commit(base).files;
    const after = this.#git.commit(head).files;
    return differing(before, after).map(path => ({
      path,
      status: !after.has(path) ? 'deleted' : before.has(path) ? 'modified' : 'added',
      binary: false,
      additions: countMissing(after.get(path) ?? '', before.get(path) ?? ''),
      deletions: countMissing(before.get(path) ?? '', after.get(path) ?? ''),
    }));
  }

  async show(
    _repository: string,
    commit: string,
    path: string,
    options: { readonly maxBytes: number },
  ): Promise<FileAtCommit> {
    const text = this.#git.commits.get(commit)?.files.get(path);
    if (text === undefined) return { kind: 'missing' };
    const content = new TextEncoder().encode(text);
    return content.length > options.maxBytes ? { kind: 'too_large', bytes: content.length } : { kind: 'file', content };
  }

  #checkout(worktree: WorktreeRef) {
    const found = this.#git.checkouts.get(worktree.path);
    if (!found) throw missing(worktree);
    return found;
  }
}

function missing({ path }: WorktreeRef): AppError {
  return new AppError('worktree.missing', `The worktree ${path} is not there.`, { path });
}

/** Lines of the first text that the second does not have. */
function countMissing(text: string, other: string): number {
  const known = new Set(other.split('\n'));
  return text.split('\n').filter(line => line !== '' && !known.has(line)).length;
}

/** What git would know the worktree by. */
function recorded({ repository, path }: Pick<WorktreeRef, 'repository' | 'path'>): {
  readonly commonDir: string;
  readonly registeredAs: string;
} {
  return { commonDir: `${repository}/.git`, registeredAs: path.slice(path.lastIndexOf('/') + 1) };
}

/** As if the file were new: enough to be read as a patch, and to change with the file. */
function fakePatch(path: string, text: string): string {
  const lines = text.split('\n').filter((line, index, all) => line !== '' || index < all.length - 1);
  const header = [`diff --git a/${path} b/${path}`, `+++ b/${path}`, `@@ -0,0 +1,${lines.length} @@`];
  return [...header, ...lines.map(line => `+${line}`), ''].join('\n');
}
