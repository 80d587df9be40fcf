import type { GitCommand, GitOutput, GitRun } from './gitCommand.js';

/** A command whose place is given by who runs it. */
export type BoundRun = Omit<GitRun, 'cwd'>;

/**
 * For everything that the host does by itself: no hooks (reading a worktree's status alone runs `post-index-change`), no
 * file system monitor, no background maintenance, no descent into submodules with configuration of their own.
 */
export const quietly = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'submodule.recurse=false',
  'status.submoduleSummary=false',
  'diff.submodule=short',
];

/** Git on one repository. Its common directory is named with every command, so that git looks for none. */
export class RepositoryGit {
  readonly commonDir: string;
  /** The checkout (or folder) that people know the repository by. */
  readonly root: string;
  readonly #git: GitCommand;

  constructor(git: GitCommand, place: { readonly commonDir: string; readonly root: string }) {
    this.#git = git;
    this.commonDir = place.commonDir;
    this.root = place.root;
  }

  /** Runs git with hooks off, unless the command says `hooks`. Errors: those of {@link GitCommand.run}. */
  run(command: BoundRun): Promise<GitOutput> {
    return this.#git.run({
      ...command,
      cwd: this.commonDir,
      config: settings(command),
      env: { ...command.env, GIT_DIR: this.commonDir },
    });
  }
}

/**
 * Git on one worktree of a repository. Git directory, work tree and common directory are named with every command: nothing
 * that stands in the worktree (a `.git` of another kind, `commondir`, a configuration of its own) has a say.
 */
export class WorktreeGit {
  readonly repository: RepositoryGit;
  /** `<common directory>/worktrees/<name>`, or the common directory for the main checkout. */
  readonly gitDir: string;
  readonly workTree: string;
  /** What stands where the `.git` file should be, if it is not what was made: words that follow "it is". */
  readonly replaced: string | undefined;
  readonly #git: GitCommand;

  constructor(
    git: GitCommand,
    place: {
      readonly repository: RepositoryGit;
      readonly gitDir: string;
      readonly workTree: string;
      readonly replaced?: string | undefined;
    },
  ) {
    this.#git = git;
    this.repository = place.repository;
    this.gitDir = place.gitDir;
    this.workTree = place.workTree;
    this.replaced = place.replaced;
  }

  /** Runs git with hooks off, unless the command says `hooks`. Errors: those of {@link GitCommand.run}. */
  run(command: BoundRun): Promise<GitOutput> {
    return this.#git.run({
      ...command,
      cwd: this.workTree,
      config: settings(command),
      env: {
        ...command.env,
        GIT_DIR: this.gitDir,
        GIT_COMMON_DIR: this.repository.commonDir,
        GIT_WORK_TREE: this.workTree,
      },
    });
  }
}

function settings({ hooks, config }: BoundRun): readonly string[] {
  return hooks === true ? (config ?? []) : [...quietly, ...(config ?? [])];
}
