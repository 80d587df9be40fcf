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
  const lines = (await git.run({ args, reads: true })).text().split('\n');
  const there = new Map(lines.map(line => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
  let count = 0;
  for (const { ref, commit } of refs) {
    const now = there.get(ref);
    if (now === undefined) continue;
    const ancestor = ['merge-base', '--is-ancestor', commit, now];
    // An agent commits too, and its work may be unfinished: the branch has then grown since it was recorded.
    if (now === commit || (await git.run({ args: ancestor, reads: true, accept: [0, 1, 128] })).exitCode === 0) count++;
  }
  return count;
}
