import type { Making } from './computation.js';

/** Nobody signs or dates what only exists to be merged, so that the same trees make the same objects. */
const nobody = {
  GIT_AUTHOR_NAME: 'Muster',
  GIT_AUTHOR_EMAIL: 'muster@localhost',
  GIT_AUTHOR_DATE: '@0 +0000',
  GIT_COMMITTER_NAME: 'Muster',
  GIT_COMMITTER_EMAIL: 'muster@localhost',
  GIT_COMMITTER_DATE: '@0 +0000',
};

/**
 * A commit that only gives `merge-tree` a merge base of our choice. (`merge-tree --merge-base` says the same; git has it from
 * 2.40 on.)
 */
export async function madeUpCommit(
  { repository, signal }: Pick<Making, 'repository'> & { readonly signal: AbortSignal | undefined },
  tree: string,
  parent?: string,
): Promise<string> {
  const args = ['commit-tree', '-m', 'muster', ...(parent === undefined ? [] : ['-p', parent]), tree];
  return (await repository.run({ args, signal, env: nobody })).text();
}
