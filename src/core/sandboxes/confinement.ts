import type { PreparedWorkspace } from '../workspaces/workspaceService.js';

/**
 * Where a run that is a process of this machine may write, when its agent says `sandbox: strict`. What it reads, and what it
 * reaches over the network, is not confined.
 */
export interface Confinement {
  /** Files and folders that it may change; what is not there is passed over. */
  readonly writable: readonly string[];
  /** Inside of those, what it may not. */
  readonly readOnly: readonly string[];
}

/** Below the home folder: where the CLIs keep logins and conversations, and what they fetch. */
const cliFolders = [
  '.claude',
  '.claude.json',
  '.codex',
  '.gemini',
  '.local/share/opencode',
  '.local/state/opencode',
  '.config/opencode',
  '.cache',
  '.npm',
];

/** Of a repository: what makes git run programs. */
const gitSettings = ['config', 'config.worktree', 'hooks', 'info/attributes', 'modules'];

/** Temporary files are everybody's. */
const temporary = ['/tmp', '/var/tmp', '/private/tmp', '/private/var/folders', '/dev/shm'];

/** The worktree, what git needs of the repository to commit there, the run's own directory, and the folders of CLIs. */
export function confinementOf(request: {
  readonly workspace: PreparedWorkspace;
  readonly runDir: string;
  readonly home: string | undefined;
}): Confinement {
  const { workspace, runDir, home } = request;
  const { commonDir, repository } = workspace.thread;
  const git = commonDir ?? (repository === undefined ? undefined : `${repository}/.git`);
  return {
    writable: [
      ...temporary,
      ...(home === undefined ? [] : cliFolders.map(folder => `${home}/${folder}`)),
      ...(git === undefined ? [] : [git]),
      workspace.cwd,
      runDir,
    ],
    readOnly: git === undefined ? [] : gitSettings.map(name => `${git}/${name}`),
  };
}
