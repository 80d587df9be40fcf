import type { RepositoryGit } from '../command/boundGit.js';

export interface ListedWorktree {
  readonly path: string;
  /** All zeros on an unborn branch. */
  readonly head: string;
  /** Full ref name; undefined when detached. */
  readonly ref: string | undefined;
  readonly locked: string | undefined;
  /** Its folder is gone. */
  readonly prunable: boolean;
  readonly bare: boolean;
}

/** All worktrees of a repository, the main one first. */
export async function listWorktrees(git: RepositoryGit): Promise<ListedWorktree[]> {
  const output = await git.run({ args: ['worktree', 'list', '--porcelain', '-z'], reads: true });
  return parseWorktrees(output.fields());
}

/** Parses the fields of `git worktree list --porcelain -z`: one record per worktree, ended by an empty field. */
function parseWorktrees(fields: readonly string[]): ListedWorktree[] {
  const worktrees: ListedWorktree[] = [];
  let record = new Map<string, string>();
  const finish = (): void => {
    const path = record.get('worktree');
    if (path !== undefined) {
      worktrees.push({
        path,
        head: record.get('HEAD') ?? '',
        ref: record.get('branch'),
        locked: record.get('locked'),
        prunable: record.has('prunable'),
        bare: record.has('bare'),
      });
    }
    record = new Map();
  };
  for (const field of fields) {
    if (field === '') finish();
    else {
      const space = field.indexOf(' ');
      record.set(space < 0 ? field : field.slice(0, space), space < 0 ? '' : field.slice(space + 1));
    }
  }
  finish();
  return worktrees;
}
