import * as vscode from 'vscode';

/** As much of the built-in git extension's API (version 1) as is used. */
interface GitApi {
  getRepository(uri: vscode.Uri): GitRepository | null;
  openRepository(root: vscode.Uri): Promise<GitRepository | null>;
}

interface GitRepository {
  readonly rootUri: vscode.Uri;
  readonly state: {
    readonly HEAD: { readonly commit?: string } | undefined;
    readonly workingTreeChanges: readonly GitChange[];
    readonly indexChanges: readonly GitChange[];
    readonly untrackedChanges: readonly GitChange[];
  };
  status(): Promise<void>;
}

interface GitChange {
  readonly uri: vscode.Uri;
}

async function gitApi(): Promise<GitApi | undefined> {
  const extension = vscode.extensions.getExtension<{ readonly enabled: boolean; getAPI(version: 1): GitApi }>(
    'vscode.git',
  );
  const git = await extension?.activate();
  return git?.enabled === true ? git.getAPI(1) : undefined;
}

/** What a folder lacks before agents can work in worktrees of it. `unknown`: the git extension is off. */
export async function repositoryState(folder: vscode.Uri): Promise<'ready' | 'none' | 'empty' | 'unknown'> {
  const api = await gitApi();
  if (!api) return 'unknown';
  const repository = api.getRepository(folder) ?? (await api.openRepository(folder).catch(() => null));
  if (!repository) return 'none';
  await repository.status();
  return repository.state.HEAD?.commit === undefined ? 'empty' : 'ready';
}

/** Which of these files differ from the last commit, on disk or in an editor. */
export async function uncommittedAmong(files: readonly vscode.Uri[]): Promise<readonly vscode.Uri[]> {
  const unsaved = new Set(
    vscode.workspace.textDocuments.filter(({ isDirty }) => isDirty).map(({ uri }) => uri.toString()),
  );
  const api = await gitApi();
  const states = await Promise.all(
    files.map(async file => {
      if (unsaved.has(file.toString())) return true;
      const repository = api?.getRepository(file);
      if (!repository) return false;
      await repository.status();
      const { workingTreeChanges, indexChanges, untrackedChanges } = repository.state;
      return [...workingTreeChanges, ...indexChanges, ...untrackedChanges].some(
        ({ uri }) => uri.fsPath === file.fsPath,
      );
    }),
  );
  return files.filter((_, index) => states[index]);
}
