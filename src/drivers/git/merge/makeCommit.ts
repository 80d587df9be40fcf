import { isAppError } from '../../../base/errors.js';
import type { NotMerged } from '../../../core/merges/mergeDriver.js';
import type { GitOutput } from '../command/gitCommand.js';
import { failureOf } from '../command/gitFailure.js';
import { ownIdentityOnly } from '../worktree/snapshotWorktree.js';
import { tellSilence } from './commitMessage.js';
import type { Making } from './computation.js';
import { blocked } from './mergeOutcomes.js';

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  /** Who wrote it, when that is not who makes it: `GIT_AUTHOR_*`. */
  readonly author?: Readonly<Record<string, string>>;
}

/** Makes a commit object with the person's identity, signed where they sign; no ref moves. */
export async function makeCommit(
  work: Making,
  { tree, parents, message, author }: NewCommit,
): Promise<{ readonly kind: 'commit'; readonly commit: string } | NotMerged> {
  const { context, repository, request, signal } = work;
  const setting = ['config', '--type=bool', '--get', 'commit.gpgSign'];
  // commit-tree, unlike commit, does not look at this setting itself.
  const sign = (await repository.run({ args: setting, signal, reads: true, accept: [0, 1] })).text() === 'true';
  const args = ['commit-tree', ...(sign ? ['-S'] : []), ...parents.flatMap(parent => ['-p', parent]), '-F', '-', tree];
  try {
    const commit = (config: readonly string[]): Promise<GitOutput> =>
      repository.run({
        args,
        input: message,
        signal,
        config,
        ...(author === undefined ? {} : { env: author }),
        ...tellSilence(work),
      });
    const output = await commit([ownIdentityOnly]).catch((error: unknown) => {
      const person = context.personIdentity();
      if (failureOf(error) !== 'identity_missing' || person === undefined) throw error;
      return commit(person);
    });
    request.onNotice?.('');
    return { kind: 'commit', commit: output.text() };
  } catch (error) {
    if (!isAppError(error, 'git.failed')) throw error;
    if (failureOf(error) === 'identity_missing') {
      const text = `Git does not know who you are in ${repository.root}. Set user.name and user.email with \`git config\`, then merge again.`;
      return blocked('identity_missing', text);
    }
    if (!sign) throw error;
    return blocked('signing_failed', `The commit could not be signed (commit.gpgSign is on): ${error.data.stderr}`);
  }
}
