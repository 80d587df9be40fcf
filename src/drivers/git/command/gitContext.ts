import type { Clock } from '../../../base/clock.js';
import type { Log } from '../../../base/log.js';
import type { CheckoutState, HookFolders } from '../../../core/workspaces/sharedState.js';
import { GitCommand } from './gitCommand.js';
import { RepeatedLooks } from '../../../node/looks.js';
import { realFiles, type FileOperations } from '../worktree/fileOperations.js';
import type { Environment } from './gitEnvironment.js';

export interface GitDriverOptions {
  /** Muster's state directory: archives of ignored files and the records of landing merges live in it. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: `git` on the PATH. */
  readonly binary?: string;
  /** The environment of git's processes (ssh and gpg agents, credential helpers). Default: this process's. */
  readonly environment?: Environment;
  /**
   * The environment of the person's login shell, as far as it is known. In Coder or Gitpod their name and address stand only
   * there (`GIT_AUTHOR_NAME` …); they are used where git's configuration has none.
   */
  readonly person?: () => Environment | undefined;
  /** Default: the real file system. */
  readonly files?: FileOperations;
  /** Default: git of `binary` and `environment`. */
  readonly git?: GitCommand;
}

/** What every function of this driver needs. */
export interface GitContext {
  readonly git: GitCommand;
  readonly files: FileOperations;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Settings with the person's name and address, from their login shell; undefined if it says neither. */
  readonly personIdentity: () => readonly string[] | undefined;
  /** Common directories by the folder that people know a repository by: that folder may be a worktree, and gone tomorrow. */
  readonly commonDirs: Map<string, string>;
  /** Of what each run's start looks at. */
  readonly looks: RepeatedLooks;
  /** The last look at each checkout, by its path: what told it from others, when it was, and what it saw. */
  readonly checkouts: Map<
    string,
    { readonly marks: string; readonly at: number; readonly state: Promise<CheckoutState | undefined> }
  >;
  /** Where the hooks of each repository were found last, by its common directory, and what told that from any other answer. */
  readonly hookFolders: Map<string, { readonly marks: string; readonly folders: Promise<HookFolders> }>;
  /** The last edits that were kept of each checkout, and when, by its path. */
  readonly keptEdits: Map<string, { readonly digest: string; readonly at: number; readonly commit: Promise<string> }>;
}

export function createGitContext(options: GitDriverOptions): GitContext {
  const { stateDir, clock, log, binary, environment, files = realFiles } = options;
  const git = options.git ?? new GitCommand({ clock, binary, environment });
  const personIdentity = (): readonly string[] | undefined => identityIn(options.person?.());
  return {
    git,
    files,
    stateDir,
    clock,
    log,
    personIdentity,
    looks: new RepeatedLooks(clock),
    commonDirs: new Map(),
    hookFolders: new Map(),
    keptEdits: new Map(),
    checkouts: new Map(),
  };
}

function identityIn(environment: Environment = {}): readonly string[] | undefined {
  const name = environment['GIT_AUTHOR_NAME'] ?? environment['GIT_COMMITTER_NAME'];
  const email = environment['GIT_AUTHOR_EMAIL'] ?? environment['GIT_COMMITTER_EMAIL'];
  return name && email ? [`user.name=${name}`, `user.email=${email}`] : undefined;
}
