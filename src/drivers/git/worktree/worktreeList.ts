import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readForeignFile } from '../../../node/foreignFile.js';
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
  const [main, ...linked] = parseWorktrees(output.fields());
  if (main === undefined) return [];
  // Git takes the folder around `.git` for the main checkout. A git directory of another name it takes for a checkout itself.
  if (main.bare || main.path !== git.commonDir) return [main, ...linked];
  return [{ ...main, path: (await mainCheckout(git)) ?? main.path }, ...linked];
}

/** The checkout of a git directory that lies elsewhere (`--separate-git-dir`, a submodule); undefined when nothing tells. */
async function mainCheckout(git: RepositoryGit): Promise<string | undefined> {
  const { root, commonDir } = git;
  // What is no readable file is no link to a git directory.
  const link = await readForeignFile(join(root, '.git'), { maxBytes: longestLink }).catch(() => undefined);
  const text = link?.kind === 'file' ? link.bytes.toString('utf8').trimEnd() : '';
  const target = text.startsWith('gitdir: ') ? resolve(root, text.slice('gitdir: '.length)) : undefined;
  if (target !== undefined && (await isSameFolder(target, commonDir))) return root;
  if (await isSameFolder(join(root, '.git'), commonDir)) return root;
  const config = ['config', '--file', join(commonDir, 'config'), '--get', 'core.worktree'];
  const set = (await git.run({ args: config, reads: true, accept: [0, 1] })).text();
  return set === '' ? undefined : resolve(commonDir, set);
}

/** Longer than any path that a system takes. */
const longestLink = 8192;

async function isSameFolder(a: string, b: string): Promise<boolean> {
  // A folder that is not there is no other one.
  const [one, other] = await Promise.all([a, b].map(path => realpath(path).catch(() => undefined)));
  return one !== undefined && one === other;
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
