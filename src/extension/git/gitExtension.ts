import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';

/** As much of the built-in git extension's API (version 1) as is used. */
interface GitApi {
  getRepository(uri: vscode.Uri): GitRepository | null;
}

interface GitRepository {
  readonly rootUri: vscode.Uri;
  readonly state: {
    readonly HEAD: { readonly commit?: string; readonly name?: string } | undefined;
    readonly workingTreeChanges: readonly GitChange[];
    readonly indexChanges: readonly GitChange[];
    readonly untrackedChanges: readonly GitChange[];
  };
  status(): Promise<void>;
  getBranches(query: { readonly remote: boolean; readonly sort: 'committerdate' }): Promise<readonly GitRef[]>;
}

interface GitRef {
  readonly name?: string;
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

/** What a folder lacks before agents can work in worktrees of it. Where git cannot be asked, nothing is said to be missing. */
export async function repositoryState(folder: string): Promise<'ready' | 'none' | 'empty'> {
  if (!isInRepository(folder)) return 'none';
  const repository = (await gitApi())?.getRepository(vscode.Uri.file(folder));
  if (!repository) return 'ready';
  await repository.status();
  return repository.state.HEAD?.commit === undefined ? 'empty' : 'ready';
}

/** The git extension learns of repositories in its own time; the folder itself is there at once. */
function isInRepository(folder: string): boolean {
  const parent = dirname(folder);
  return existsSync(join(folder, '.git')) || (parent !== folder && isInRepository(parent));
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

/** Local branches of a folder's repository, the last used first, without those of threads. None where git cannot be asked. */
export async function branchesOf(
  folder: string,
): Promise<readonly { readonly name: string; readonly isCurrent: boolean }[]> {
  const repository = (await gitApi())?.getRepository(vscode.Uri.file(folder));
  const branches = (await repository?.getBranches({ remote: false, sort: 'committerdate' })) ?? [];
  const current = repository?.state.HEAD?.name;
  return branches.flatMap(({ name }) =>
    name === undefined || name.startsWith('muster/') ? [] : [{ name, isCurrent: name === current }],
  );
}
