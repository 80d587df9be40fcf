import { AppError } from '../../../base/errors.js';
import type { CreateWorktree } from '../../../core/workspaces/worktreeDriver.js';
import type { GitOutput } from '../command/gitCommand.js';
import type { GitContext } from '../command/gitContext.js';
import { separated, separator, shortBranch } from './inspectRepository.js';

export interface ResolvedBase {
  readonly commonDir: string;
  /** Where a post-checkout hook would be. */
  readonly postCheckoutHook: string;
  readonly commit: string;
  /** Short branch name, or the commit. */
  readonly ref: string;
  /** What the person should know of it. */
  readonly note?: string;
}

/** Finds the base's present commit, always afresh. Errors: `git.noBase`. */
export async function resolveBase(
  context: GitContext,
  request: CreateWorktree,
  signal: AbortSignal,
): Promise<ResolvedBase> {
  const { repository, base } = request;
  if (base === undefined) return checkedOutBranch(context, repository, signal);
  // `a..b` and its kin name several commits; git would take one of them without a word.
  if (/^-|\.\.|[\0\n]/.test(base) || base === '') throw noBase(repository, base);
  // A branch before a tag of the same name, and git's own rules (tags, commits, `origin/main`) after it.
  for (const name of [`refs/heads/${base}`, base, `refs/remotes/origin/${base}`]) {
    const output = await question(context, repository, [`${name}^{commit}`], signal);
    if (output.exitCode !== 0) continue;
    const [commonDir = '', postCheckoutHook = '', commit = ''] = separated(output);
    return { commonDir, postCheckoutHook, commit, ref: shortBranch(name) ?? commit };
  }
  throw noBase(repository, base);
}

async function checkedOutBranch(context: GitContext, repository: string, signal: AbortSignal): Promise<ResolvedBase> {
  const output = await question(context, repository, ['HEAD^{commit}', '--symbolic-full-name', 'HEAD'], signal);
  const [commonDir = '', postCheckoutHook = '', answers = ''] = separated(output);
  const [commit = '', head = ''] = answers.split('\n');
  if (output.exitCode !== 0) throw noBase(repository, 'HEAD');
  const ref = shortBranch(head);
  if (ref !== undefined) return { commonDir, postCheckoutHook, commit, ref };
  const note = `No branch was checked out, so the work started from commit ${commit.slice(0, 10)}. A merge asks for its target.`;
  return { commonDir, postCheckoutHook, commit, ref: commit, note };
}

async function question(
  { git }: GitContext,
  cwd: string,
  revisions: readonly string[],
  signal: AbortSignal,
): Promise<GitOutput> {
  const args = [
    'rev-parse',
    '--path-format=absolute',
    '--git-common-dir',
    separator,
    '--git-path',
    'hooks/post-checkout',
    separator,
    ...revisions,
  ];
  return git.run({ cwd, args, signal, reads: true, joined: true, accept: [0, 128] });
}

function noBase(repository: string, base: string): AppError<'git.noBase'> {
  return new AppError(
    'git.noBase',
    `There is no branch, tag or commit ${JSON.stringify(base)} in ${repository}. Name one that exists (workspace.base or --base).`,
    { repository, base },
  );
}
