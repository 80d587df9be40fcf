import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';

/** VS Code's own notebook editor for `.ipynb`. */
export const notebookType = 'jupyter-notebook';

/** More notebooks than anybody chooses from. */
const maxListed = 500;
/** A worktree with more folders is looked through only so far: somebody waits for the list. */
const maxFolders = 5_000;
/** What tools keep, not what people made. */
const ofTools = new Set(['node_modules', '.git', '.venv', 'venv', '.ipynb_checkpoints', '__pycache__', '.tox']);

export interface NotebookFile {
  readonly uri: vscode.Uri;
  /** Below the worktree. */
  readonly path: string;
  readonly modifiedAt: number;
}

/** The notebooks of a worktree, the latest changed first. Links are not followed. */
export async function findNotebooks(worktree: string): Promise<readonly NotebookFile[]> {
  const files: NotebookFile[] = [];
  const folders = [''];
  for (let looked = 0; looked < maxFolders && files.length < maxListed; looked++) {
    const folder = folders.shift();
    if (folder === undefined) break;
    // A folder that an agent removes meanwhile has no notebooks.
    const entries = await readdir(join(worktree, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !ofTools.has(entry.name)) folders.push(path);
      if (!entry.isFile() || !entry.name.endsWith('.ipynb')) continue;
      const found = await lstat(join(worktree, path)).catch(() => undefined);
      if (found) files.push({ uri: vscode.Uri.file(join(worktree, path)), path, modifiedAt: found.mtimeMs });
    }
  }
  return files.toSorted((a, b) => b.modifiedAt - a.modifiedAt);
}

/** Writes an empty notebook; false when something has that name already. */
export async function createNotebook(worktree: string, name: string): Promise<vscode.Uri | undefined> {
  const uri = vscode.Uri.file(join(worktree, name));
  const exists = await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
  if (exists) return undefined;
  const empty = {
    cells: [{ cell_type: 'code', execution_count: null, id: 'first', metadata: {}, outputs: [], source: [] }],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  };
  await vscode.workspace.fs.writeFile(uri, Buffer.from(`${JSON.stringify(empty, undefined, 1)}\n`));
  return uri;
}
