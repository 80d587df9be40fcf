import type { PreparedWorkspace } from '../workspaces/workspaceService.js';

/**
 * Where a run that is a process of this machine may write, when its agent says `sandbox: strict`. What it reads, and what it
 * reaches over the network, is not confined.
 */
export interface Confinement {
  /** Files and folders that it may change; what is not there is passed over. */
  readonly writable: readonly string[];
  /** Inside of those, what it may not, also when it is not there yet. */
  readonly readOnly: readonly ProtectedPlace[];
}

export interface ProtectedPlace {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** Without this folder it is none. */
  readonly of: string;
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
const gitSettings = [
  { name: 'config', kind: 'file' },
  { name: 'config.worktree', kind: 'file' },
  { name: 'hooks', kind: 'folder' },
  { name: 'info/attributes', kind: 'file' },
  { name: 'modules', kind: 'folder' },
] as const;

/** Temporary files are everybody's. */
const temporary = ['/tmp', '/var/tmp', '/private/tmp', '/private/var/folders', '/dev/shm'];

/** The worktree, what git needs of the repository to commit there, the run's own directory, and the folders of CLIs. */
export function confinementOf(request: {
  readonly workspace: Pick<PreparedWorkspace, 'cwd' | 'thread'> & Partial<Pick<PreparedWorkspace, 'parts'>>;
  /** Missing: whoever starts it adds its own. */
  readonly runDir?: string;
  readonly home: string | undefined;
}): Confinement {
  const { workspace, runDir, home } = request;
  const places = [workspace, ...(workspace.parts ?? [])];
  const gits = places.flatMap(({ thread: { commonDir, repository } }) => {
    const git = commonDir ?? (repository === undefined ? undefined : `${repository}/.git`);
    return git === undefined ? [] : [git];
  });
  return {
    writable: [
      ...temporary,
      ...(home === undefined ? [] : cliFolders.map(folder => `${home}/${folder}`)),
      ...gits,
      ...places.map(({ cwd }) => cwd),
      ...(runDir === undefined ? [] : [runDir]),
    ],
    readOnly: gits.flatMap(git => gitSettings.map(({ name, kind }) => ({ path: `${git}/${name}`, kind, of: git }))),
  };
}
