import type { RepositoryPlace } from '../../../core/workspaces/knownRepository.js';
import type { RepositoryDriver } from '../../../core/workspaces/repositoryDriver.js';
import { createGitContext, type GitContext, type GitDriverOptions } from '../command/gitContext.js';
import { followRepository } from './followRepository.js';
import { isRepositoryGone, openRepository } from './openRepository.js';
import { repositoryIdentity } from './repositoryIdentity.js';

/** The port for finding repositories again, on real git. */
export function createGitRepositoryDriver(options: GitDriverOptions): RepositoryDriver {
  const context = createGitContext(options);
  return {
    identity: repositoryIdentity,
    isGone: ({ commonDir, root }) => isRepositoryGone({ repository: root, commonDir }),
    has: (place, refs) => countRefs(context, place, refs),
    follow: (worktree, from) => followRepository(context, worktree, from),
  };
}

async function countRefs(
  context: GitContext,
  { commonDir, root }: RepositoryPlace,
  refs: readonly { readonly ref: string; readonly commit: string }[],
): Promise<number> {
  const git = await openRepository(context, { repository: root, commonDir });
  const args = ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/', 'refs/muster/rescue/'];
  const there = new Set((await git.run({ args, reads: true })).text().split('\n'));
  return refs.filter(({ ref, commit }) => there.has(`${ref} ${commit}`)).length;
}
