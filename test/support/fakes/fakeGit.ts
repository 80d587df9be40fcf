/** Path → content. */
export type FakeFiles = ReadonlyMap<string, string>;

export interface FakeCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly files: FakeFiles;
  readonly message: string;
}

interface FakeCheckout {
  readonly path: string;
  branch: string | undefined;
  /** The files on disk. */
  files: Map<string, string>;
}

/** One repository in memory: commits, branches, checkouts with files. The two git fakes work on the same one. */
export class FakeGit {
  readonly root: string;
  readonly commits = new Map<string, FakeCommit>();
  readonly branches = new Map<string, string>();
  /** By path; the first is the user's own. */
  readonly checkouts = new Map<string, FakeCheckout>();

  constructor(root: string, files: Readonly<Record<string, string>>) {
    this.root = root;
    const first = this.addCommit({ parents: [], files: new Map(Object.entries(files)), message: 'Begin' });
    this.branches.set('main', first.id);
    this.checkouts.set(root, { path: root, branch: 'main', files: new Map(first.files) });
  }

  addCommit(commit: Omit<FakeCommit, 'id'>): FakeCommit {
    const made = { ...commit, id: (this.commits.size + 1).toString(16).padStart(40, 'c') };
    this.commits.set(made.id, made);
    return made;
  }

  commit(id: string): FakeCommit {
    const found = this.commits.get(id);
    if (!found) throw new Error(`No commit ${id}`);
    return found;
  }

  headOf(checkout: FakeCheckout): FakeCommit {
    return this.commit(this.branches.get(checkout.branch ?? '') ?? '');
  }

  /** The checkout that a path is in. */
  checkoutAt(path: string): FakeCheckout | undefined {
    return [...this.checkouts.values()].findLast(found => path === found.path || path.startsWith(`${found.path}/`));
  }

  write(path: string, text: string | undefined): void {
    const checkout = this.checkoutAt(path);
    if (!checkout) throw new Error(`No checkout at ${path}`);
    const file = path.slice(checkout.path.length + 1);
    if (text === undefined) checkout.files.delete(file);
    else checkout.files.set(file, text);
  }

  read(path: string): string | undefined {
    const checkout = this.checkoutAt(path);
    return checkout?.files.get(path.slice(checkout.path.length + 1));
  }

  /** Commits on a branch; a checkout of it gets the files. */
  commitOn(branch: string, files: Readonly<Record<string, string>>): string {
    const parent = this.commit(this.branches.get(branch) ?? '');
    const made = this.addCommit({
      parents: [parent.id],
      files: new Map([...parent.files, ...Object.entries(files)]),
      message: 'Change',
    });
    this.moveBranch(branch, made.id);
    return made.id;
  }

  /** Moves a branch, and in its checkouts the files that differ between the two commits. */
  moveBranch(branch: string, to: string): void {
    const from = this.branches.get(branch);
    const changed = differing(from === undefined ? new Map() : this.commit(from).files, this.commit(to).files);
    this.branches.set(branch, to);
    for (const checkout of this.checkouts.values()) {
      if (checkout.branch !== branch) continue;
      for (const path of changed) {
        const text = this.commit(to).files.get(path);
        if (text === undefined) checkout.files.delete(path);
        else checkout.files.set(path, text);
      }
    }
  }

  resolve(name: string): string | undefined {
    return this.branches.get(name) ?? (this.commits.has(name) ? name : undefined);
  }

  /** Files of a checkout that differ from its branch. */
  dirty(checkout: FakeCheckout): string[] {
    return differing(this.headOf(checkout).files, checkout.files);
  }

  /** The commit and all before it, nearest first. */
  history(id: string): string[] {
    const found: string[] = [];
    for (const queue = [id]; queue.length > 0;) {
      const next = queue.shift() ?? '';
      if (found.includes(next)) continue;
      found.push(next);
      queue.push(...this.commit(next).parents);
    }
    return found;
  }

  mergeBase(a: string, b: string): string | undefined {
    const others = new Set(this.history(b));
    return this.history(a).find(id => others.has(id));
  }
}

/** Paths whose contents differ, sorted. */
export function differing(a: FakeFiles, b: FakeFiles): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter(path => a.get(path) !== b.get(path)).toSorted();
}
