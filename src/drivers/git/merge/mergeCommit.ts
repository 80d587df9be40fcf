import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppError } from '../../../base/errors.js';
import type { MergeOutcome, MergeRequest } from '../../../core/merges/mergeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { gitFailed } from '../command/gitCommand.js';
import { failureOf, gitFailure } from '../command/gitFailure.js';
import { separated, separator } from '../repository/inspectRepository.js';
import { blocked, named } from './mergeOutcomes.js';
import { ownIdentityOnly } from '../worktree/snapshotWorktree.js';
import { openWorktree } from '../worktree/openWorktree.js';
import { branchHead, worktreeStatus } from '../worktree/worktreeStatus.js';

const longestHookMs = 5 * 60_000;

/** What the repository says about the target and about how it wants its commits. */
export interface MergeTarget {
  readonly commonDir: string;
  readonly commit: string;
  readonly tree: string;
  readonly commitMessageHook: string;
}

/** Is the thread still exactly what was reviewed? Returns why not. */
export async function checkThread(
  context: GitContext,
  request: MergeRequest,
  signal: AbortSignal,
): Promise<MergeOutcome | undefined> {
  const { worktree, commit } = request;
  try {
    const git = await openWorktree(context, worktree);
    const status = await worktreeStatus(git, signal);
    if (status.dirty.length > 0) {
      const message = `The worktree has uncommitted changes that were not reviewed: ${named(status.dirty)}. Review them and merge again.`;
      return blocked('changed_since_review', message, status.dirty);
    }
    const head = await branchHead(git, worktree, status, signal);
    if (head === commit && status.head === commit) return undefined;
    const found = status.head === head || head === undefined ? status.head : `${head}, with ${status.head} checked out`;
    return blocked(
      'changed_since_review',
      `Commit ${commit} was reviewed, but the branch ${worktree.branch} is now at ${found}. Review it again.`,
    );
  } catch (error) {
    if (!isAppError(error, 'worktree.missing')) throw error;
    return blocked(
      'worktree_missing',
      `The worktree ${worktree.path} is not there. Restore the thread, then merge again.`,
    );
  }
}

/** Reads the target afresh; undefined if there is no such branch. */
export async function readTarget(
  { git }: GitContext,
  request: MergeRequest,
  signal: AbortSignal | undefined,
): Promise<MergeTarget | undefined> {
  if (request.target === '' || /[\0\n]/.test(request.target)) return undefined;
  const ref = `refs/heads/${request.target}`;
  const args = [
    'rev-parse',
    '--path-format=absolute',
    '--git-common-dir',
    separator,
    '--git-path',
    'hooks/commit-msg',
    separator,
    `${ref}^{commit}`,
    `${ref}^{tree}`,
  ];
  const output = await git.run({ cwd: request.worktree.repository, args, signal, reads: true, accept: [0, 128] });
  if (output.exitCode !== 0) {
    if (gitFailure(output.stderr) === 'unknown_revision') return undefined;
    throw gitFailed({ args, exitCode: output.exitCode, stderr: output.stderr });
  }
  const [commonDir = '', commitMessageHook = '', answers = ''] = separated(output);
  const [commit = '', tree = ''] = answers.split('\n');
  return { commonDir, commitMessageHook, commit, tree };
}

/** Merges the two trees in the object store. */
export async function mergeTrees(
  { git }: GitContext,
  request: MergeRequest,
  target: MergeTarget,
  signal: AbortSignal,
): Promise<{ readonly tree: string } | { readonly outcome: MergeOutcome }> {
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', target.commit, request.commit];
  const output = await git.run({ cwd: request.worktree.repository, args, signal, accept: [0, 1, 128] });
  if (output.exitCode === 128) {
    if (gitFailure(output.stderr) !== 'unrelated_histories') {
      throw gitFailed({ args, exitCode: output.exitCode, stderr: output.stderr });
    }
    const message = `The thread's branch and ${request.target} have no commit in common, so there is nothing to merge on.`;
    return { outcome: blocked('unrelated_histories', message) };
  }
  const [tree = '', ...names] = output.fields();
  if (output.exitCode === 1) {
    const files = [...new Set(names.filter(name => name !== ''))];
    const message = `The thread and ${request.target} changed the same lines in ${named(files)}. Bring ${request.target} into the thread's branch, resolve there, review and merge again.`;
    return { outcome: { kind: 'conflicted', files, message } };
  }
  if (tree !== target.tree) return { tree };
  if (request.commit === request.baseCommit) {
    return { outcome: blocked('no_commits', 'The thread has no commits, so there is nothing to merge.') };
  }
  const message = `${request.target} already has everything that this thread changed.`;
  return { outcome: blocked('nothing_to_merge', message) };
}

/** Lets the repository's commit-msg hook see and change the message. */
export async function finalMessage(
  { git }: GitContext,
  request: MergeRequest,
  target: MergeTarget,
  signal: AbortSignal,
): Promise<{ readonly message: string } | { readonly outcome: MergeOutcome }> {
  const message = `${request.message.replace(/[ \t]+$/gm, '').trim()}\n`;
  const present = await access(target.commitMessageHook, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!present) return { message };
  const folder = await mkdtemp(join(tmpdir(), 'muster-message-'));
  try {
    const file = join(folder, 'COMMIT_EDITMSG');
    await writeFile(file, message, { mode: 0o600 });
    await git.run({
      cwd: request.worktree.repository,
      args: ['hook', 'run', '--ignore-missing', 'commit-msg', '--', file],
      signal,
      hooks: true,
      silenceMs: longestHookMs,
    });
    return { message: await readFile(file, 'utf8') };
  } catch (error) {
    if (!isAppError(error, 'git.failed')) throw error;
    const said = error.data.stderr === '' ? '' : ` It said: ${error.data.stderr}`;
    const text = `The repository's commit-msg hook refused the message ${JSON.stringify(message.trim())}.${said}`;
    return { outcome: blocked('hook_refused', text) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes the commit object; no ref moves. */
export async function commitTree(
  { git }: GitContext,
  commit: {
    readonly request: MergeRequest;
    readonly target: MergeTarget;
    readonly tree: string;
    readonly message: string;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly commit: string } | { readonly outcome: MergeOutcome }> {
  const { request, target, tree, message, signal } = commit;
  const cwd = request.worktree.repository;
  const setting = ['config', '--type=bool', '--get', 'commit.gpgSign'];
  // commit-tree, unlike commit, does not look at this setting itself.
  const sign = (await git.run({ cwd, args: setting, signal, reads: true, accept: [0, 1] })).text() === 'true';
  const parents = request.strategy === 'merge' ? [target.commit, request.commit] : [target.commit];
  const args = ['commit-tree', ...(sign ? ['-S'] : []), ...parents.flatMap(parent => ['-p', parent]), '-F', '-', tree];
  try {
    const output = await git.run({ cwd, args, input: message, signal, config: [ownIdentityOnly] });
    return { commit: output.text() };
  } catch (error) {
    if (!isAppError(error, 'git.failed')) throw error;
    if (failureOf(error) === 'identity_missing') {
      const text = `Git does not know who you are in ${cwd}. Set user.name and user.email with \`git config\`, then merge again.`;
      return { outcome: blocked('identity_missing', text) };
    }
    if (!sign) throw error;
    const text = `The commit could not be signed (commit.gpgSign is on): ${error.data.stderr}`;
    return { outcome: blocked('signing_failed', text) };
  }
}
