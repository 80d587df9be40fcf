import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorMessage, isAppError } from '../../../base/errors.js';
import type { RepositoryInfo } from '../../../core/workspaces/worktreeDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { gitFailed, type GitOutput } from '../command/gitCommand.js';
import { gitFailure } from '../command/gitFailure.js';

/** `rev-parse` has no `-z`, and a path may hold newlines: this option's answer between two paths keeps them apart. */
export const separator = '--is-bare-repository';

/** The answers of a `rev-parse` whose questions are separated by {@link separator}. */
export function separated(output: GitOutput): string[] {
  return output.text().split(/\n(?:true|false)(?:\n|$)/);
}

/** Finds the repository of a folder. Errors: `git.missing`, `git.tooOld`, `git.notRepository`, `git.emptyRepository`. */
export async function inspectRepository(
  { git }: GitContext,
  folder: string,
  signal?: AbortSignal,
): Promise<RepositoryInfo> {
  const gitVersion = await git.version();
  const args = [
    'rev-parse',
    '--path-format=absolute',
    '--show-toplevel',
    separator,
    '--git-common-dir',
    separator,
    '--show-prefix',
    separator,
    '--symbolic-full-name',
    'HEAD',
  ];
  const output = await git.run({ cwd: folder, args, signal, reads: true, accept: [0, 128] }).catch((error: unknown) => {
    if (isAppError(error, 'worktree.missing')) throw notRepository(folder, 'it does not exist');
    throw error;
  });
  const [root = '', commonDir = '', prefix = '', head = ''] = separated(output);
  const info = { root, commonDir, prefix: prefix.replace(/\/$/, ''), gitVersion };
  if (output.exitCode === 0) {
    const branch = shortBranch(head);
    return branch === undefined ? info : { ...info, branch };
  }
  const failure = gitFailure(output.stderr);
  switch (failure) {
    case 'unborn':
      return unbornHead({ git, info, folder, signal });
    case 'not_repository':
      throw notRepository(folder, 'it is not inside a git repository. Run `git init` and commit something');
    case 'bare':
      throw notRepository(
        folder,
        (await hasCheckout(folder))
          ? `core.bare is set in it although files are checked out. Run \`git -C ${folder} config core.bare false\``
          : 'it is a bare repository or a git directory. Open one of its worktrees',
      );
    case 'dubious_ownership':
      throw notRepository(
        folder,
        `it belongs to another user, so git refuses to work in it. Run \`git config --global --add safe.directory ${folder}\``,
      );
    default:
      throw gitFailed({ args, exitCode: output.exitCode, stderr: output.stderr });
  }
}

/** Some tool left `core.bare` behind in an ordinary repository. */
async function hasCheckout(folder: string): Promise<boolean> {
  return stat(join(folder, '.git', 'index')).then(
    () => true,
    () => false,
  );
}

/** HEAD has no commit: fine while another branch has one that can be named as base. */
async function unbornHead(found: {
  readonly git: GitContext['git'];
  readonly info: RepositoryInfo;
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
}): Promise<RepositoryInfo> {
  const { git, info, folder, signal } = found;
  const refs = await git.run({ cwd: folder, args: ['for-each-ref', '--count=1', 'refs'], signal, reads: true });
  if (refs.text() !== '') return info;
  throw new AppError(
    'git.emptyRepository',
    `The repository ${info.root} has no commit yet, so there is nothing to start a worktree from. Commit something first.`,
    { repository: info.root },
  );
}

/** `main` of `refs/heads/main`; undefined for anything else. */
export function shortBranch(ref: string): string | undefined {
  return ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined;
}

function notRepository(folder: string, reason: string): AppError<'git.notRepository'> {
  return new AppError('git.notRepository', `Muster cannot use ${folder}: ${reason}.`, { folder });
}

/** `worktree.failed` with its reason, keeping the cause. */
export function worktreeFailed(path: string, cause: unknown): AppError<'worktree.failed'> {
  const reason = errorMessage(cause);
  return new AppError(
    'worktree.failed',
    `The worktree ${path} could not be made: ${reason}`,
    { path, reason },
    { cause },
  );
}
